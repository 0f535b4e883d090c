// The assignment table: for each egress group, slot -> member, and who must still let go of it.
//
// A *promise* (m, V) on a slot says: member m may be assigning attempts for this slot until it has
// acknowledged a table of version V or newer (or certainly has stopped). The slot's owner may
// assign when no member but itself is named:
//
//     version  owner  promises        A assigns          B assigns
//     7        A      -               yes                no
//     8        B      (A, 8)          until it applies 8 no: pending          A acknowledges 8
//     9        B      -               no                 once it applies 9
//
// So at no moment may two members assign for one slot, whatever the delays. The owner itself may be
// named: it is what makes A -> B -> A and merging groups exact.
//
// Determinism: pure
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coordinator/ids.h"

namespace convoy::coordinator {

struct Promise {
  MemberId member;
  TableVersion until;
  auto operator<=>(const Promise&) const = default;
};

// Virtual MTAs that the same set of members can use, and their slots.
struct EgressGroup {
  GroupId id;
  std::vector<std::string> vmtas;  // sorted
  std::vector<MemberId> owners;    // kSlotCount; kNobody when no member can own the slot
  std::map<uint16_t, std::vector<Promise>> promises;  // only slots that have any; sorted

  // The owner may not assign yet.
  bool Pending(uint16_t slot) const {
    const auto found = promises.find(slot);
    if (found == promises.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(),
                       [&](const Promise& p) { return p.member != owners[slot]; });
  }
  bool operator==(const EgressGroup&) const = default;
};

// A member as the others need to know it.
struct TableMember {
  MemberId id;
  std::string name;
  uint64_t incarnation = 0;
  std::string rpc_address;
  bool live = false;  // a hint for routing

  bool operator==(const TableMember&) const = default;
};

struct AssignmentTable {
  TableVersion version;
  GroupId next_group{1};
  std::vector<TableMember> members;  // by id
  std::vector<EgressGroup> groups;   // by id

  bool operator==(const AssignmentTable&) const = default;
};

}  // namespace convoy::coordinator
