// One reload of the configuration: two phases over all lease holders, all or nothing.
//
//     Preparing --all present holders are ready--> Storing --durable--> Committing --> Done
//         |                                                             (late ones are named)
//         +--one refuses, or is silent until the deadline--> Refused (everybody is told to forget)
//
// The decision is the durable write: before it nothing runs the new version, after it everybody
// will. A shard whose commit is lost runs the old version until it hears of the new one, with its
// next lease answer at the latest (lease / 3), and takes it before it uses that lease. A
// coordinator that ends before the write has decided nothing; what shards hold ready is forgotten.
//
// Holders are named with their incarnation: one that was restarted must be made ready again, one
// that joins meanwhile, too.
//
// Limits:    Options::prepare_deadline, Options::commit_deadline
// Determinism: pure; `now` is MonoTime of the coordinator
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time_types.h"

namespace convoy::coordinator {

// A shard that holds a lease, and which run of it.
struct Holder {
  std::string shard;
  uint64_t incarnation = 0;
  auto operator<=>(const Holder&) const = default;
};

struct ReloadOptions {
  Duration prepare_deadline = Seconds(10);
  Duration commit_deadline = Seconds(5);
  Duration commit_retry = Milliseconds(100);
};

struct ReloadAction {
  enum class Kind {
    kPrepare,  // tell `holder`; answer OnPrepared
    kStore,    // make the version durable and current; answer OnStored
    kCommit,   // tell `holder`; answer OnCommitted
    kAbort,    // tell `holder`; no answer is needed
    kAnswer,   // to whoever asked: once, the last action
  };
  Kind kind;
  Holder holder;
  bool operator==(const ReloadAction&) const = default;
};

class ReloadCore {
 public:
  using Actions = std::vector<ReloadAction>;
  enum class Phase { kPreparing, kStoring, kCommitting, kDone, kRefused };
  enum class State {
    kAsked,      // to prepare
    kReady,      // has prepared
    kRefused,    // cannot run it
    kSilent,     // has not answered in time
    kCommitted,  // runs it
    kLate,       // not known to run it: takes it before its next lease
  };

  ReloadCore(ReloadOptions options, MonoTime now, const std::vector<Holder>& holders, Actions* out);

  // Who holds a lease now. To be told whenever it may have changed, and before OnPrepared.
  void OnHolders(MonoTime now, const std::vector<Holder>& holders, Actions* out);
  void OnPrepared(const Holder& holder, bool ok, Actions* out);
  void OnStored(MonoTime now, Actions* out);
  // `ok`: it runs the version. Otherwise it is asked again until the deadline.
  void OnCommitted(MonoTime now, const Holder& holder, bool ok, Actions* out);
  // To be called at NextDeadline().
  void OnTick(MonoTime now, Actions* out);
  std::optional<MonoTime> NextDeadline() const;

  Phase phase() const { return phase_; }
  bool ended() const { return phase_ == Phase::kDone || phase_ == Phase::kRefused; }
  const std::map<Holder, State>& states() const { return states_; }

 private:
  bool Present(const Holder& holder) const { return present_.contains(holder); }
  void AskNewcomers(Actions* out);
  void Decide(Actions* out);
  void Refuse(Actions* out);
  void EndIfCommitted(Actions* out);

  const ReloadOptions options_;
  Phase phase_ = Phase::kPreparing;
  MonoTime deadline_;
  std::map<Holder, State> states_;  // everybody ever asked
  std::map<Holder, bool> present_;  // who holds a lease now
  std::map<Holder, MonoTime> retry_at_;
};

}  // namespace convoy::coordinator
