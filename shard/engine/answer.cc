#include "shard/engine/answer.h"

#include "base/text.h"

namespace convoy::shard {
namespace {

Silence SilenceOf(Phase phase, const absl::Status& status) {
  if (status.code() == absl::StatusCode::kDeadlineExceeded) return Silence::kTimeout;
  if (phase == Phase::kConnect) return Silence::kUnreachable;
  if (phase == Phase::kStartTls) return Silence::kTlsFailed;
  return Silence::kLost;
}

}  // namespace

Phase FromSmtp(smtp::Phase phase) {
  switch (phase) {
    case smtp::Phase::kConnect:
      return Phase::kConnect;
    case smtp::Phase::kGreeting:
      return Phase::kGreeting;
    case smtp::Phase::kHello:
      return Phase::kHello;
    case smtp::Phase::kStartTls:
      return Phase::kStartTls;
    case smtp::Phase::kAuth:
      return Phase::kAuth;
    case smtp::Phase::kMail:
    case smtp::Phase::kReset:
    case smtp::Phase::kIdle:
    case smtp::Phase::kQuit:
      return Phase::kMail;
    case smtp::Phase::kRcpt:
      return Phase::kRcpt;
    case smtp::Phase::kData:
      return Phase::kData;
    case smtp::Phase::kBody:
      return Phase::kDot;
  }
  return Phase::kMail;
}

Answer AnswerOf(Phase phase, const smtp::Reply& reply, const absl::Status& status) {
  Answer answer;
  answer.phase = phase;
  answer.code = reply.code;
  if (!reply.empty()) {
    answer.enhanced = reply.enhanced;
    answer.text = reply.Text();
    if (!reply.enhanced.empty() && answer.text.starts_with(reply.enhanced)) {
      answer.text = Trim(std::string_view(answer.text).substr(reply.enhanced.size()));
    }
  } else {
    answer.silence = SilenceOf(phase, status);
    answer.text = std::string(status.message());
  }
  return answer;
}

Answer AnswerOf(const smtp::Outcome& outcome) {
  Answer answer = AnswerOf(FromSmtp(outcome.phase), outcome.reply, outcome.status);
  if (outcome.local) answer.phase = Phase::kLocal;
  return answer;
}

Verdict JudgeDnsFailure(const dns::PlanFailure& failure) {
  Verdict verdict;
  verdict.outcome = failure.permanent ? Outcome::kBounced : Outcome::kDeferred;
  verdict.scope = Scope::kQueue;
  verdict.status = failure.status;
  verdict.diagnostic = Escape(failure.text);
  return verdict;
}

}  // namespace convoy::shard
