#include "smtp/attempt.h"

namespace convoy::smtp {

std::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kConnect:
      return "connect";
    case Phase::kGreeting:
      return "greeting";
    case Phase::kHello:
      return "hello";
    case Phase::kStartTls:
      return "starttls";
    case Phase::kAuth:
      return "auth";
    case Phase::kMail:
      return "mail from";
    case Phase::kRcpt:
      return "rcpt to";
    case Phase::kData:
      return "data";
    case Phase::kBody:
      return "body";
    case Phase::kReset:
      return "rset";
    case Phase::kIdle:
      return "idle";
    case Phase::kQuit:
      return "quit";
  }
  return "unknown";
}

}  // namespace convoy::smtp
