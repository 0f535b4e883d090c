// A shard as the coordinator knows it.
//
// Limits:    kEgressMax virtual MTAs, kSourceIpsMax addresses each
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/time_types.h"
#include "coordinator/ids.h"

namespace convoy::coordinator {

// One virtual MTA a shard can send from.
struct EgressClaim {
  std::string vmta;
  std::vector<std::string> source_ips;  // empty: the system chooses, any shard can
  bool through_proxy = false;

  bool operator==(const EgressClaim&) const = default;
};

// Which process of which shard is speaking.
struct ShardIncarnation {
  std::string name;
  std::string uid;  // of the data directory
  uint64_t incarnation = 0;

  bool operator==(const ShardIncarnation&) const = default;
};

struct Announcement {
  ShardIncarnation shard;
  std::string rpc_address;
  std::string smtp_address;
  std::string host_id;
  std::vector<EgressClaim> egress;
  std::string config_fingerprint;
  uint64_t config_version = 0;  // 0: its own file

  bool operator==(const Announcement&) const = default;
};

inline constexpr size_t kEgressMax = 10000;
inline constexpr size_t kSourceIpsMax = 1000;

// InvalidArgument naming the field, when a shard sent something no shard should.
absl::Status CheckIncarnation(const ShardIncarnation& shard);
absl::Status CheckAnnouncement(const Announcement& announcement);

// What is kept of a member over a restart of the coordinator.
struct MemberRecord {
  MemberId id;
  Announcement info;
  bool quiesced = false;  // has said that this incarnation assigns nothing any more
  bool fenced = false;    // stops by itself when its lease ends: knows no table of mode `no`

  bool operator==(const MemberRecord&) const = default;
};

enum class MemberState {
  kLive,      // holds a lease
  kSilent,    // its lease has ended, or it has not been heard of since the coordinator started
  kQuiesced,  // left to restart
};

enum class LeaveMode { kQuiesce, kRelease };

}  // namespace convoy::coordinator
