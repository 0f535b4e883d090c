// A client that hands one message in by SMTP, command by command, and keeps what it is told.
//
// Thread:    loop-affine
// Determinism: uses the loop's time
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace convoy::effects {

struct Letter {
  IpAddress client;
  std::string from;
  std::vector<std::string> rcpts;
  std::string content;  // CRLF
  std::string mail_parameters;
};

// The client's log: "MAIL: 250 ok", "(message): 554 ...", "connection closed".
using ClientLog = std::vector<std::string>;

// Connects, greets, sends the letter and quits. A refusal of MAIL, of every RCPT or of DATA ends
// it.
Task<void> SendLetter(EventLoop& loop, Network& network, Endpoint where, Letter letter,
                      ClientLog& log);
// Connects, waits for the greeting, and keeps the connection until `until`.
Task<void> HoldConnection(EventLoop& loop, Network& network, Endpoint where, IpAddress client,
                          MonoTime until, ClientLog& log, size_t number);

}  // namespace convoy::effects
