// Fetches MTA-STS policies by HTTPS, off the loop.
//
// The addresses come from our own resolver, as everything else does; libcurl connects to them in a
// thread of its own. Only `200` with `text/plain` counts; a redirect is a failure.
//
//     loop: Fetch -> A, AAAA -> the thread: libcurl -> Post -> loop: done
//
// RFC:       8461 3.3 (HTTPS, no redirects, no HTTP caching), 9110
// Limits:    kFetchTimeout in all; kPolicyBytesMax of text; kFetchesMax at a time, more wait
// Errors:    Unavailable: no address or connection; FailedPrecondition: the certificate is not good
//            enough; InvalidArgument: another status, type or a text too long; DeadlineExceeded
// Thread:    loop-affine. When it goes, what is pending is never answered
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "dns/resolver.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "sts/policy_book.h"

namespace convoy::sts {

inline constexpr Duration kFetchTimeout = Minutes(1);
inline constexpr size_t kFetchesMax = 50;

class CurlThread;

class HttpsFetcher final : public PolicyFetcher {
 public:
  struct Options {
    std::string ca_file;  // PEM; empty: the system's authorities
    uint16_t port = 443;  // for tests: the standard knows only this one
  };
  HttpsFetcher(EventLoop& loop, dns::Resolver& resolver, Options options);
  ~HttpsFetcher() override;

  void Fetch(std::string domain, FetchDone done) override;

 private:
  Task<void> Find(std::shared_ptr<HttpsFetcher*> self, std::string host, int64_t id);
  void Fetched(int64_t id, absl::StatusOr<std::string> text);

  EventLoop& loop_;
  dns::Resolver& resolver_;
  const Options options_;
  const std::shared_ptr<HttpsFetcher*> self_;  // reset when we go
  int64_t last_id_ = 0;
  absl::flat_hash_map<int64_t, FetchDone> pending_;
  std::unique_ptr<CurlThread> thread_;
};

}  // namespace convoy::sts
