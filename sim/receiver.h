// A hostile SMTP server: says 4xx and 5xx, closes at any moment, is slow, and writes down what it
// took.
//
// Written from the RFC for the simulator alone: it shares no code with smtp/server_session.h, so
// that a misunderstanding there is not shared.
//
// RFC:       5321 (commands and replies), 2920 3.2 (pipelined commands are answered in order)
// Thread:    loop-affine
// Determinism: uses the loop's time and the Rng
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/rng.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "runtime/virtual_network.h"
#include "sim/evidence.h"
#include "sim/policies.h"
#include "sim/trace.h"

namespace convoy::sim {

// How a domain behaves. Probabilities are per occasion.
struct Mood {
  double close_at_step = 0;    // at the banner, after a command, around the final dot
  double refuse_greeting = 0;  // 554, or 421
  double shut_down = 0;        // 421 after a command
  double rcpt_4xx = 0;
  double dot_4xx = 0;
  double dot_5xx = 0;
  double slow = 0;  // a reply takes up to slow_max
  Duration slow_max = Seconds(4);
  int messages_max = 0;  // then 421; 0: no limit
  bool pipelining = true;
};

class Receiver {
 public:
  struct Deps {
    EventLoop& loop;
    VirtualNetwork& network;
    Evidence& evidence;
    Trace& trace;
    const PolicyTable& policies;
    std::function<uint64_t(int shard)> run_of;  // which start of a shard is running now
  };
  Receiver(Deps deps, int domain, Mood mood, Rng rng);

  // From now on it only refuses the users that do not exist.
  void Calm();
  // Nobody listens, or nothing answers, until the next Calm or Open.
  void Refuse();
  void Vanish();
  void Open();

  // Users that never exist here (5xx): their names begin with x.
  static bool Exists(std::string_view address) { return address.substr(0, 1) != "x"; }

 private:
  struct Session;
  Task<void> Serve(std::shared_ptr<Session> session);
  Task<bool> Obey(Session& s);
  Task<bool> TakeLine(Session& s);
  Task<bool> TakeBody(Session& s);
  Task<bool> Say(Session& s, std::string reply);
  Task<bool> Dot(Session& s);
  Task<void> Dawdle();
  void CheckHello(const Session& s);
  std::string AnswerRcpt(Session& s);
  void Record(Session& s);

  Deps deps_;
  const int domain_;
  Mood mood_;
  Rng rng_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace convoy::sim
