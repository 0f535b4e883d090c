#include "shard/deliver/verdict.h"

#include <utility>

#include "base/text.h"

namespace convoy::shard {
namespace {

bool IsHostPhase(Phase phase) { return phase >= Phase::kConnect && phase <= Phase::kAuth; }

// The scope a refusal speaks about.
Scope ScopeOfRefusal(Phase phase) {
  if (phase == Phase::kDns) return Scope::kQueue;
  if (IsHostPhase(phase)) return Scope::kHost;
  if (phase == Phase::kRcpt || phase == Phase::kLocal) return Scope::kRecipient;
  return Scope::kMessage;
}

bool IsTooManyRecipients(const Answer& answer) {
  return answer.phase == Phase::kRcpt && answer.code == 552 && answer.enhanced.empty();
}

Outcome OutcomeOfRefusal(const Answer& answer, const VerdictOptions& options) {
  const bool permanent = answer.code >= 500;
  if (IsHostPhase(answer.phase)) {
    const bool greeting = answer.phase == Phase::kGreeting || answer.phase == Phase::kHello;
    const bool bounce = permanent && greeting && options.bounce_upon_5xx_greeting;
    return bounce && answer.last_host ? Outcome::kBounced : Outcome::kDeferred;
  }
  if (IsTooManyRecipients(answer)) return Outcome::kDeferred;
  if (permanent) return Outcome::kBounced;
  const bool about_mail = answer.phase >= Phase::kMail && answer.phase <= Phase::kDot;
  return about_mail && options.bounce_on_4xx_status ? Outcome::kBounced : Outcome::kDeferred;
}

std::string StatusOfSilence(const Answer& answer) {
  switch (answer.silence) {
    case Silence::kTlsFailed:
      return "4.7.5";
    case Silence::kUnreachable:
      return answer.phase == Phase::kDns ? "4.4.3" : "4.4.1";
    case Silence::kTimeout:
      return answer.phase == Phase::kDns       ? "4.4.3"
             : answer.phase == Phase::kConnect ? "4.4.1"
                                               : "4.4.2";
    case Silence::kLost:
    case Silence::kNone:
      break;
  }
  return "4.4.2";
}

// The peer's enhanced code when its class agrees with the reply code (RFC 2034 4), else x.0.0.
std::string StatusOf(const Answer& answer, Outcome outcome) {
  const char wanted = outcome == Outcome::kDelivered ? '2'
                      : outcome == Outcome::kBounced ? '5'
                                                     : '4';
  if (!answer.enhanced.empty() && answer.enhanced.front() == wanted) return answer.enhanced;
  const char said = static_cast<char>('0' + answer.code / 100);
  if (!answer.enhanced.empty() && answer.enhanced.front() == said) {
    return Cat(wanted, std::string_view(answer.enhanced).substr(1));
  }
  if (answer.code == 521) return Cat(wanted, ".3.2");   // RFC 7504 4: host accepts no mail
  if (answer.code == 556) return Cat(wanted, ".1.10");  // RFC 7504 4: domain accepts no mail
  return Cat(wanted, ".0.0");
}

std::string DiagnosticOf(const Answer& answer) {
  if (answer.code == 0 || answer.phase == Phase::kLocal) return Escape(answer.text);
  std::string diagnostic = Cat("smtp;", answer.code);
  if (!answer.enhanced.empty()) CatTo(&diagnostic, ' ', answer.enhanced);
  if (!answer.text.empty()) CatTo(&diagnostic, ' ', Escape(answer.text));
  return diagnostic;
}

// The peer has said nothing, or nothing that can be relied on.
Verdict NothingUsable(const Answer& answer, std::string status) {
  Verdict verdict;
  verdict.outcome = Outcome::kDeferred;
  verdict.scope = answer.phase == Phase::kDns ? Scope::kQueue
                  : IsHostPhase(answer.phase) ? Scope::kHost
                                              : Scope::kSession;
  verdict.status = std::move(status);
  verdict.diagnostic = DiagnosticOf(answer);
  verdict.maybe_duplicate = answer.phase == Phase::kDot;
  return verdict;
}

Verdict JudgeSilence(const Answer& answer) {
  return NothingUsable(answer, StatusOfSilence(answer));
}

// A reply that this phase cannot have. What the peer says is never a reason to stop: whoever
// reads the replies should have ended the session, and if it has not, the mail waits.
bool IsOutOfPlace(const Answer& answer) {
  const bool delivered = answer.phase == Phase::kDot && answer.code / 100 == 2;
  const bool refused = answer.code >= 400 && answer.code <= 599;
  return !delivered && !refused;
}

}  // namespace

Verdict Judge(const Answer& answer, const VerdictOptions& options) {
  if (answer.code == 0) return JudgeSilence(answer);
  if (IsOutOfPlace(answer)) return NothingUsable(answer, "4.5.0");
  Verdict verdict;
  if (answer.code < 400) {
    verdict.outcome = Outcome::kDelivered;
    verdict.scope = Scope::kMessage;
  } else if (answer.code == 421 && answer.phase != Phase::kLocal) {
    verdict.outcome = Outcome::kDeferred;
    verdict.scope = answer.phase <= Phase::kAuth ? Scope::kHost : Scope::kSession;
  } else {
    verdict.outcome = OutcomeOfRefusal(answer, options);
    verdict.scope = ScopeOfRefusal(answer.phase);
    if (verdict.outcome == Outcome::kBounced && IsHostPhase(answer.phase)) {
      verdict.scope = Scope::kQueue;
    }
  }
  verdict.status = StatusOf(answer, verdict.outcome);
  verdict.diagnostic = DiagnosticOf(answer);
  return verdict;
}

Verdict Expire(Verdict last) {
  last.outcome = Outcome::kExpired;
  last.scope = Scope::kRecipient;
  last.status = "4.4.7";
  last.diagnostic = last.diagnostic.empty()
                        ? "message expired"
                        : Cat("message expired; last answer: ", last.diagnostic);
  return last;
}

std::string_view PhaseName(Phase phase) {
  constexpr std::string_view kNames[] = {"dns",  "connect", "greeting", "hello", "starttls", "auth",
                                         "mail", "rcpt",    "data",     "dot",   "local"};
  return kNames[static_cast<size_t>(phase)];
}

std::string_view OutcomeName(Outcome outcome) {
  constexpr std::string_view kNames[] = {"delivered", "deferred", "bounced", "expired",
                                         "suppressed"};
  return kNames[static_cast<size_t>(outcome)];
}

std::string_view ScopeName(Scope scope) {
  constexpr std::string_view kNames[] = {"recipient", "message", "session", "host", "queue"};
  return kNames[static_cast<size_t>(scope)];
}

}  // namespace convoy::shard
