// The thread that runs libcurl.
//
// Thread:    thread-safe; `fetched` runs on this object's thread
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ip_address.h"
#include "sts/https_fetcher.h"

namespace convoy::sts {

class CurlThread {
 public:
  using Fetched = std::function<void(int64_t id, absl::StatusOr<std::string> text)>;
  struct Request {
    int64_t id = 0;
    std::string host;                  // of the URL, and of the certificate
    std::vector<IpAddress> addresses;  // not empty
  };

  CurlThread(HttpsFetcher::Options options, Fetched fetched);
  CurlThread(const CurlThread&) = delete;
  CurlThread& operator=(const CurlThread&) = delete;
  // Ends every transfer; those without a result get none.
  ~CurlThread();

  void Get(Request request);

 private:
  struct Transfer;

  void Run();
  // False: it is time to end.
  bool TakeRequests();
  void Begin(const Request& request);
  void CollectResults();

  const HttpsFetcher::Options options_;
  const Fetched fetched_;
  void* const multi_;                                     // CURLM
  std::map<void*, std::unique_ptr<Transfer>> transfers_;  // by CURL; of the thread
  std::vector<Request> waiting_;                          // of the thread

  std::mutex mutex_;
  std::vector<Request> requests_;  // guarded by mutex_
  bool stopping_ = false;          // guarded by mutex_
  std::thread thread_;
};

}  // namespace convoy::sts
