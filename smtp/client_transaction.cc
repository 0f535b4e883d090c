#include "smtp/client_transaction.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace convoy::smtp {

ClientTransaction::ClientTransaction(Attempt taken)
    : attempt(std::move(taken)),
      asked(attempt.recipients.size()),
      states_(attempt.recipients.size(), State::kUndecided),
      undecided_(attempt.recipients.size()) {
  CHECK(attempt.body != nullptr);
  CHECK(!attempt.recipients.empty() && attempt.recipients.size() <= kRecipientsMax);
  result_.id = attempt.id;
  result_.recipients.resize(attempt.recipients.size());
}

void ClientTransaction::Accept(size_t index) {
  if (states_[index] != State::kUndecided) return;  // MAIL was refused
  states_[index] = State::kAccepted;
  ++accepted_;
}

void ClientTransaction::Set(size_t index, Phase phase, const Reply& reply,
                            const absl::Status& status) {
  if (states_[index] == State::kDecided) return;
  if (states_[index] == State::kAccepted) --accepted_;
  states_[index] = State::kDecided;
  --undecided_;
  Outcome& outcome = result_.recipients[index];
  outcome.phase = phase;
  outcome.reply = reply;
  outcome.status = status;
}

void ClientTransaction::Decide(size_t index, Phase phase, const Reply& reply) {
  Set(index, phase, reply, absl::OkStatus());
}

void ClientTransaction::DecideAll(Phase phase, const Reply& reply) {
  for (size_t i = 0; i < states_.size(); ++i) Set(i, phase, reply, absl::OkStatus());
}

void ClientTransaction::DecideAccepted(Phase phase, const Reply& reply) {
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] == State::kAccepted) Set(i, phase, reply, absl::OkStatus());
  }
  result_.duplicate_window = false;
}

void ClientTransaction::DecideRest(Phase phase, const Reply& reply, const absl::Status& status) {
  if (!reply.empty()) result_.duplicate_window = false;
  for (size_t i = 0; i < states_.size(); ++i) Set(i, phase, reply, status);
}

void ClientTransaction::Limit(size_t count) {
  if (count >= asked) return;  // nearly always
  const Reply later = MakeReply(452, "4.5.3", Cat("the next hop takes ", count, " at a time"));
  for (size_t i = count; i < states_.size(); ++i) {
    Decide(i, Phase::kRcpt, later);
    result_.recipients[i].local = true;
  }
  asked = count;
}

void ClientTransaction::RefuseLocally(const Reply& reply) {
  DecideAll(Phase::kMail, reply);
  for (Outcome& outcome : result_.recipients) outcome.local = true;
}

bool ClientTransaction::Delivered() const {
  return std::any_of(result_.recipients.begin(), result_.recipients.end(), [](const Outcome& o) {
    return o.phase == Phase::kBody && o.reply.Positive();
  });
}

bool ClientTransaction::RefusedByPeer() const {
  return std::all_of(result_.recipients.begin(), result_.recipients.end(),
                     [](const Outcome& o) { return !o.local && o.reply.Refusal(); });
}

}  // namespace convoy::smtp
