// The identities the coordinator's cores speak in.
//
// Determinism: pure
#pragma once

#include <compare>
#include <cstdint>

#include "base/strong_id.h"

namespace convoy::coordinator {

struct EpochTag;
struct GroupIdTag;
struct MemberIdTag;

using Epoch = StrongId<EpochTag, uint64_t>;      // higher at every start of a coordinator
using GroupId = StrongId<GroupIdTag, uint32_t>;  // never reused
using MemberId =
    StrongId<MemberIdTag, uint32_t>;  // of a shard name while it is a member; 0: nobody

inline constexpr MemberId kNobody{};
inline constexpr uint32_t kSlotCount = 4096;

// Ordered by epoch, then version. `version` also grows over all epochs.
struct TableVersion {
  Epoch epoch;
  uint64_t version = 0;
  auto operator<=>(const TableVersion&) const = default;
};

}  // namespace convoy::coordinator
