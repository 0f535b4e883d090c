// The client session against the server session, both the real ones, over a network in memory.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <utility>

#include "base/text.h"
#include "runtime/fail_at_nth.h"
#include "runtime/virtual_loop.h"
#include "runtime/virtual_network.h"
#include "smtp/client_session.h"
#include "smtp/server_session.h"
#include "smtp/session_ends.h"

namespace convoy::smtp {
namespace {

Task<void> Serve(VirtualLoop& loop, std::unique_ptr<Stream> stream, Taker& taker) {
  ServerSession session(loop, *stream, taker, ServerOptions());
  co_await session.Run();
}

// Sessions one after the other until nothing is left to send.
Task<void> SendAll(VirtualLoop& loop, Network& network, Endpoint server, bool pipelining,
                   Sender& sender, int* sessions) {
  while (!sender.empty() && *sessions < 1000) {
    ++*sessions;
    ConnectRequest request;
    request.peer = server;
    auto stream = co_await Connect(network, request);
    if (!stream.ok()) continue;
    ClientOptions options;
    options.hello_name = "client.example";
    options.use_pipelining = pipelining;
    ClientSession session(loop, **stream, sender, options);
    co_await session.Run();
  }
}

struct Traffic {
  Sender sender;
  std::map<uint64_t, int> taken;
  int sessions = 0;
};

void Play(Traffic* run, bool pipelining, const LinkOptions& link, uint64_t seed, FailAtNth& plan) {
  VirtualLoop loop;
  VirtualNetwork network(loop, Rng(seed), link);
  FailingNetwork failing(network, loop, plan);
  Taker taker(loop);
  const Endpoint where{IpAddress::V4(192, 0, 2, 25), 25};
  auto listener = network.Listen(
      where, [&](std::unique_ptr<Stream> stream) { Spawn(Serve(loop, std::move(stream), taker)); });
  ASSERT_TRUE(listener.ok());
  Spawn(SendAll(loop, failing, where, pipelining, run->sender, &run->sessions));
  loop.RunUntilIdle();
  EXPECT_TRUE(run->sender.empty());
  run->taken = taker.taken;
  for (const auto& [id, content] : taker.contents) {
    EXPECT_TRUE(content == ContentOf(id)) << "content of " << id << " arrived changed";
  }
}

// Nothing lost, and duplicates only where a duplicate window was reported.
void ExpectConserved(const Traffic& run) {
  for (uint64_t id = 0; id < kMessages; ++id) {
    if (id % 5 == 4) {
      EXPECT_EQ(run.taken.count(id), 0u);
      continue;
    }
    const auto windows = run.sender.windows.find(id);
    const int extra = windows == run.sender.windows.end() ? 0 : windows->second;
    ASSERT_EQ(run.sender.delivered.count(id), 1u) << id;
    EXPECT_EQ(run.sender.delivered.at(id), 1) << id;
    EXPECT_GE(run.taken.at(id), 1) << id;
    EXPECT_LE(run.taken.at(id), 1 + extra) << id;
  }
}

TEST(Session, EveryMessageArrivesUnchangedOnce) {
  for (const bool pipelining : {true, false}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(Cat(pipelining ? "pipelined" : "lock-step", " seed ", seed));
      FailAtNth never(0);
      Traffic run;
      Play(&run, pipelining, LinkOptions(), seed, never);
      ExpectConserved(run);
      EXPECT_EQ(run.sessions, 1);
      EXPECT_TRUE(run.sender.windows.empty());
    }
  }
}

TEST(Session, NothingLostWhenAnyOperationFails) {
  for (const bool pipelining : {true, false}) {
    for (int64_t n = 1;; n += n < 60 ? 1 : 7) {
      SCOPED_TRACE(Cat(pipelining ? "pipelined" : "lock-step", " failing ", n));
      FailAtNth plan(n);
      Traffic run;
      Play(&run, pipelining, LinkOptions(), 1, plan);
      ExpectConserved(run);
      if (!plan.struck() || testing::Test::HasFailure()) break;
    }
  }
}

TEST(Session, NothingLostOverANetworkThatResets) {
  LinkOptions link;
  link.reset_probability = 0.002;
  int windows = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(Cat("seed ", seed));
    FailAtNth never(0);
    Traffic run;
    Play(&run, true, link, seed, never);
    ExpectConserved(run);
    for (const auto& [id, count] : run.sender.windows) windows += count;
  }
  EXPECT_GT(windows, 0) << "the resets never hit a duplicate window: the test shows too little";
}

}  // namespace
}  // namespace convoy::smtp
