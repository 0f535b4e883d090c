// The MTA-STS policies of domains: looked for, kept, refreshed.
//
//     Find(domain) -> TXT _mta-sts.domain -> id known and policy alive?  -> that policy
//                                         \-> new id: fetch it by HTTPS  -> the new one, else the
//                                             kept one while it lives, else none
//
// A policy once fetched holds until its max_age is over, whatever becomes of the record, the name
// server or the web server: who could stop a lookup could otherwise stop the policy. So that nobody
// can wait it out, policies are fetched again every day while they are used (RFC 8461 10.2).
//
// RFC:       8461 3.3, 5.1, 10.2
// Limits:    kPoliciesMax kept, then the one that would end first goes; a fetch that failed is not
//            repeated for the same id for kFetchAgainAfter
// Thread:    loop-affine. When it goes, what is pending is never answered
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/time_types.h"
#include "dns/resolver.h"
#include "runtime/event_loop.h"
#include "sts/policy.h"

namespace convoy::sts {

inline constexpr size_t kPoliciesMax = 100'000;
inline constexpr Duration kFetchAgainAfter = Minutes(5);
inline constexpr Duration kRefreshAfter = Hours(24);
inline constexpr Duration kSweepInterval = Hours(1);
inline constexpr Duration kUnusedAfter = Days(30);
// Refreshes that fail one after the other before each is worth a warning.
inline constexpr int kRefreshFailuresQuiet = 2;

using FetchDone = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

// Gets the text at https://mta-sts.DOMAIN/.well-known/mta-sts.txt, see https_fetcher.h.
class PolicyFetcher {
 public:
  virtual ~PolicyFetcher() = default;
  // `done` runs in a later turn.
  virtual void Fetch(std::string domain, FetchDone done) = 0;
};

// Where policies outlive the process. The value is opaque and is given back to Restore().
class PolicyStore {
 public:
  virtual ~PolicyStore() = default;
  virtual void Save(const std::string& domain, std::string value) = 0;
  virtual void Erase(const std::string& domain) = 0;
};

struct FoundPolicy {
  std::optional<Policy> policy;
  std::string
      trouble;  // what went wrong on the way, for people; a policy may be there all the same
};
using FindDone = absl::AnyInvocable<void(FoundPolicy)>;

class PolicyBook {
 public:
  struct Deps {
    EventLoop& loop;
    dns::Resolver& resolver;
    PolicyFetcher& fetcher;
    PolicyStore& store;
  };
  explicit PolicyBook(Deps deps);
  PolicyBook(const PolicyBook&) = delete;
  PolicyBook& operator=(const PolicyBook&) = delete;
  ~PolicyBook();

  // What the store had. Values that are over or that cannot be read are erased there.
  void Restore(const std::string& domain, std::string_view value);
  // Begins to refresh.
  void Start();
  // The policy of this domain itself, never that of a parent. `done` runs in a later turn.
  void Find(std::string domain, FindDone done);

  size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    std::string id;
    Policy policy;
    WallTime fetched;
    WallTime used;
    int refresh_failures = 0;
  };
  struct Failure {
    std::string id;
    WallTime until;
    std::string what;
  };

  WallTime EndOf(const Kept& kept) const { return kept.fetched + kept.policy.max_age; }
  // Null: none, or it is over.
  Kept* Living(const std::string& domain);
  FoundPolicy Current(const std::string& domain, std::string trouble);
  void RecordFound(const std::string& domain, const dns::DnsAnswer& answer, FindDone done);
  void Fetch(const std::string& domain, std::string id, FindDone done);
  void Fetched(const std::string& domain, const std::string& id, absl::StatusOr<std::string> text);
  void Keep(const std::string& domain, const std::string& id, Policy policy,
            const std::string& text);
  void MakeRoom();
  void Sweep();
  void Refresh(const std::string& domain);

  const Deps deps_;
  // Held by answers on their way; reset when we go.
  const std::shared_ptr<PolicyBook*> self_;
  absl::flat_hash_map<std::string, Kept> kept_;
  absl::flat_hash_map<std::string, Failure> failures_;
  absl::flat_hash_map<std::string, std::vector<FindDone>> fetching_;  // who waits for the fetch
  TimerId sweep_timer_;
};

// `const FoundPolicy found = co_await FindPolicy(book, domain)`.
class [[nodiscard]] FindPolicy {
 public:
  FindPolicy(PolicyBook& book, std::string domain) : book_(book), domain_(std::move(domain)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    book_.Find(std::move(domain_), [this, waiting](FoundPolicy found) {
      found_ = std::move(found);
      waiting.resume();
    });
  }
  FoundPolicy await_resume() { return std::move(found_); }

 private:
  PolicyBook& book_;
  std::string domain_;
  FoundPolicy found_;
};

}  // namespace convoy::sts
