// The thread that talks to libunbound.
//
// Thread:    thread-safe; `answered` runs on this object's thread
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "dns/resolver.h"
#include "dns/unbound_resolver.h"

struct ub_ctx;
struct ub_result;

namespace convoy::dns {

class UnboundThread {
 public:
  using Answered = std::function<void(int64_t id, DnsAnswer answer)>;

  explicit UnboundThread(Answered answered);
  UnboundThread(const UnboundThread&) = delete;
  UnboundThread& operator=(const UnboundThread&) = delete;
  // Ends libunbound; questions without an answer get none.
  ~UnboundThread();

  // Configures libunbound and starts. Once, before anything else.
  absl::Status Start(const UnboundResolver::Options& options);
  void Ask(int64_t id, std::string name, RecordType type);
  // The answer is not wanted any more (it may still come).
  void Forget(int64_t id);

 private:
  struct Request {
    int64_t id = 0;
    bool forget = false;
    std::string name;
    RecordType type = RecordType::kA;
  };
  struct Query {
    UnboundThread* thread;
    int64_t id;
    RecordType type;
    int async_id = 0;
  };

  static void OnResult(void* query, int error, ub_result* result);
  void Push(Request request);
  void Wake();
  void Run();
  bool TakeRequests();
  void Begin(Request request);
  void Cancel(int64_t id);

  const Answered answered_;
  ub_ctx* context_ = nullptr;
  int wake_fd_ = -1;
  std::thread thread_;
  std::map<int64_t, std::unique_ptr<Query>> queries_;  // of the thread

  std::mutex mutex_;
  std::vector<Request> requests_;  // guarded by mutex_
  bool stopping_ = false;          // guarded by mutex_
};

// What a result of libunbound says.
DnsAnswer AnswerFrom(const ub_result& result, RecordType type);

}  // namespace convoy::dns
