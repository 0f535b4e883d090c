// Which queues an operator holds: a set of selectors, kept whether or not such queues exist.
//
// A queue is paused while any selector covers it, so that one born later, or moved here with its
// slot, is paused from its first row.
//
//     PauseSelector          covers
//     gmail.com/v1           that queue
//     gmail.com/*            every virtual MTA's queue for the domain
//     */v1                   every queue of the virtual MTA
//
// A resume removes every pause that its selector covers. A pause that is strictly wider than the
// selector refuses it: a hole in a wildcard pause would have to be remembered and shown, and the
// operator who set the wildcard may not be the one who resumes. Pauses that merely cross it (pause
// */v1, resume gmail.com/*) stay, and go on holding what they cover.
//
// Names are compared without case.
//
// Limits:    kNameMax octets of printable ASCII in each part
// Errors:    Make and Parse: InvalidArgument; Remove: FailedPrecondition, naming the wider pause
// Determinism: pure
#pragma once

#include <compare>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace convoy::shard {

class PauseSelector {
 public:
  static constexpr size_t kNameMax = 255;

  // Both parts given, each a name or `*`, not both `*`. `gmail*` is refused: it covers nothing.
  static absl::StatusOr<PauseSelector> Make(std::string_view domain, std::string_view vmta);
  // What ToString gave: DOMAIN/VMTA.
  static absl::StatusOr<PauseSelector> Parse(std::string_view text);

  bool Covers(std::string_view domain, std::string_view vmta) const;
  // Every queue of `other`, existing or not; true for itself.
  bool Covers(const PauseSelector& other) const;
  std::string ToString() const { return domain_ + "/" + vmta_; }
  // Lower case, or `*`.
  const std::string& domain() const { return domain_; }
  const std::string& vmta() const { return vmta_; }

  friend auto operator<=>(const PauseSelector&, const PauseSelector&) = default;

 private:
  friend class PauseSet;
  PauseSelector(std::string domain, std::string vmta)
      : domain_(std::move(domain)), vmta_(std::move(vmta)) {}

  std::string domain_;  // lower case
  std::string vmta_;    // lower case
};

class PauseSet {
 public:
  // False if it is there already.
  bool Add(const PauseSelector& selector) { return selectors_.insert(selector).second; }
  // Removes and returns those that `selector` covers; none is not an error. Refused, changing
  // nothing, while a wider one covers `selector`.
  absl::StatusOr<std::vector<PauseSelector>> Remove(const PauseSelector& selector);

  bool Covers(std::string_view domain, std::string_view vmta) const;
  size_t size() const { return selectors_.size(); }

 private:
  std::set<PauseSelector> selectors_;
};

// Whether one part of a selector (a name, `*`, or empty for any) means `name`.
bool PartMatches(std::string_view part, std::string_view name);

}  // namespace convoy::shard
