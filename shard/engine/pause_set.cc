#include "shard/engine/pause_set.h"

#include <utility>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kAny = "*";

absl::Status CheckPart(std::string_view what, std::string_view part) {
  if (part.empty()) {
    return absl::InvalidArgumentError(Cat("queue: the ", what, " is missing; * means any"));
  }
  if (part.size() > PauseSelector::kNameMax || Escape(part) != part) {
    return absl::InvalidArgumentError(Cat("queue: expected a ", what, " of at most ",
                                          PauseSelector::kNameMax,
                                          " printable ASCII characters, got '",
                                          Escape(part.substr(0, PauseSelector::kNameMax)), "'"));
  }
  if (part != kAny && part.find_first_of("*/") != std::string_view::npos) {
    return absl::InvalidArgumentError(
        Cat("queue: '", part, "' is no ", what, ": a part is a whole name, or only *"));
  }
  return absl::OkStatus();
}

}  // namespace

bool PartMatches(std::string_view part, std::string_view name) {
  return part.empty() || part == kAny || Lower(part) == Lower(name);
}

absl::StatusOr<PauseSelector> PauseSelector::Make(std::string_view domain, std::string_view vmta) {
  RETURN_IF_ERROR(CheckPart("domain", domain));
  RETURN_IF_ERROR(CheckPart("virtual MTA", vmta));
  if (domain == kAny && vmta == kAny) {
    return absl::InvalidArgumentError(
        "queue: */* would be every queue; name a domain or a virtual MTA");
  }
  return PauseSelector(Lower(domain), Lower(vmta));
}

absl::StatusOr<PauseSelector> PauseSelector::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return absl::InvalidArgumentError(Cat("'", Escape(text), "' is no queue: no slash"));
  }
  return Make(text.substr(0, slash), text.substr(slash + 1));
}

bool PauseSelector::Covers(std::string_view domain, std::string_view vmta) const {
  return PartMatches(domain_, domain) && PartMatches(vmta_, vmta);
}

bool PauseSelector::Covers(const PauseSelector& other) const {
  return (domain_ == kAny || domain_ == other.domain_) && (vmta_ == kAny || vmta_ == other.vmta_);
}

absl::StatusOr<std::vector<PauseSelector>> PauseSet::Remove(const PauseSelector& selector) {
  std::vector<PauseSelector> removed;
  for (const PauseSelector& held : selectors_) {
    if (selector.Covers(held)) {
      removed.push_back(held);
    } else if (held.Covers(selector)) {
      return absl::FailedPreconditionError(Cat(selector.ToString(), " is held by the wider pause ",
                                               held.ToString(),
                                               ": resume that, then pause what is to stay paused"));
    }
  }
  for (const PauseSelector& gone : removed) selectors_.erase(gone);
  return removed;
}

bool PauseSet::Covers(std::string_view domain, std::string_view vmta) const {
  if (selectors_.empty()) return false;
  const std::string d = Lower(domain);
  const std::string v = Lower(vmta);
  const std::string any(kAny);
  return selectors_.contains(PauseSelector(d, v)) || selectors_.contains(PauseSelector(d, any)) ||
         selectors_.contains(PauseSelector(any, v));
}

}  // namespace convoy::shard
