#include "shard/engine/recorder.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "mail/bounce_category.h"
#include "mail/status_text.h"

namespace convoy::shard {
namespace {

std::string StatusTextOf(const Verdict& verdict) {
  const auto status = mail::ParseEnhancedStatus(verdict.status);
  return status.has_value() ? mail::StatusText(*status) : verdict.status;
}

std::string CategoryOf(const Verdict& verdict) {
  if (verdict.outcome == Outcome::kDelivered) return "success";
  if (verdict.outcome == Outcome::kExpired) return "message-expired";
  const auto status = mail::ParseEnhancedStatus(verdict.status);
  if (!status.has_value()) return "other";
  return std::string(mail::BounceCategoryName(mail::CategorizeBounce(*status, verdict.diagnostic)));
}

std::string_view ActionOf(Outcome outcome) {
  if (outcome == Outcome::kDelivered) return "relayed";
  return outcome == Outcome::kDeferred ? "delayed" : "failed";
}

std::string Extensions(const smtp::EhloCapabilities& capabilities) {
  return Join(capabilities.keywords, ",");
}

void AddPlace(const SessionPlace& place, AccountEvent* event) {
  event->dsn_mta = Cat(place.host, " (", place.peer.ip.ToString(), ")");
  event->dlv_type = "smtp";
  event->dlv_destination_ip = place.peer.ip.ToString();
  if (place.source.has_value()) event->dlv_source_ip = place.source->ToString();
  event->dlv_esmtp_available = Extensions(place.info.capabilities);
  if (place.info.tls.has_value()) {
    event->dlv_tls_protocol = place.info.tls->protocol;
    event->dlv_tls_cipher = place.info.tls->cipher;
    event->dlv_tls_proof = place.tls_proof;
  }
}

void AddMessage(const StoredMessage& message, AccountEvent* event) {
  event->orig = message.sender;
  event->queued_ms = message.accepted_ms;
  event->src_type = message.source_type;
  event->src_mta = message.source_mta;
  event->vmta_pool = message.vmta_pool;
  event->job_id = message.job_id;
  event->env_id = message.envelope_id;
  event->rcv_source_ip = message.source_ip;
  event->rcv_destination_ip = message.listener_ip;
  event->rcv_smtp_user = message.smtp_user;
}

}  // namespace

AccountEvent Recorder::EventFor(const Queue& queue, const SpoolRow& row, const Verdict& verdict,
                                const SessionPlace* place) const {
  AccountEvent event;
  event.type = verdict.outcome == Outcome::kDelivered  ? EventType::kDelivery
               : verdict.outcome == Outcome::kDeferred ? EventType::kTransient
                                                       : EventType::kBounce;
  event.logged_ms = deps_.loop.WallNow().unix_ms();
  event.queued_ms = row.value.accepted_ms;
  event.first_attempt_ms = row.value.first_attempt_ms;
  event.message_id = std::string(row.value.message.bytes());
  event.rcpt = row.value.rcpt;
  event.orcpt = row.value.orcpt;
  event.dsn_action = ActionOf(verdict.outcome);
  event.dsn_status = StatusTextOf(verdict);
  event.dsn_diag = verdict.diagnostic;
  event.bounce_cat = CategoryOf(verdict);
  event.size_bytes = verdict.outcome == Outcome::kDelivered ? row.value.content_bytes : 0;
  event.vmta = queue.vmta;
  event.queue = queue.Name();
  event.attempts = row.value.attempts;
  if ((row.value.flags & kRowMaybeDelivered) != 0) event.duplicate_cause = "connection-lost";
  if (place != nullptr) AddPlace(*place, &event);
  return event;
}

void Recorder::Settle(Queue& queue, const SpoolRow& row, MessagePtr message, Verdict verdict,
                      const SessionPlace* place) {
  SpoolRow tried = row;
  const int64_t now_ms = deps_.loop.WallNow().unix_ms();
  if (place != nullptr) {
    ++tried.value.attempts;
    tried.value.last_attempt_ms = now_ms;
    if (tried.value.first_attempt_ms == 0) tried.value.first_attempt_ms = now_ms;
  }
  const bool old =
      FromUnixMillis(now_ms) - FromUnixMillis(row.value.accepted_ms) >= queue.policy->bounce_after;
  if (verdict.outcome == Outcome::kDeferred && old) verdict = Expire(std::move(verdict));
  AccountEvent event = EventFor(queue, tried, verdict, place);
  if (verdict.maybe_duplicate) {
    ++maybe_duplicates_total_;
    tried.value.flags |= kRowMaybeDelivered;
  }
  if (message == nullptr) message = deps_.spool.Cached(row.value.message);
  if (message != nullptr) return Write(queue, tried, message, std::move(verdict), std::move(event));
  deps_.spool.Load(
      row.value.message, [this, &queue, tried, verdict = std::move(verdict),
                          event = std::move(event)](absl::StatusOr<MessagePtr> loaded) mutable {
        Write(queue, tried, loaded.ok() ? *loaded : nullptr, std::move(verdict), std::move(event));
      });
}

void Recorder::Count(Queue& queue, const Verdict& verdict, uint64_t bytes) {
  if (verdict.outcome == Outcome::kDelivered) {
    ++queue.totals.delivered;
    traffic_.Add(deps_.loop.MonoNow(), {1, 1, bytes});
    return;
  }
  ++(verdict.outcome == Outcome::kDeferred ? queue.totals.deferred : queue.totals.bounced);
  queue.last_error = {deps_.loop.WallNow(), verdict.diagnostic};
  if (queue.policy->log_delivery_failures) {
    LogInfo("delivery", queue.Name(), ' ', OutcomeName(verdict.outcome), ' ', verdict.status, ' ',
            verdict.diagnostic);
  }
}

void Recorder::Write(Queue& queue, const SpoolRow& row, const MessagePtr& message, Verdict verdict,
                     AccountEvent event) {
  if (message != nullptr) AddMessage(message->envelope, &event);
  Count(queue, verdict, row.value.content_bytes);
  if (verdict.outcome == Outcome::kDeferred) return Defer(queue, row, verdict, std::move(event));
  if (deps_.gauges != nullptr) deps_.gauges->Add(Gauge::kOutcomes, 1);
  deps_.spool.Finish(row, {std::move(event)}, [this, &queue, id = row.key.id](absl::Status status) {
    if (!status.ok()) return;  // stopping: the row is as it was and will be tried again
    if (deps_.gauges != nullptr) deps_.gauges->Add(Gauge::kOutcomes, -1);
    queue.window.Done(id);
    deps_.settled(queue);
  });
}

void Recorder::Defer(Queue& queue, const SpoolRow& row, const Verdict& verdict,
                     AccountEvent event) {
  RowChange change;
  change.queue = queue.id;
  change.value = row.value;
  change.value.last_reply = verdict.diagnostic.substr(0, kLastReplyBytesMax);
  const uint32_t attempts = std::max<uint32_t>(1, row.value.attempts);
  change.due_ms = (deps_.loop.WallNow() + RetryDelay(*queue.policy, attempts)).unix_ms();
  if (deps_.gauges != nullptr) deps_.gauges->Add(Gauge::kOutcomes, 1);
  // The row as it will be is known now; the window learns of it with the commit.
  auto deferred = std::make_shared<SpoolRow>();
  *deferred = deps_.spool.Defer(
      row, std::move(change), {std::move(event)}, [this, &queue, deferred](absl::Status status) {
        if (!status.ok()) return;
        if (deps_.gauges != nullptr) deps_.gauges->Add(Gauge::kOutcomes, -1);
        queue.window.Deferred({deferred->key, QueueBook::HandleOf(deferred->value)});
        deps_.settled(queue);
      });
}

void Recorder::QueueFailed(Queue& queue, const Verdict& verdict, const SessionPlace& place) {
  queue.last_error = {deps_.loop.WallNow(), verdict.diagnostic};
  if (queue.policy->log_fallback_failures) {
    LogInfo("delivery", queue.Name(), " not reached: ", verdict.status, ' ', verdict.diagnostic);
  }
  AccountEvent event;
  event.type = EventType::kTransientQueue;
  event.logged_ms = deps_.loop.WallNow().unix_ms();
  event.dsn_status = StatusTextOf(verdict);
  event.dsn_diag = verdict.diagnostic;
  event.vmta = queue.vmta;
  event.queue = queue.Name();
  if (!place.host.empty()) AddPlace(place, &event);
  deps_.spool.Record({std::move(event)}, [](absl::Status) {});
}

}  // namespace convoy::shard
