// One attempt on its way through the dialogue: what has been answered for each recipient so far.
//
//     MAIL refused            every recipient decided
//     RCPT refused            that recipient decided
//     DATA refused            every accepted recipient decided
//     the dot sent            duplicate window open
//     reply to the dot        every accepted recipient decided, window closed
//     connection lost         the undecided get the loss; an open window stays open in the result
//
// RFC:       5321 3.3, 4.2.5 (what a reply governs), 2920 3.1 (only answered commands are decided)
// Determinism: pure
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "smtp/attempt.h"

namespace convoy::smtp {

class ClientTransaction {
 public:
  explicit ClientTransaction(Attempt taken);

  Attempt attempt;
  bool reset_first = false;  // RSET was written before its MAIL
  bool written = false;      // MAIL was
  bool answered = false;     // MAIL was
  bool data_open = false;    // the server waits for content, or would take a BDAT
  size_t asked = 0;          // so many recipients are named to the server; Limit() lowers it

  // Of one recipient.
  void Accept(size_t index);
  void Decide(size_t index, Phase phase, const Reply& reply);
  // Of all, of the accepted, of those undecided until now.
  void DecideAll(Phase phase, const Reply& reply);
  void DecideAccepted(Phase phase, const Reply& reply);
  void DecideRest(Phase phase, const Reply& reply, const absl::Status& status);
  // The peer takes only the first `count` recipients at a time (RFC 9422): the others get a 452 of
  // our own.
  void Limit(size_t count);
  // The peer cannot take it and is not asked.
  void RefuseLocally(const Reply& reply);
  // The final dot leaves now, or a BDAT with LAST.
  void OpenDuplicateWindow() { result_.duplicate_window = true; }
  // The server did not understand what the content came with.
  void CloseDuplicateWindow() { result_.duplicate_window = false; }

  bool decided() const { return undecided_ == 0; }
  // Recipients that were accepted and are not decided.
  size_t accepted() const { return accepted_; }
  const AttemptResult& result() const { return result_; }
  bool Delivered() const;      // to at least one recipient
  bool RefusedByPeer() const;  // 4yz or 5yz for every recipient

 private:
  enum class State : uint8_t { kUndecided, kAccepted, kDecided };
  void Set(size_t index, Phase phase, const Reply& reply, const absl::Status& status);

  std::vector<State> states_;
  size_t undecided_;  // accepted ones included
  size_t accepted_ = 0;
  AttemptResult result_;
};

}  // namespace convoy::smtp
