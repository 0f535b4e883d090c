// The assignment table as a shard sees it: for each egress group, slot -> shard.
//
// A plain immutable value, replaced as a whole. `slot = StableHash(site) mod 4096`; the table of an
// egress group answers for every virtual MTA in the group. A slot in transition has its new owner
// in the table, so that new mail already goes there, but is *pending*: the new owner assigns no
// attempt until a later table says that the former owners have let go.
//
// Limits:    kSlotCount slots; fewer than 65,535 members
// Thread:    immutable, shared
// Determinism: pure
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/stable_hash.h"
#include "base/strong_id.h"

namespace convoy::shard {

struct EpochTag;
struct SlotTag;
using Epoch = StrongId<EpochTag, uint64_t>;  // 0: none seen
using Slot = StrongId<SlotTag, uint16_t>;

inline constexpr uint32_t kSlotCount = 4096;

// `site` is lower case, as configuration resolution gives it.
constexpr Slot SlotOf(std::string_view site) {
  return Slot(static_cast<uint16_t>(StableHash(site) % kSlotCount));
}

// Ordered by epoch, then version. {0, 0}: no table.
struct TableVersion {
  Epoch epoch;
  uint64_t version = 0;
  auto operator<=>(const TableVersion&) const = default;
};

struct ClusterMember {
  std::string name;
  uint64_t incarnation = 0;
  std::string rpc_address;  // HOST:PORT
  bool live = false;        // holds a lease, says the coordinator; a hint for routing only

  bool operator==(const ClusterMember&) const = default;
};

struct EgressGroup {
  static constexpr uint16_t kNoOwner = 0xffff;

  uint32_t id = 0;
  std::vector<std::string> vmtas;
  std::vector<uint16_t> owners;  // kSlotCount indexes into members, or kNoOwner
  std::vector<bool> pending;     // kSlotCount; the owner may not assign yet

  bool operator==(const EgressGroup&) const = default;
};

struct AssignmentTable {
  TableVersion version;
  bool fence_on_lease_loss = false;
  std::vector<ClusterMember> members;
  std::vector<EgressGroup> groups;

  bool operator==(const AssignmentTable&) const = default;
};

// A table that gives everything to one shard: for a shard without a coordinator, and for tests.
AssignmentTable SoleOwnerTable(std::string_view shard, std::vector<std::string> vmtas);

}  // namespace convoy::shard
