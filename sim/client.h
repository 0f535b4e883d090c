// The injectors: submit messages through any shard, repeat keyed ones, and try again when they are
// not sure.
//
// A message without a key is submitted once: without an answer nothing is claimed about it. A
// message with a key is submitted, through any shard, until it is acknowledged.
//
// Limits:    kTriesMax submissions of one message
// Thread:    loop-affine
// Determinism: uses the loop's time and the Rng
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "shard/ingest/submission.h"
#include "sim/evidence.h"
#include "sim/scenario.h"
#include "sim/shard_process.h"
#include "sim/trace.h"

namespace convoy::sim {

class Clients {
 public:
  static constexpr int kTriesMax = 60;

  struct Deps {
    EventLoop& loop;
    Wire& wire;
    ShardPlaces& shards;
    Evidence& evidence;
    Trace& trace;
    const Scenario& scenario;
    Rng rng;
  };
  explicit Clients(Deps deps) : deps_(std::move(deps)) {}

  // Plans all submissions of the run.
  void Start();
  // Nobody waits for an answer or will try again.
  bool done() const { return busy_ == 0; }

  // Addresses that are on the suppression list.
  static bool Suppressed(std::string_view address) { return address.starts_with("s"); }

 private:
  struct Message;
  using MessagePtr = std::shared_ptr<Message>;
  MessagePtr Compose(Token token);
  void Submit(MessagePtr message, int tries_left);
  void Answered(const MessagePtr& message, int tries_left, const shard::SubmitResult& result);
  void TryAgain(const MessagePtr& message, int tries_left);

  Deps deps_;
  int busy_ = 0;
};

}  // namespace convoy::sim
