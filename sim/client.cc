#include "sim/client.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "sim/policies.h"

namespace convoy::sim {
namespace {

// `octets` of body, in lines of at most 78 (RFC 5322 2.1.1).
std::string Filler(uint64_t octets) {
  constexpr uint64_t kLine = 78;
  std::string text;
  for (uint64_t done = 0; done < octets; done += kLine) {
    text.append(std::min(kLine, octets - done), 'x');
    text += "\r\n";
  }
  return text;
}

constexpr Duration kPatience = Seconds(30);

}  // namespace

struct Clients::Message {
  Token token = 0;
  shard::Submission submission;
  std::string id;  // as acknowledged
};

Clients::MessagePtr Clients::Compose(Token token) {
  auto message = std::make_shared<Message>();
  message->token = token;
  shard::Submission& s = message->submission;
  s.source.client = IpAddress::V4(10, 3, 0, 1);
  s.source.helo = "client.test";
  s.source.protocol = "GRPC";
  s.mail_from = SenderOf(token);
  const uint64_t recipients = 1 + deps_.rng.Below(4);
  for (uint64_t i = 0; i < recipients; ++i) {
    const int domain =
        static_cast<int>(deps_.rng.Below(static_cast<uint64_t>(deps_.scenario.domains)));
    const uint64_t kind = deps_.rng.Below(100);
    const auto suppressed = static_cast<uint64_t>(deps_.scenario.suppressed_percent);
    const char* user = kind < suppressed ? "s" : kind < suppressed + 5 ? "x" : "u";
    s.recipients.push_back(Cat(user, token, "-", i, "@", DomainName(domain)));
  }
  s.content = Cat("From: a@client.test\r\nX-Sim: ", token, "\r\nSubject: ", token,
                  "\r\n\r\nbody of ", token, "\r\n.dots\r\n", Filler(deps_.rng.Below(3000)));
  if (deps_.rng.Chance(0.5)) {
    s.virtual_mta = VmtaName(1 + static_cast<int>(deps_.rng.Below(kVmtas)));
  }
  if (static_cast<int64_t>(deps_.rng.Below(100)) < deps_.scenario.keyed_percent) {
    s.idempotency_key = Cat("key-", token);
  }
  return message;
}

void Clients::Start() {
  const auto span = static_cast<uint64_t>(Seconds(deps_.scenario.seconds).us);
  for (int64_t i = 1; i <= deps_.scenario.messages; ++i) {
    MessagePtr message = Compose(static_cast<Token>(i));
    const bool keyed = !message->submission.idempotency_key.empty();
    int times = 1;
    if (keyed && static_cast<int64_t>(deps_.rng.Below(100)) < deps_.scenario.repeat_percent) {
      times += 1 + static_cast<int>(deps_.rng.Below(2));
    }
    for (int n = 0; n < times; ++n) {
      ++busy_;
      deps_.loop.CallAfter(Microseconds(static_cast<int64_t>(deps_.rng.Below(span))),
                           [this, message, keyed] { Submit(message, keyed ? kTriesMax : 0); });
    }
  }
}

void Clients::Submit(MessagePtr message, int tries_left) {
  ++deps_.evidence.submissions;
  ++deps_.evidence.submissions_of[message->token];
  const auto number =
      1 + static_cast<int>(deps_.rng.Below(static_cast<uint64_t>(deps_.scenario.shards)));
  deps_.trace.Note("submit t", message->token, " through s", number);
  using Result = absl::StatusOr<shard::SubmitResult>;
  auto call =
      PendingCall<Result>::Start(deps_.loop, kPatience, [this, message, tries_left](Result result) {
        if (!result.ok()) {
          ++deps_.evidence.unanswered;
          deps_.evidence.Happened("submission unanswered");
          return TryAgain(message, tries_left);
        }
        Answered(message, tries_left, *result);
      });
  deps_.wire.Send("client", ShardName(number), [this, call, message, number] {
    ShardProcess* shard = deps_.shards[static_cast<size_t>(number)];
    if (shard == nullptr) return call->Answer(absl::UnavailableError("refused"));
    shard->ingest().Submit(message->submission, [this, call, number](shard::SubmitResult result) {
      deps_.wire.Send(ShardName(number), "client", [call, result = std::move(result)]() mutable {
        call->Answer(std::move(result));
      });
    });
  });
}

void Clients::TryAgain(const MessagePtr& message, int tries_left) {
  if (tries_left == 0) {
    --busy_;
    return;
  }
  deps_.loop.CallAfter(Milliseconds(static_cast<int64_t>(500 + deps_.rng.Below(3000))),
                       [this, message, tries_left] { Submit(message, tries_left - 1); });
}

void Clients::Answered(const MessagePtr& message, int tries_left,
                       const shard::SubmitResult& result) {
  if (!result.status.ok()) {
    deps_.trace.Note("refused t", message->token, " ", result.status.ToString());
    ++deps_.evidence.refused;
    deps_.evidence.Happened("submission refused");
    const absl::StatusCode code = result.status.code();
    if (code != absl::StatusCode::kUnavailable && code != absl::StatusCode::kResourceExhausted) {
      deps_.evidence.Break(
          Cat("submission: t", message->token, " refused with ", result.status.ToString()));
    }
    return TryAgain(message, tries_left);
  }
  deps_.trace.Note("acknowledged t", message->token);
  --busy_;
  const std::string id(result.id.bytes());
  if (!message->id.empty() && message->id != id) {
    deps_.evidence.Break(Cat("submission: t", message->token, " got two ids for one key"));
  }
  if (result.duplicate) deps_.evidence.Happened("repeated key");
  message->id = id;
  deps_.evidence.token_of_id[id] = message->token;
  for (size_t i = 0; i < result.recipients.size(); ++i) {
    const Mail mail{message->token, message->submission.recipients[i]};
    const bool queued = result.recipients[i].state == shard::RecipientState::kQueued;
    if (!queued) deps_.evidence.Happened("suppressed at submission");
    bool& acknowledged = deps_.evidence.acknowledged[mail];
    acknowledged = acknowledged || queued;
  }
}

}  // namespace convoy::sim
