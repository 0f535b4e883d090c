#include "coordinator/reload/reload_core.h"

#include <algorithm>

namespace convoy::coordinator {

using Kind = ReloadAction::Kind;

ReloadCore::ReloadCore(ReloadOptions options, MonoTime now, const std::vector<Holder>& holders,
                       Actions* out)
    : options_(options), deadline_(now + options.prepare_deadline) {
  OnHolders(now, holders, out);
}

void ReloadCore::OnHolders(MonoTime, const std::vector<Holder>& holders, Actions* out) {
  present_.clear();
  for (const Holder& holder : holders) present_.emplace(holder, true);
  if (phase_ != Phase::kPreparing) return;
  AskNewcomers(out);
  Decide(out);
}

void ReloadCore::AskNewcomers(Actions* out) {
  for (const auto& [holder, yes] : present_) {
    if (states_.emplace(holder, State::kAsked).second) out->push_back({Kind::kPrepare, holder});
  }
}

void ReloadCore::OnPrepared(const Holder& holder, bool ok, Actions* out) {
  const auto found = states_.find(holder);
  if (phase_ != Phase::kPreparing || found == states_.end() || found->second != State::kAsked) {
    return;
  }
  found->second = ok ? State::kReady : State::kRefused;
  Decide(out);
}

// All who hold a lease are ready, or one who holds a lease refuses. Others do not matter.
void ReloadCore::Decide(Actions* out) {
  bool all = true;
  for (const auto& [holder, yes] : present_) {
    const State state = states_.at(holder);
    if (state == State::kRefused) return Refuse(out);
    all = all && state == State::kReady;
  }
  if (!all) return;
  phase_ = Phase::kStoring;
  out->push_back({Kind::kStore, {}});
}

void ReloadCore::Refuse(Actions* out) {
  phase_ = Phase::kRefused;
  for (const auto& [holder, state] : states_) out->push_back({Kind::kAbort, holder});
  out->push_back({Kind::kAnswer, {}});
}

void ReloadCore::OnStored(MonoTime now, Actions* out) {
  if (phase_ != Phase::kStoring) return;
  phase_ = Phase::kCommitting;
  deadline_ = now + options_.commit_deadline;
  // Also those that came while it was being stored: they are not ready, and fetch it.
  for (const auto& [holder, yes] : present_) states_.emplace(holder, State::kReady);
  // Those that hold no lease any more learn of it before their next one.
  std::erase_if(states_, [this](const auto& entry) { return !Present(entry.first); });
  for (auto& [holder, state] : states_) {
    state = State::kLate;
    out->push_back({Kind::kCommit, holder});
  }
  EndIfCommitted(out);
}

void ReloadCore::OnCommitted(MonoTime now, const Holder& holder, bool ok, Actions* out) {
  const auto found = states_.find(holder);
  if (phase_ != Phase::kCommitting || found == states_.end()) return;
  if (ok) {
    found->second = State::kCommitted;
    retry_at_.erase(holder);
    return EndIfCommitted(out);
  }
  if (found->second == State::kLate) retry_at_[holder] = now + options_.commit_retry;
}

void ReloadCore::EndIfCommitted(Actions* out) {
  const bool all = std::all_of(states_.begin(), states_.end(),
                               [](const auto& entry) { return entry.second == State::kCommitted; });
  if (!all) return;
  phase_ = Phase::kDone;
  out->push_back({Kind::kAnswer, {}});
}

void ReloadCore::OnTick(MonoTime now, Actions* out) {
  if (phase_ == Phase::kPreparing && now >= deadline_) {
    for (auto& [holder, state] : states_) {
      if (state == State::kAsked && Present(holder)) state = State::kSilent;
    }
    return Refuse(out);
  }
  if (phase_ != Phase::kCommitting) return;
  if (now >= deadline_) {
    phase_ = Phase::kDone;
    out->push_back({Kind::kAnswer, {}});
    return;
  }
  for (auto it = retry_at_.begin(); it != retry_at_.end();) {
    if (it->second > now) {
      ++it;
      continue;
    }
    out->push_back({Kind::kCommit, it->first});
    it = retry_at_.erase(it);
  }
}

std::optional<MonoTime> ReloadCore::NextDeadline() const {
  if (phase_ != Phase::kPreparing && phase_ != Phase::kCommitting) return std::nullopt;
  MonoTime next = deadline_;
  for (const auto& [holder, at] : retry_at_) next = std::min(next, at);
  return next;
}

}  // namespace convoy::coordinator
