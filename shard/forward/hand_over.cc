#include "shard/forward/hand_over.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "runtime/await.h"
#include "shard/forward/forwarded_message.h"
#include "shard/spool/keys.h"
#include "shard/spool/record_codec.h"

namespace convoy::shard {
namespace {

// kState:
//   "offer/" sequence as 16 hexadecimal digits -> peer '\n' queue id '\n' { row key in hexadecimal
//   '\n' } "offers/next" -> the next sequence, decimal
constexpr std::string_view kOfferPrefix = "offer/";
constexpr std::string_view kOfferEnd = "offer0";
constexpr std::string_view kNextKey = "offers/next";

std::string Hex16(uint64_t n) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(n >> shift & 0xff));
  }
  return HexEncode(bytes);
}

std::string OfferKey(uint64_t sequence) { return Cat(kOfferPrefix, Hex16(sequence)); }

absl::Status Damaged(std::string_view key) {
  return absl::DataLossError(Cat("the stored offer ", key, " cannot be read"));
}

}  // namespace

absl::Status HandOver::Recover() {
  KvStore& store = deps_.spool.store();
  if (auto next = store.GetNow(Cf::kState, kNextKey); next.ok()) {
    next_sequence_ = ParseUint(*next).value_or(1);
  } else if (!absl::IsNotFound(next.status())) {
    return next.status();
  }
  ASSIGN_OR_RETURN(
      const KvScan offers,
      store.ScanNow({Cf::kState, std::string(kOfferPrefix), std::string(kOfferEnd)}, SIZE_MAX));
  for (const KvRow& row : offers.rows) RETURN_IF_ERROR(Decode(row.key, row.value));
  return absl::OkStatus();
}

absl::Status HandOver::Decode(std::string_view key, std::string_view value) {
  const std::vector<std::string_view> lines = Split(value, '\n');
  const auto sequence = HexDecode(key.substr(kOfferPrefix.size()));
  const auto queue = lines.size() >= 2 ? ParseUint(lines[1]) : std::nullopt;
  if (!sequence.has_value() || sequence->size() != 8 || !queue.has_value()) return Damaged(key);
  auto offer = std::make_shared<Offer>();
  for (const char c : *sequence) {
    offer->sequence = offer->sequence << 8 | static_cast<unsigned char>(c);
  }
  offer->peer = lines[0];
  offer->queue = QueueId(static_cast<uint32_t>(*queue));
  for (size_t i = 2; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    const auto row_key = HexDecode(lines[i]);
    if (!row_key.has_value()) return Damaged(key);
    const auto parsed = ParseQueueKey(*row_key);
    if (!parsed.has_value()) return Damaged(key);
    auto stored = deps_.spool.store().GetNow(Cf::kQueue, *row_key);
    if (absl::IsNotFound(stored.status())) continue;  // it had left when the process ended
    RETURN_IF_ERROR(stored.status());
    ASSIGN_OR_RETURN(StoredRow decoded, DecodeRow(*stored));
    offer->rows.push_back({parsed->queue, parsed->row, std::move(decoded)});
  }
  open_.insert(offer->sequence);
  if (Queue* found = deps_.engine.FindQueue(offer->queue)) {
    deps_.engine.SetHandingOver(*found, true);
  }
  recovered_.push_back(std::move(offer));
  return absl::OkStatus();
}

void HandOver::Start() {
  for (std::shared_ptr<Offer>& offer : recovered_) {
    moving_.insert(offer->queue);
    Spawn(Repeat(std::move(offer), gate_.TryEnter()));
  }
  recovered_.clear();
  Look();
}

void HandOver::Stop(Callback stopped) {
  stopping_ = true;
  deps_.loop.Cancel(timer_);
  gate_.Close(
      [this, stopped = std::move(stopped)]() mutable { deps_.loop.Post(std::move(stopped)); });
}

void HandOver::Look() {
  if (stopping_) return;
  for (Queue* queue : deps_.engine.ForeignQueues()) {
    if (moving_.size() >= kQueuesMax) break;
    if (!moving_.insert(queue->id).second) continue;
    deps_.engine.SetHandingOver(*queue, true);
    Spawn(MoveQueue(queue->id, gate_.TryEnter()));
  }
  deps_.loop.Cancel(timer_);
  timer_ = deps_.loop.CallAfter(kPause, [this] { Look(); });
}

Task<void> HandOver::MoveQueue(QueueId id, [[maybe_unused]] Gate::Hold hold) {
  Queue& queue = *deps_.engine.FindQueue(id);
  bool more = true;
  while (more && !stopping_) more = co_await MovePage(queue);
  moving_.erase(id);
  deps_.engine.SetHandingOver(queue, false);
}

Task<void> HandOver::Repeat(std::shared_ptr<Offer> offer, [[maybe_unused]] Gate::Hold hold) {
  const absl::Status delivered = co_await Deliver(offer);
  if (!delivered.ok()) co_return;  // stopping: the offer stays stored
  moving_.erase(offer->queue);
  if (Queue* queue = deps_.engine.FindQueue(offer->queue)) {
    deps_.engine.SetHandingOver(*queue, false);
  }
}

// False: nothing more to move now.
Task<bool> HandOver::MovePage(Queue& queue) {
  const Owner owner = deps_.assignment.OwnerOf(queue.site, queue.vmta);
  if (owner.kind != Owner::Kind::kPeer) co_return false;
  auto offer = std::make_shared<Offer>();
  offer->peer = owner.member->name;
  offer->queue = queue.id;
  Await<absl::StatusOr<RowPage>> page(
      [&](auto done) { deps_.spool.ReadRows(queue.id, RowKey{}, kPageRows, std::move(done)); });
  absl::StatusOr<RowPage> rows = co_await page;
  if (!rows.ok() || rows->rows.empty()) co_return false;
  size_t bytes = 0;
  for (SpoolRow& row : rows->rows) {
    if (bytes > kPageBytes) break;
    bytes += row.value.content_bytes;
    offer->rows.push_back(std::move(row));
  }
  offer->sequence = next_sequence_++;
  std::string text = Cat(offer->peer, '\n', queue.id.value(), '\n');
  for (const SpoolRow& row : offer->rows) {
    CatTo(&text, HexEncode(QueueKey(row.queue, row.key)), '\n');
  }
  Await<absl::Status> stored([&](auto done) {
    KvBatch batch;
    batch.Put(Cf::kState, OfferKey(offer->sequence), text);
    batch.Put(Cf::kState, kNextKey, Cat(next_sequence_));
    deps_.spool.Commit(std::move(batch), std::move(done));
  });
  const absl::Status kept = co_await stored;
  if (!kept.ok()) co_return false;
  open_.insert(offer->sequence);
  const absl::Status delivered = co_await Deliver(offer);
  co_return delivered.ok();
}

// Repeats the offer until it is answered. Not OK only when stopping.
Task<absl::Status> HandOver::Deliver(std::shared_ptr<Offer> offer) {
  while (!stopping_) {
    const ClusterMember* peer = deps_.assignment.FindMember(offer->peer);
    if (peer == nullptr && deps_.assignment.has_table()) {
      const absl::Status withdrawn = co_await Withdraw(offer);
      co_return withdrawn;
    }
    const std::string address = peer == nullptr ? "" : peer->rpc_address;
    auto batch = co_await BatchOf(offer);
    absl::Status answer = batch.status();
    if (batch.ok() && !address.empty()) {
      Await<absl::StatusOr<ForwardAnswer>> sent(
          [&](auto done) { deps_.channel.Forward(address, *batch, kDeadline, std::move(done)); });
      const absl::StatusOr<ForwardAnswer> answered = co_await sent;
      answer = answered.status();
    }
    if (answer.ok() && !address.empty()) {
      const absl::Status concluded = co_await Conclude(offer);
      co_return concluded;
    }
    SleepUntil pause(deps_.loop, deps_.loop.MonoNow() + kPause);
    co_await pause;
  }
  co_return absl::CancelledError("stopping");
}

Task<absl::StatusOr<std::shared_ptr<const ForwardBatch>>> HandOver::BatchOf(
    std::shared_ptr<Offer> offer) {
  auto batch = std::make_shared<ForwardBatch>();
  batch->from_shard = deps_.self;
  batch->from_uid = deps_.uid;
  batch->epoch = deps_.assignment.highest_epoch().value();
  batch->transfer_sequence = offer->sequence;
  batch->transfers_done_below =
      open_.empty() ? next_sequence_ : *std::min_element(open_.begin(), open_.end());
  const Queue& queue = *deps_.engine.FindQueue(offer->queue);
  std::map<MessageId, size_t> index;
  for (const SpoolRow& row : offer->rows) {
    const auto [entry, added] = index.try_emplace(row.value.message, batch->messages.size());
    if (added) {
      const MessageId id = row.value.message;
      Await<absl::StatusOr<MessagePtr>> load(
          [&](auto done) { deps_.spool.Load(id, std::move(done)); });
      absl::StatusOr<MessagePtr> message = co_await load;
      if (!message.ok()) co_return message.status();
      batch->messages.push_back(ForwardedFrom(**message));
    }
    ForwardedMessage& message = batch->messages[entry->second];
    if ((row.value.flags & kRowMaybeForwarded) != 0) {
      message.receipts_until = deps_.loop.WallNow() + Hours(24);
    }
    ForwardedRecipient rcpt;
    rcpt.address = row.value.rcpt;
    rcpt.index = row.key.id.rcpt;
    rcpt.queue_domain = queue.domain;
    rcpt.virtual_mta = queue.vmta;
    rcpt.attempts = row.value.attempts;
    rcpt.due = FromUnixMillis(row.key.due_ms);
    rcpt.last_reply = row.value.last_reply;
    rcpt.notify = row.value.notify;
    rcpt.orcpt = row.value.orcpt;
    message.recipients.push_back(std::move(rcpt));
  }
  co_return std::shared_ptr<const ForwardBatch>(std::move(batch));
}

// The peer has them: they leave this shard, each with its message's last row. All at once, so that
// they share a commit.
Task<absl::Status> HandOver::Conclude(std::shared_ptr<Offer> offer) {
  Await<absl::Status> finish([&](auto done) {
    struct Countdown {
      size_t left;
      absl::Status status;
      decltype(done) last;
    };
    auto countdown = std::make_shared<Countdown>(
        Countdown{offer->rows.size(), absl::OkStatus(), std::move(done)});
    for (const SpoolRow& row : offer->rows) {
      deps_.spool.Finish(row, {}, [countdown](absl::Status status) {
        if (!status.ok()) countdown->status = status;
        if (--countdown->left == 0) countdown->last(countdown->status);
      });
    }
  });
  if (!offer->rows.empty()) {
    const absl::Status finished = co_await finish;
    if (!finished.ok()) co_return finished;
  }
  Queue* queue = deps_.engine.FindQueue(offer->queue);
  for (const SpoolRow& row : offer->rows) {
    if (queue != nullptr) deps_.engine.RowLeft(*queue, row.key);
  }
  rows_total_ += offer->rows.size();
  const absl::Status forgotten = co_await Withdraw(offer);
  co_return forgotten;
}

Task<absl::Status> HandOver::Withdraw(std::shared_ptr<Offer> offer) {
  Await<absl::Status> forget([&](auto done) {
    KvBatch batch;
    batch.Delete(Cf::kState, OfferKey(offer->sequence));
    deps_.spool.Commit(std::move(batch), std::move(done));
  });
  const absl::Status forgotten = co_await forget;
  if (forgotten.ok()) open_.erase(offer->sequence);
  co_return forgotten;
}

}  // namespace convoy::shard
