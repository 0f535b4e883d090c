// The DNS through libunbound, off the loop.
//
// libunbound resolves in a thread of its own; another one here hands it the questions and collects
// the answers, because its calls may take a while. Answers are posted to the loop.
//
//     loop: Resolve -> asking thread: ub_resolve_async ... ub_process -> Post -> loop: done
//
// Limits:    Options::in_flight_max questions at libunbound; more wait their turn
//            Options::timeout from Resolve to the answer, then DnsStatus::kTimeout
// Errors:    Create: InvalidArgument for options libunbound refuses, with its reason
// Thread:    loop-affine. When it goes, what is pending is answered with kTimeout in a later turn
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/ip_address.h"
#include "base/time_types.h"
#include "dns/resolver.h"
#include "runtime/event_loop.h"

namespace convoy::dns {

class UnboundThread;

class UnboundResolver final : public Resolver {
 public:
  struct Options {
    // Forwarders, for example 127.0.0.1:5353. Empty: those of resolv_conf; none there either: full
    // recursion from the root.
    std::vector<Endpoint> servers;
    std::string resolv_conf = "/etc/resolv.conf";
    std::string trust_anchor_file;  // for DNSSEC; empty: answers are never `secure`
    Duration timeout = Seconds(30);
    size_t in_flight_max = 1000;
  };
  static absl::StatusOr<std::unique_ptr<UnboundResolver>> Create(EventLoop& loop,
                                                                 const Options& options);
  ~UnboundResolver() override;

  void Resolve(std::string name, RecordType type, AnswerDone done) override;
  bool validates() const override { return !options_.trust_anchor_file.empty(); }

  size_t pending() const { return pending_.size(); }

 private:
  struct Pending {
    AnswerDone done;
    TimerId timer;
    bool asked = false;  // libunbound knows of it
  };
  struct Waiting {
    int64_t id;
    std::string name;
    RecordType type;
  };
  UnboundResolver(EventLoop& loop, const Options& options);
  void AskMore();
  void Answered(int64_t id, DnsAnswer answer);
  void TimedOut(int64_t id);

  EventLoop& loop_;
  const Options options_;
  // Held by answers on their way from the thread; reset when we go.
  std::shared_ptr<UnboundResolver*> self_;
  std::unique_ptr<UnboundThread> thread_;
  int64_t last_id_ = 0;
  size_t in_flight_ = 0;
  absl::flat_hash_map<int64_t, Pending> pending_;
  std::deque<Waiting> waiting_;
};

}  // namespace convoy::dns
