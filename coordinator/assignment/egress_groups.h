// Forms the egress groups: virtual MTAs that the same set of members can use share one slot table.
//
// A group lives on while its virtual MTAs do, so that a joining member does not scatter the slots.
// When virtual MTAs part company, the smaller part gets a new group that starts as a copy; when
// groups come to have the same set of members, they are merged into the one with most virtual MTAs.
// A virtual MTA that nobody can use any more stays until its former owners have let go.
//
// Determinism: pure
#pragma once

#include <set>
#include <string>
#include <vector>

#include "coordinator/assignment/table.h"
#include "coordinator/membership/membership.h"

namespace convoy::coordinator {

// A group to be: which virtual MTAs, who can own its slots, and where they come from.
struct GroupDraft {
  GroupId id;                      // of `base`, or new
  std::vector<std::string> vmtas;  // sorted
  std::set<MemberId> eligible;
  const EgressGroup* base = nullptr;        // whose owners it starts with; null: all slots are free
  std::vector<const EgressGroup*> sources;  // every former group of these virtual MTAs, base first
};

// By id. Takes new ids from `next_group`. Points into `groups`.
std::vector<GroupDraft> DraftGroups(const std::vector<EgressGroup>& groups,
                                    const Membership& membership, GroupId* next_group);

}  // namespace convoy::coordinator
