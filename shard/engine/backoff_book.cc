#include "shard/engine/backoff_book.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "shard/backoff/backoff_codec.h"
#include "shard/schedule/wait_reason.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kPrefix = "backoff/";
constexpr std::string_view kEnd = "backoff0";  // the octet after '/'
constexpr Duration kLookAgain = Minutes(1);
// A mode that only lasts this much longer is not worth a commit.
constexpr Duration kWorthKeeping = Seconds(1);

std::string KeyOf(std::string_view name) { return Cat(kPrefix, name); }

const BackoffState* Before(const Queue& queue) {
  return queue.backoff.has_value() ? &*queue.backoff : nullptr;
}

std::string LimitsText(const Queue& queue) {
  const QueuePolicyPtr policy = queue.Schedule();
  const std::string connections = policy->max_smtp_out == kUnlimitedConnections
                                      ? "any number of connections"
                                      : Cat("at most ", policy->max_smtp_out, " connections");
  return policy->backoff_msg_rate.unlimited()
             ? connections
             : Cat(connections, " and ", FormatRate(policy->backoff_msg_rate), " recipients");
}

std::string TimeText(const BackoffState& state, WallTime now) {
  return state.until == kWallMax
             ? "until told otherwise"
             : Cat("for ", (state.until - now + Milliseconds(500)).seconds(), " s");
}

std::string CauseText(const BackoffState& state, bool operator_now) {
  if (operator_now || state.patterns.empty()) return "an operator";
  return Cat("reply '", Escape(state.reply), "' matches '", Escape(state.patterns.back()), "'");
}

}  // namespace

absl::Status BackoffBook::Recover() {
  KvStore& store = deps_.spool.store();
  ASSIGN_OR_RETURN(const KvScan kept,
                   store.ScanNow({Cf::kState, std::string(kPrefix), std::string(kEnd)}, SIZE_MAX));
  KvBatch over;
  for (const KvRow& row : kept.rows) {
    auto state = DecodeBackoff(row.value);
    if (!state.ok()) {
      // The mode is a matter of an hour and comes back with the next such reply; the mail is not.
      LogError("backoff", Escape(row.key), ": ", std::string(state.status().message()));
    }
    if (!state.ok() || state->until <= deps_.loop.WallNow()) {
      over.Delete(Cf::kState, row.key);
    } else {
      at_start_.emplace(row.key.substr(kPrefix.size()), *std::move(state));
    }
  }
  return over.empty() ? absl::OkStatus() : store.CommitNow(over);
}

void BackoffBook::Added(Queue& queue) {
  auto kept = at_start_.extract(queue.Name());
  if (kept.empty()) return;
  const WallTime now = deps_.loop.WallNow();
  if (kept.mapped().until <= now) {
    KvBatch batch;
    batch.Delete(Cf::kState, KeyOf(queue.Name()));
    return Commit(std::move(batch));
  }
  queue.backoff = std::move(kept.mapped());
  LogInfo("backoff", queue.Name(), ": still in backoff mode, ", TimeText(*queue.backoff, now), ", ",
          LimitsText(queue));
  ends_.emplace(queue.backoff->until, queue.id.value());
  SetTimer();
}

void BackoffBook::Heard(Queue& queue, const smtp::Reply& reply) {
  const BackoffSettings& settings = queue.policy->backoff;
  if (!AnyMayMatch(settings.rules, reply.code)) return;
  const ReplyLines lines(reply.code, reply.enhanced, reply.lines);
  const ReplyOrders orders = OrdersFor(settings.rules, lines);
  KvBatch batch;
  if (orders.mode != nullptr && orders.mode->mode == ModeOrder::kBackoff) {
    const std::string text = lines.whole.substr(0, kBackoffReplyBytesMax);
    Enter(queue, BackoffByReply(Before(queue), *orders.mode, text, settings, deps_.loop.WallNow()),
          &batch);
  } else if (orders.mode != nullptr && queue.backoff.has_value()) {
    Leave(queue,
          Cat("reply '", Escape(lines.whole), "' matches '", Escape(orders.mode->pattern->text()),
              "'"),
          &batch);
  }
  if (!batch.empty()) Commit(std::move(batch));
  if (orders.defer_queue != nullptr) {
    LogInfo("backoff", queue.Name(), ": the queue is deferred; cause: reply '", Escape(lines.whole),
            "' matches '", Escape(orders.defer_queue->pattern->text()), "'");
    deps_.defer(queue);
  }
}

bool BackoffBook::BouncesRecipient(const Queue& queue, const smtp::Reply& reply) const {
  const ReplyRules& rules = queue.policy->backoff.rules;
  const bool any =
      std::any_of(rules.begin(), rules.end(), [](const auto& rule) { return rule->bounce_rcpt; });
  if (!any) return false;
  return OrdersFor(rules, ReplyLines(reply.code, reply.enhanced, reply.lines)).bounce_rcpt !=
         nullptr;
}

void BackoffBook::Delivered(Queue& queue) {
  if (!queue.backoff.has_value() || !queue.policy->backoff.to_normal_after_delivery) return;
  KvBatch batch;
  Leave(queue, "a delivery", &batch);
  Commit(std::move(batch));
}

void BackoffBook::SetMode(const PauseSelector& selector, bool backoff, ChangeDone done) {
  KvBatch batch;
  uint64_t matched = 0;
  for (const auto& queue : deps_.queues.all()) {
    if (queue == nullptr || !selector.Covers(queue->domain, queue->vmta)) continue;
    if (queue->window.rows() > 0) ++matched;
    SetMode(*queue, backoff, &batch);
  }
  absl::erase_if(at_start_, [&](const auto& kept) {
    const auto name = PauseSelector::Parse(kept.first);
    const bool ends = !backoff && name.ok() && selector.Covers(*name);
    if (ends) batch.Delete(Cf::kState, KeyOf(kept.first));
    return ends;
  });
  deps_.spool.Commit(std::move(batch),
                     [matched, done = std::move(done)](const absl::Status& status) mutable {
                       if (!status.ok()) return done(status);
                       done(matched);
                     });
}

void BackoffBook::SetMode(Queue& queue, bool backoff, KvBatch* batch) {
  if (backoff) {
    const WallTime now = deps_.loop.WallNow();
    Enter(queue, BackoffByOperator(Before(queue), queue.policy->backoff, now), batch);
  } else if (queue.backoff.has_value()) {
    Leave(queue, "an operator", batch);
  }
  // Also when nothing changes: a repeat is answered after what it repeats is durable.
  if (!queue.backoff.has_value()) batch->Delete(Cf::kState, KeyOf(queue.Name()));
}

void BackoffBook::Enter(Queue& queue, BackoffState state, KvBatch* batch) {
  const std::optional<BackoffState> before = std::exchange(queue.backoff, std::move(state));
  const BackoffState& now = *queue.backoff;
  if (before.has_value()) ends_.erase({before->until, queue.id.value()});
  ends_.emplace(now.until, queue.id.value());
  SetTimer();
  const bool new_cause = !before.has_value() || before->patterns != now.patterns ||
                         before->by_operator != now.by_operator;
  if (new_cause || now.until - before->until >= kWorthKeeping) {
    batch->Put(Cf::kState, KeyOf(queue.Name()), EncodeBackoff(now));
  }
  if (!new_cause) return;
  const bool by_operator = now.by_operator && !(before.has_value() && before->by_operator);
  LogInfo("backoff", queue.Name(), before.has_value() ? ": backoff goes on" : ": normal -> backoff",
          ' ', TimeText(now, deps_.loop.WallNow()), ", ", LimitsText(queue),
          "; cause: ", CauseText(now, by_operator));
  deps_.changed(queue);
}

void BackoffBook::Leave(Queue& queue, std::string_view why, KvBatch* batch) {
  ends_.erase({queue.backoff->until, queue.id.value()});
  queue.backoff.reset();
  SetTimer();
  batch->Delete(Cf::kState, KeyOf(queue.Name()));
  LogInfo("backoff", queue.Name(), ": backoff -> normal; cause: ", why);
  deps_.changed(queue);
}

void BackoffBook::Commit(KvBatch batch) {
  // Not durable only when the shard is stopping or its disk is failing; the mode holds meanwhile.
  deps_.spool.Commit(std::move(batch), [](const absl::Status&) {});
}

void BackoffBook::SetTimer() {
  deps_.loop.Cancel(timer_);
  timer_ = TimerId();
  if (ends_.empty() || ends_.begin()->first == kWallMax) return;
  const Duration wait = ends_.begin()->first - deps_.loop.WallNow();
  timer_ = deps_.loop.CallAfter(std::clamp(wait, Duration{}, kLookAgain), [this] { OnTimer(); });
}

void BackoffBook::OnTimer() {
  timer_ = TimerId();
  const WallTime now = deps_.loop.WallNow();
  std::vector<uint32_t> over;
  for (const auto& [until, id] : ends_) {
    if (until > now) break;
    over.push_back(id);
  }
  KvBatch batch;
  for (const uint32_t id : over) {
    Leave(*deps_.queues.Find(QueueId(id)), "its time is over", &batch);
  }
  if (!batch.empty()) Commit(std::move(batch));
  SetTimer();
}

}  // namespace convoy::shard
