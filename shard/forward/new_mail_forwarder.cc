#include "shard/forward/new_mail_forwarder.h"

#include <algorithm>
#include <utility>

namespace convoy::shard {

void NewMailForwarder::Send(const std::string& address, uint64_t epoch, ForwardedMessage message,
                            SentDone done) {
  epoch_ = std::max(epoch_, epoch);
  Peer& peer = peers_[address];
  if (loop_.MonoNow() < peer.rest_until) {
    loop_.Post([done = std::move(done)]() mutable {
      done(absl::UnavailableError("the owning shard did not answer a moment ago"));
    });
    return;
  }
  peer.waiting_bytes += message.content->size();
  peer.waiting.push_back(std::move(message));
  peer.waiting_done.push_back(std::move(done));
  // One turn later: what arrives in the same tick shares the batch.
  if (!std::exchange(peer.posted, true)) {
    loop_.Post([this, address] { Flush(address); });
  }
}

void NewMailForwarder::Flush(const std::string& address) {
  Peer& peer = peers_[address];
  peer.posted = false;
  while (!peer.waiting.empty() && peer.batches < kBatchesMax) {
    auto batch = std::make_shared<ForwardBatch>();
    batch->from_shard = self_;
    batch->from_uid = uid_;
    batch->epoch = epoch_;
    std::vector<SentDone> done;
    size_t bytes = 0;
    size_t taken = 0;
    while (taken < peer.waiting.size() && taken < kBatchMessagesMax && bytes < kBatchBytesMax) {
      bytes += peer.waiting[taken].content->size();
      batch->messages.push_back(std::move(peer.waiting[taken]));
      done.push_back(std::move(peer.waiting_done[taken]));
      ++taken;
    }
    const auto count = static_cast<ptrdiff_t>(taken);
    peer.waiting.erase(peer.waiting.begin(), peer.waiting.begin() + count);
    peer.waiting_done.erase(peer.waiting_done.begin(), peer.waiting_done.begin() + count);
    peer.waiting_bytes -= bytes;
    Dispatch(address, std::move(batch), std::move(done));
  }
}

void NewMailForwarder::Dispatch(const std::string& address,
                                std::shared_ptr<const ForwardBatch> batch,
                                std::vector<SentDone> done) {
  ++peers_[address].batches;
  channel_.Forward(
      address, batch, kDeadline,
      [this, address, batch, done = std::move(done)](absl::StatusOr<ForwardAnswer> answer) mutable {
        Answered(address, batch, std::move(done), std::move(answer));
      });
}

void NewMailForwarder::Answered(const std::string& address,
                                const std::shared_ptr<const ForwardBatch>& batch,
                                std::vector<SentDone> done, absl::StatusOr<ForwardAnswer> answer) {
  const absl::Status& status = answer.status();
  Peer& peer = peers_[address];
  --peer.batches;
  if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) {
    peer.rest_until = loop_.MonoNow() + kPeerRest;
    // What was gathered meanwhile would only wait for the same answer.
    std::move(peer.waiting_done.begin(), peer.waiting_done.end(), std::back_inserter(done));
    peer.waiting.clear();
    peer.waiting_done.clear();
    peer.waiting_bytes = 0;
  }
  // One message of a batch was refused and nothing of it kept: each is asked for by itself, so that
  // the refusal reaches the client it is meant for and nobody else.
  const bool refused = absl::IsAlreadyExists(status) || absl::IsInvalidArgument(status);
  if (refused && batch->messages.size() > 1) {
    for (size_t i = 0; i < done.size(); ++i) {
      auto one = std::make_shared<ForwardBatch>(*batch);
      one->messages = {batch->messages[i]};
      std::vector<SentDone> one_done;
      one_done.push_back(std::move(done[i]));
      Dispatch(address, std::move(one), std::move(one_done));
    }
    return;
  }
  if (answer.ok()) forwarded_total_ += done.size();
  for (size_t i = 0; i < done.size(); ++i) {
    if (answer.ok()) {
      done[i](answer->RepeatedOf(i));
    } else {
      done[i](answer.status());
    }
  }
  Flush(address);
}

}  // namespace convoy::shard
