// The wire between a shard and the coordinator, without saying which wire.
//
// GrpcCoordinatorChannel (rpc/) speaks proto/cluster.proto; the simulator delivers the same values
// over its own network. Each call answers exactly once, on the loop, unless the channel is
// destroyed first or the call is cancelled by CloseWatch.
//
// Errors:    the gRPC codes named in proto/cluster.proto; Unavailable or DeadlineExceeded when the
//            coordinator cannot be reached
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/time_types.h"
#include "shard/cluster/assignment_table.h"
#include "shard/cluster/lease_view.h"

namespace convoy::shard {

// One virtual MTA this shard can send from.
struct EgressClaim {
  std::string vmta;
  std::vector<std::string> source_ips;  // empty: the system chooses
  bool through_proxy = false;

  bool operator==(const EgressClaim&) const = default;
};

// Which process of which shard is speaking.
struct ShardIncarnation {
  std::string name;          // 1 to 63 of [a-z0-9.-]
  std::string uid;           // 32 hexadecimal digits, made once per data directory
  uint64_t incarnation = 0;  // higher at every start, kept in the data directory; never 0
};

struct ShardAnnouncement {
  ShardIncarnation shard;
  std::string rpc_address;   // HOST:PORT of this shard's gRPC services, as others reach it
  std::string smtp_address;  // HOST:PORT of the submission listener; empty = none
  std::string host_id;       // shards with the same one may share source IPs
  std::vector<EgressClaim> egress;
  std::string config_fingerprint;
  uint64_t config_version = 0;  // 0: its own file
};

enum class LeaveMode {
  kQuiesce,  // going to restart: keeps its slots
  kRelease,  // for good: its slots go to others
};

struct RegisterReply {
  Epoch epoch;
  LeaseTerms lease;
  std::shared_ptr<const AssignmentTable> table;
  uint64_t config_version = 0;  // the cluster's current one; 0: there is none
};

struct RenewReply {
  Epoch epoch;
  LeaseTerms lease;
  bool granted = false;  // false: the newest table must be applied and stored first
  uint64_t newest_version = 0;
  uint64_t config_version = 0;
};

// One version of the cluster's configuration. Holds keys and passwords.
struct ConfigVersion {
  uint64_t version = 0;
  std::string digest;
  std::string bundle;  // encoded: config/bundle.h
};

class CoordinatorChannel {
 public:
  template <typename T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;
  using TableHandler = absl::AnyInvocable<void(std::shared_ptr<const AssignmentTable>)>;
  using EndHandler = absl::AnyInvocable<void(absl::Status)>;

  virtual ~CoordinatorChannel() = default;
  virtual void Register(const ShardAnnouncement& announcement, Epoch highest, Duration deadline,
                        Done<RegisterReply> done) = 0;
  // `applied` is the table this shard has applied and stored.
  virtual void Renew(const ShardIncarnation& shard, Epoch highest, TableVersion applied,
                     Duration deadline, Done<RenewReply> done) = 0;
  virtual void Leave(const ShardIncarnation& shard, Epoch highest, LeaveMode mode,
                     Duration deadline, Done<Epoch> done) = 0;
  virtual void FetchConfig(const ShardIncarnation& shard, uint64_t version, Duration deadline,
                           Done<ConfigVersion> done) {
    (void)shard, (void)version, (void)deadline;
    done(absl::UnimplementedError("this channel carries no configuration"));
  }
  // Opens the watch, closing an earlier one. `on_table` for each snapshot, then `on_end` once.
  virtual void OpenWatch(const ShardIncarnation& shard, Epoch highest, TableHandler on_table,
                         EndHandler on_end) = 0;
  // Neither handler of the open watch runs any more.
  virtual void CloseWatch() = 0;
};

}  // namespace convoy::shard
