// Where the coordinator keeps what must survive it: members, table, epoch and configurations.
//
//     state at a crash                          found at the next Open
//     before Commit                             the old state
//     Commit called, not yet `done`             the old state or the new one, never a mixture
//     `done` has run                            the new one
//     any                                       an epoch higher than all before
//
// Nothing is answered or published before `done`, so both outcomes of the middle line are right.
//
// Errors:    a failed Commit is final: the process ends and recovers from the log; it is never
//            retried
// Thread:    loop-affine
#pragma once

#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/cluster_core.h"
#include "coordinator/reload/config_record.h"

namespace convoy::coordinator {

struct StoreWrite {
  Update update;
  std::shared_ptr<const AssignmentTable> table;  // set if update.table_changed
  ConfigRecordPtr config;                        // a new version; null: none
  std::vector<uint64_t> erased_configs;
};

class Store {
 public:
  struct Opened {
    Epoch epoch;
    StoredState state;
    std::vector<ConfigRecordPtr> configs;  // ascending
  };
  using Done = absl::AnyInvocable<void(absl::Status)>;

  virtual ~Store() = default;
  // Reads everything and durably takes the next epoch. Once, before the loop runs; may block.
  virtual absl::StatusOr<Opened> Open() = 0;
  // Makes `write` durable as one; writes become durable in the order of the calls. `done` runs on
  // the loop in a later turn.
  virtual void Commit(StoreWrite write, Done done) = 0;
};

}  // namespace convoy::coordinator
