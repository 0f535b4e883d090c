#include "shard/engine/preparer.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

// How long a row waits when the signing pool is full or a disk read failed.
constexpr Duration kRetryLater = Milliseconds(50);

Verdict LocalVerdict(Outcome outcome, std::string status, std::string diagnostic) {
  Verdict verdict;
  verdict.outcome = outcome;
  verdict.scope = Scope::kRecipient;
  verdict.status = std::move(status);
  verdict.diagnostic = std::move(diagnostic);
  return verdict;
}

}  // namespace

void Preparer::Pump(Queue& queue, uint32_t sessions) {
  if (!queue.MayAttempt()) return;
  const uint32_t wanted = std::min(kAheadMax, std::max(kAheadIdle, 2 * sessions));
  const int64_t now_ms = deps_.loop.WallNow().unix_ms();
  while (queue.ready.size() + queue.preparing < wanted) {
    const std::optional<Row> row = queue.window.PopDue(now_ms);
    if (!row.has_value()) break;
    Prepare(queue, {queue.id, row->key, QueueBook::TakeRow(row->handle)});
  }
  Refill(queue);
  deps_.queues.HeadChanged(queue);
}

void Preparer::Refill(Queue& queue) {
  if (!queue.window.NeedsRefill(deps_.loop.WallNow().unix_ms())) return;
  const Window::Refill refill = queue.window.BeginRefill();
  deps_.spool.ReadRows(queue.id, refill.from, refill.limit,
                       [this, &queue, refill](absl::StatusOr<RowPage> page) {
                         if (!page.ok()) {
                           queue.window.OnRefillFailed(refill);
                           return;
                         }
                         std::vector<Row> rows;
                         rows.reserve(page->rows.size());
                         for (SpoolRow& row : page->rows) {
                           rows.push_back({row.key, QueueBook::HandleOf(std::move(row.value))});
                         }
                         queue.window.OnRefilled(refill, rows, page->reached_end);
                         deps_.ready_changed(queue);
                       });
}

void Preparer::Prepare(Queue& queue, SpoolRow row) {
  if (SettleWithoutAttempt(queue, row)) return;
  ++queue.preparing;
  if (MessagePtr message = deps_.spool.Cached(row.value.message)) {
    return Loaded(queue, std::move(row), std::move(message));
  }
  const MessageId id = row.value.message;
  deps_.spool.Load(
      id, [this, &queue, row = std::move(row)](absl::StatusOr<MessagePtr> message) mutable {
        Loaded(queue, std::move(row), std::move(message));
      });
}

bool Preparer::SettleWithoutAttempt(Queue& queue, const SpoolRow& row) {
  const int64_t now_ms = deps_.loop.WallNow().unix_ms();
  if (const SuppressionList* list =
          deps_.suppressions.Find(queue.policy->suppress_files, row.value.rcpt)) {
    deps_.recorder.Settle(queue, row, nullptr,
                          LocalVerdict(Outcome::kSuppressed, "5.7.1",
                                       Cat("recipient is on suppression list ", list->name())),
                          nullptr);
    return true;
  }
  if (queue.vmta_gone) {
    deps_.recorder.Settle(queue, row, nullptr,
                          LocalVerdict(Outcome::kBounced, "5.3.5",
                                       Cat("virtual MTA ", queue.vmta, " is not configured")),
                          nullptr);
    return true;
  }
  if (FromUnixMillis(now_ms) - FromUnixMillis(row.value.accepted_ms) >=
      queue.policy->bounce_after) {
    Verdict last;
    last.diagnostic =
        row.value.last_reply.empty() ? Escape(queue.last_error.text) : Escape(row.value.last_reply);
    deps_.recorder.Settle(queue, row, nullptr, Expire(std::move(last)), nullptr);
    return true;
  }
  if (queue.dead.has_value()) {
    if (deps_.loop.MonoNow() < queue.dead_until) {
      deps_.recorder.Settle(queue, row, nullptr, *queue.dead, nullptr);
      return true;
    }
    queue.dead.reset();
  }
  return false;
}

void Preparer::Loaded(Queue& queue, SpoolRow row, absl::StatusOr<MessagePtr> message) {
  if (!message.ok()) {
    LogError(
        "spool", "message ", row.value.message.ToString(), " cannot be read: ",
        std::string_view(message.status().message().data(), message.status().message().size()));
    --queue.preparing;
    return RetryLater(queue, row);
  }
  const MessagePtr loaded = *std::move(message);
  MakeBody(queue, loaded,
           [this, &queue, row = std::move(row), loaded](absl::StatusOr<BodyPtr> body) {
             BodyMade(queue, row, loaded, std::move(body));
           });
}

void Preparer::MakeBody(Queue& queue, const MessagePtr& message, BodyDone done) {
  const bool sign = queue.policy->dkim_sign;
  const std::string key =
      Cat(message->envelope.id.bytes(), sign ? Cat(signatures_, '/', queue.vmta) : std::string());
  if (const auto made = bodies_.find(key); made != bodies_.end()) {
    if (BodyPtr body = made->second.lock()) return done(std::move(body));
  }
  if (!sign) {
    auto body = smtp::WireBody::Make({message->content});
    if (body.ok()) bodies_[key] = *body;
    return done(std::move(body));
  }
  std::vector<BodyDone>& waiting = signing_[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  SignRequest request;
  request.from_domain = message->envelope.from_domain;
  request.vmta = queue.vmta;
  request.content = message->content;
  request.header_bytes = message->envelope.header_bytes;
  request.body_hash = message->envelope.body_hash;
  request.now = deps_.loop.WallNow();
  deps_.signer.Sign(std::move(request),
                    [this, key, message, unsigned_ok = queue.policy->dkim_unsigned_ok](
                        absl::StatusOr<std::string> fields) {
                      Signed(key, message, std::move(fields), unsigned_ok);
                    });
}

namespace {

// What goes over the wire: the signature before the content, or the content alone if that is
// allowed; else why not.
absl::StatusOr<std::shared_ptr<const smtp::WireBody>> BodyOf(const MessagePtr& message,
                                                             absl::StatusOr<std::string> fields,
                                                             bool unsigned_ok) {
  if (fields.ok()) {
    return smtp::WireBody::Make({SharedBytes(*std::move(fields)), message->content});
  }
  if (absl::IsNotFound(fields.status()) && unsigned_ok) {
    return smtp::WireBody::Make({message->content});
  }
  return fields.status();
}

}  // namespace

void Preparer::Signed(const std::string& key, const MessagePtr& message,
                      absl::StatusOr<std::string> fields, bool unsigned_ok) {
  absl::StatusOr<BodyPtr> body = BodyOf(message, std::move(fields), unsigned_ok);
  if (bodies_.size() > bodies_swept_at_) {
    absl::erase_if(bodies_, [](const auto& entry) { return entry.second.expired(); });
    bodies_swept_at_ = std::max<size_t>(1024, 2 * bodies_.size());
  }
  if (body.ok()) bodies_[key] = *body;
  const auto found = signing_.find(key);
  const std::vector<BodyDone> waiting = std::move(found->second);
  signing_.erase(found);
  for (const BodyDone& done : waiting) done(body);
}

void Preparer::BodyMade(Queue& queue, SpoolRow row, MessagePtr message,
                        absl::StatusOr<BodyPtr> body) {
  --queue.preparing;
  if (!body.ok()) {
    if (!absl::IsResourceExhausted(body.status())) {
      queue.last_error = {deps_.loop.WallNow(), body.status().ToString()};
    }
    return RetryLater(queue, row);
  }
  if (!queue.MayAttempt()) return PutBack(queue, row);
  queue.ready.push_back({std::move(row), std::move(message), *std::move(body)});
  deps_.ready_changed(queue);
}

void Preparer::RetryLater(Queue& queue, const SpoolRow& row) {
  deps_.loop.CallAfter(kRetryLater, [this, &queue, row] {
    PutBack(queue, row);
    deps_.ready_changed(queue);
  });
}

void Preparer::PutBack(Queue& queue, const SpoolRow& row) {
  const uint64_t handle = QueueBook::HandleOf(row.value);
  queue.window.PutBack({row.key, handle});
  deps_.queues.HeadChanged(queue);
}

void Preparer::Unprepare(Queue& queue, size_t keep) {
  while (queue.ready.size() > keep) {
    PutBack(queue, queue.ready.back().row);
    queue.ready.pop_back();
  }
}

}  // namespace convoy::shard
