#include "shard/engine/backoff_book.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "shard/backoff/backoff_codec.h"
#include "shard/schedule/wait_reason.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kPrefix = "backoff/";
constexpr std::string_view kEnd = "backoff0";
constexpr Duration kLookAgain = Minutes(1);
// A mode that only lasts this much longer is not worth a commit.
constexpr Duration kWorthKeeping = Seconds(1);

std::string LimitsText(const BackoffState& state) {
  const std::string connections = state.max_smtp_out == kUnlimitedConnections
                                      ? "no limit of its own on"
                                      : Cat("at most ", state.max_smtp_out);
  const std::string rate = state.max_msg_rate.unlimited() ? "the usual rate"
                                                          : FormatRate(state.max_msg_rate);
  return Cat(connections, " connections, ", rate);
}

std::string TimeText(const BackoffState& state, WallTime now) {
  return state.until == kWallMax ? "until told otherwise"
                                 : Cat("for ", (state.until - now).seconds(), " s");
}

}  // namespace

absl::Status BackoffBook::Recover() {
  KvStore& store = deps_.spool.store();
  ASSIGN_OR_RETURN(const KvScan kept, store.ScanNow({Cf::kState, std::string(kPrefix),
                                                     std::string(kEnd)}, SIZE_MAX));
  KvBatch over;
  for (const KvRow& row : kept.rows) {
    ASSIGN_OR_RETURN(BackoffState state, DecodeBackoff(row.value));
    if (state.until <= deps_.loop.WallNow()) {
      over.Delete(Cf::kState, row.key);
    } else {
      at_start_.emplace(row.key.substr(kPrefix.size()), std::move(state));
    }
  }
  if (!over.empty()) deps_.spool.Commit(std::move(over), [](absl::Status) {});
  return absl::OkStatus();
}

void BackoffBook::Added(Queue& queue) {
  auto kept = at_start_.extract(queue.Name());
  if (kept.empty()) return;
  queue.backoff = std::move(kept.mapped());
  const WallTime now = deps_.loop.WallNow();
  if (queue.backoff->until <= now) {
    queue.backoff.reset();
    return Keep(queue);
  }
  LogInfo("backoff", queue.Name(), ": still in backoff mode, ", TimeText(*queue.backoff, now));
  ends_.emplace(queue.backoff->until, queue.id.value());
  SetTimer();
}

void BackoffBook::Heard(Queue& queue, const smtp::Reply& reply) {
  const BackoffSettings& settings = queue.policy->backoff;
  const auto may_match = [&](const ReplyRule& rule) { return rule.pattern->MayMatch(reply.code); };
  if (std::none_of(settings.rules.begin(), settings.rules.end(), may_match)) return;
  const ReplyLines lines(reply.code, reply.enhanced, reply.lines);
  const ReplyRule* rule = FindRule(settings.rules, lines);
  if (rule == nullptr) return;
  if (!rule->order.backoff) {
    if (queue.backoff.has_value()) Leave(queue, Cat("reply: ", Escape(lines.whole)));
    return;
  }
  const WallTime now = deps_.loop.WallNow();
  BackoffState state = queue.backoff.has_value()
                           ? ProlongBackoff(*queue.backoff, rule->order, settings, now)
                           : EnterBackoff(rule->order, settings, now);
  state.reply = lines.whole.substr(0, kBackoffReplyBytesMax);
  state.pattern = rule->pattern->text();
  Enter(queue, std::move(state));
}

void BackoffBook::Delivered(Queue& queue) {
  if (queue.backoff.has_value() && queue.policy->backoff.to_normal_after_delivery) {
    Leave(queue, "delivery");
  }
}

void BackoffBook::Set(Queue& queue, bool backoff) {
  if (!backoff) {
    if (queue.backoff.has_value()) Leave(queue, "operator");
    return;
  }
  const BackoffSettings& settings = queue.policy->backoff;
  const WallTime now = deps_.loop.WallNow();
  BackoffState state = queue.backoff.has_value()
                           ? ProlongBackoff(*queue.backoff, ModeOrder(), settings, now)
                           : EnterBackoff(ModeOrder(), settings, now);
  if (queue.backoff.has_value()) {
    state.reply = queue.backoff->reply;
    state.pattern = queue.backoff->pattern;
  }
  state.by_operator = true;
  Enter(queue, std::move(state));
}

void BackoffBook::Enter(Queue& queue, BackoffState state) {
  const std::optional<BackoffState> before = std::exchange(queue.backoff, std::move(state));
  const BackoffState& now = *queue.backoff;
  if (before.has_value()) ends_.erase({before->until, queue.id.value()});
  ends_.emplace(now.until, queue.id.value());
  SetTimer();
  const bool new_limits = !before.has_value() || before->max_smtp_out != now.max_smtp_out ||
                          before->max_msg_rate != now.max_msg_rate ||
                          before->by_operator != now.by_operator;
  if (new_limits || now.until - before->until >= kWorthKeeping) Keep(queue);
  if (!new_limits) return;
  LogInfo("backoff", queue.Name(), before.has_value() ? ": backoff mode goes on, " :
          ": normal -> backoff, ", TimeText(now, deps_.loop.WallNow()), ", ", LimitsText(now),
          "; cause: ", now.by_operator ? "operator" :
          Cat("reply: ", Escape(now.reply), " (", Escape(now.pattern), ")"));
  deps_.changed(queue);
}

void BackoffBook::Leave(Queue& queue, std::string_view why) {
  ends_.erase({queue.backoff->until, queue.id.value()});
  queue.backoff.reset();
  SetTimer();
  Keep(queue);
  LogInfo("backoff", queue.Name(), ": backoff -> normal; cause: ", why);
  deps_.changed(queue);
}

void BackoffBook::Keep(const Queue& queue) {
  KvBatch batch;
  const std::string key = Cat(kPrefix, queue.Name());
  if (queue.backoff.has_value()) {
    batch.Put(Cf::kState, key, EncodeBackoff(*queue.backoff));
  } else {
    batch.Delete(Cf::kState, key);
  }
  // Not durable only when the shard is stopping or its disk is failing; the mode holds meanwhile.
  deps_.spool.Commit(std::move(batch), [](absl::Status) {});
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
  for (const uint32_t id : over) Leave(*deps_.queues.Find(QueueId(id)), "time is over");
  SetTimer();
}

}  // namespace convoy::shard
