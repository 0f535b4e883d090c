#include "sts/policy_book.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace convoy::sts {
namespace {

// In the store: "ID SECONDS\n" and the policy as it was fetched.
std::string Encode(const std::string& id, WallTime fetched, std::string_view text) {
  return Cat(id, ' ', fetched.unix_seconds(), '\n', text);
}

std::string Trouble(const dns::DnsAnswer& answer, const std::string& domain) {
  if (IsTemporary(answer.status)) {
    return Cat("DNS TXT lookup of _mta-sts.", domain, ": ", ToString(answer.status));
  }
  return answer.status == dns::DnsStatus::kOk ? "no valid _mta-sts record" : "no _mta-sts record";
}

}  // namespace

PolicyBook::PolicyBook(Deps deps)
    : deps_(std::move(deps)), self_(std::make_shared<PolicyBook*>(this)) {}

PolicyBook::~PolicyBook() {
  *self_ = nullptr;
  deps_.loop.Cancel(sweep_timer_);
}

void PolicyBook::Restore(const std::string& domain, std::string_view value) {
  const size_t blank = value.find(' ');
  const size_t line = value.find('\n');
  Kept kept;
  bool good = blank != std::string_view::npos && line != std::string_view::npos && blank < line;
  if (good) {
    const auto seconds = ParseUint(value.substr(blank + 1, line - blank - 1));
    absl::StatusOr<Policy> policy = ParsePolicy(value.substr(line + 1));
    good = seconds.has_value() && policy.ok();
    if (good) {
      kept.id = std::string(value.substr(0, blank));
      kept.fetched = FromUnixMillis(static_cast<int64_t>(*seconds) * 1000);
      kept.used = deps_.loop.WallNow();
      kept.policy = *std::move(policy);
    }
  }
  if (good && EndOf(kept) > deps_.loop.WallNow() && kept_.size() < kPoliciesMax) {
    kept_[domain] = std::move(kept);
  } else {
    deps_.store.Erase(domain);
  }
}

void PolicyBook::Start() {
  sweep_timer_ = deps_.loop.CallAfter(kSweepInterval, [this] { Sweep(); });
}

PolicyBook::Kept* PolicyBook::Living(const std::string& domain) {
  const auto found = kept_.find(domain);
  if (found == kept_.end() || EndOf(found->second) <= deps_.loop.WallNow()) return nullptr;
  return &found->second;
}

FoundPolicy PolicyBook::Current(const std::string& domain, std::string trouble) {
  FoundPolicy found{.policy = std::nullopt, .trouble = std::move(trouble)};
  if (Kept* const kept = Living(domain); kept != nullptr) {
    kept->used = deps_.loop.WallNow();
    found.policy = kept->policy;
  }
  return found;
}

void PolicyBook::Find(std::string domain, FindDone done) {
  domain = dns::NormalName(domain);
  deps_.resolver.Resolve(
      Cat("_mta-sts.", domain), dns::RecordType::kTxt,
      [self = self_, domain, done = std::move(done)](dns::DnsAnswer answer) mutable {
        if (*self != nullptr) (*self)->RecordFound(domain, answer, std::move(done));
      });
}

void PolicyBook::RecordFound(const std::string& domain, const dns::DnsAnswer& answer,
                             FindDone done) {
  const bool has_records = answer.status == dns::DnsStatus::kOk;
  std::optional<std::string> id = has_records ? PolicyId(answer.texts) : std::nullopt;
  if (!id.has_value()) return done(Current(domain, Trouble(answer, domain)));
  const Kept* const kept = Living(domain);
  if (kept != nullptr && kept->id == *id) return done(Current(domain, ""));
  const auto failure = failures_.find(domain);
  if (failure != failures_.end() && failure->second.id == *id &&
      deps_.loop.WallNow() < failure->second.until) {
    return done(Current(domain, failure->second.what));
  }
  Fetch(domain, *std::move(id), std::move(done));
}

void PolicyBook::Fetch(const std::string& domain, std::string id, FindDone done) {
  std::vector<FindDone>& waiting = fetching_[domain];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  deps_.fetcher.Fetch(domain, [self = self_, domain, id](absl::StatusOr<std::string> text) {
    if (*self != nullptr) (*self)->Fetched(domain, id, std::move(text));
  });
}

void PolicyBook::Fetched(const std::string& domain, const std::string& id,
                         absl::StatusOr<std::string> text) {
  absl::StatusOr<Policy> policy = text.ok() ? ParsePolicy(*text) : text.status();
  std::string trouble;
  if (policy.ok()) {
    failures_.erase(domain);
    Keep(domain, id, *std::move(policy), *text);
  } else {
    trouble = Cat("MTA-STS policy of ", domain, ": ", std::string(policy.status().message()));
    LogInfo("sts", trouble);
    if (failures_.size() >= kPoliciesMax) failures_.clear();
    failures_[domain] = {
        .id = id, .until = deps_.loop.WallNow() + kFetchAgainAfter, .what = trouble};
  }
  std::vector<FindDone> waiting = std::move(fetching_.extract(domain).mapped());
  for (FindDone& done : waiting) done(Current(domain, trouble));
}

void PolicyBook::Keep(const std::string& domain, const std::string& id, Policy policy,
                      const std::string& text) {
  const WallTime now = deps_.loop.WallNow();
  if (!kept_.contains(domain)) MakeRoom();
  kept_[domain] = {.id = id, .policy = std::move(policy), .fetched = now, .used = now};
  deps_.store.Save(domain, Encode(id, now, text));
}

void PolicyBook::MakeRoom() {
  if (kept_.size() < kPoliciesMax) return;
  const auto first = std::ranges::min_element(
      kept_, {}, [this](const auto& entry) { return EndOf(entry.second); });
  deps_.store.Erase(first->first);
  kept_.erase(first);
}

void PolicyBook::Sweep() {
  const WallTime now = deps_.loop.WallNow();
  std::vector<std::string> over;
  std::vector<std::string> stale;
  for (const auto& [domain, kept] : kept_) {
    if (EndOf(kept) <= now) {
      over.push_back(domain);
    } else if (now - kept.fetched >= kRefreshAfter && now - kept.used < kUnusedAfter) {
      stale.push_back(domain);
    }
  }
  for (const std::string& domain : over) {
    kept_.erase(domain);
    deps_.store.Erase(domain);
  }
  for (const std::string& domain : stale) Refresh(domain);
  erase_if(failures_, [&](const auto& entry) { return entry.second.until <= now; });
  Start();
}

// With the id of now; if there is none, the policy is fetched all the same: it is still in force.
void PolicyBook::Refresh(const std::string& domain) {
  deps_.resolver.Resolve(
      Cat("_mta-sts.", domain), dns::RecordType::kTxt,
      [self = self_, domain](const dns::DnsAnswer& answer) {
        PolicyBook* const book = *self;
        const Kept* const kept = book == nullptr ? nullptr : book->Living(domain);
        if (kept == nullptr) return;
        const bool has_records = answer.status == dns::DnsStatus::kOk;
        const auto id = has_records ? PolicyId(answer.texts) : std::nullopt;
        const WallTime used = kept->used;
        book->Fetch(domain, id.value_or(kept->id), [book, domain, used](FoundPolicy found) {
          Kept* const now = book->Living(domain);
          if (now == nullptr) return;
          now->used = used;  // a refresh is no use
          if (found.trouble.empty() || ++now->refresh_failures <= kRefreshFailuresQuiet) return;
          LogWarning("sts", "the policy of ", domain, " cannot be refreshed: ", found.trouble);
        });
      });
}

}  // namespace convoy::sts
