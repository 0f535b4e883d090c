#include "runtime/kernel_network.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/kernel_loop.h"
#include "runtime/socket_address.h"
#include "runtime/stream_contract.h"
#include "runtime/turn_cause.h"

namespace convoy {
namespace {

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

struct KernelWorld {
  KernelLoop kernel_loop;
  KernelNetwork kernel_network{kernel_loop};
  EventLoop& loop() { return kernel_loop; }
  Network& network() { return kernel_network; }
  IpAddress here() const { return Ip("127.0.0.1"); }
  template <typename Condition>
  bool RunUntil(Condition condition) {
    return kernel_loop.RunUntilTrue(condition, kernel_loop.MonoNow() + Seconds(60));
  }
  // Loopback delivers at once; one more turn shows it.
  void Settle() {
    int turns = 0;
    for (int i = 0; i < 3; ++i) {
      kernel_loop.CallAfter(Milliseconds(1), [&] { ++turns; });
      RunUntil([&] { return turns == i + 1; });
    }
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Kernel, StreamContract, KernelWorld);

TEST(KernelLoop, TimersRunInOrderAndNotEarly) {
  KernelLoop loop;
  std::vector<int> order;
  const MonoTime start = loop.MonoNow();
  MonoTime last{};
  loop.CallAt(start + Milliseconds(4), [&] { order.push_back(3); });
  loop.CallAt(start + Milliseconds(2), [&] { order.push_back(1); });
  loop.CallAt(start + Milliseconds(2), [&] { order.push_back(2); });
  const TimerId cancelled = loop.CallAt(start, [&] { order.push_back(0); });
  loop.Cancel(cancelled);
  loop.CallAt(start + Milliseconds(6), [&] { last = loop.MonoNow(); });
  EXPECT_TRUE(loop.RunUntilTrue([&] { return last.us != 0; }, start + Seconds(60)));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_GE(last, start + Milliseconds(6));
}

TEST(KernelLoop, PostWakesASleepingLoopAndKeepsTheOrder) {
  KernelLoop loop;
  std::atomic<int> done_threads = 0;
  int64_t runs = 0;
  bool in_order = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      auto last = std::make_shared<int>(-1);
      for (int i = 0; i < 20000; ++i) {
        loop.Post([&, last, i] {
          in_order = in_order && *last == i - 1;
          *last = i;
          ++runs;
        });
      }
      if (done_threads.fetch_add(1) == 3) loop.Stop();
    });
  }
  loop.Run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(loop.RunUntilTrue([&] { return runs == 80000; }, loop.MonoNow() + Seconds(60)));
  EXPECT_TRUE(in_order);
}

TEST(KernelLoop, WorkThatPostsItselfDoesNotStarveTimers) {
  KernelLoop loop;
  bool stop = false;
  std::function<void()> again = [&] {
    if (!stop) loop.Post(again);
  };
  loop.Post(again);
  loop.CallAfter(Milliseconds(1), [&] { stop = true; });
  EXPECT_TRUE(loop.RunUntilTrue([&] { return stop; }, loop.MonoNow() + Seconds(60)));
}

TEST(KernelLoop, ASlowTurnIsCounted) {
  KernelLoop loop;
  bool done = false;
  loop.Post([&] {
    NameTurn("test: spin");
    const MonoTime end = loop.MonoNow() + KernelLoop::kSlowTurn + Milliseconds(1);
    while (loop.MonoNow() < end) {
    }
    done = true;
  });
  EXPECT_TRUE(loop.RunUntilTrue([&] { return done; }, loop.MonoNow() + Seconds(60)));
  EXPECT_GE(loop.slow_turns(), 1);
}

TEST(KernelLoop, WhatIsLeftIsDroppedWithTheLoop) {
  auto witness = std::make_shared<int>(1);
  {
    KernelLoop loop;
    loop.Post([witness] {});
    loop.CallAfter(Hours(1), [witness] {});
    std::thread([&loop, witness] { loop.Post([witness] {}); }).join();
    EXPECT_GT(witness.use_count(), 1);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

class KernelNetworkTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Stream>> Dial(ConnectRequest request) {
    absl::StatusOr<std::unique_ptr<Stream>> result = absl::UnknownError("pending");
    bool done = false;
    world_.kernel_network.StartConnect(std::move(request), [&](auto r) {
      result = std::move(r);
      done = true;
    });
    EXPECT_TRUE(world_.RunUntil([&] { return done; }));
    return result;
  }
  KernelWorld world_;
};

TEST_F(KernelNetworkTest, TheSourceAddressIsBound) {
  std::vector<std::unique_ptr<Stream>> accepted;
  const auto listener = world_.kernel_network.Listen(
      {.ip = Ip("127.0.0.1"), .port = 0},
      [&](std::unique_ptr<Stream> s) { accepted.push_back(std::move(s)); });
  ASSERT_TRUE(listener.ok());
  const auto stream = Dial({.source = Ip("127.0.0.77"), .peer = (*listener)->local()});
  ASSERT_TRUE(stream.ok()) << stream.status().ToString();
  ASSERT_TRUE(world_.RunUntil([&] { return !accepted.empty(); }));
  EXPECT_EQ(accepted[0]->peer().ip, Ip("127.0.0.77"));
  EXPECT_EQ((*stream)->local(), accepted[0]->peer());
}

TEST_F(KernelNetworkTest, AForeignSourceAddressIsOursToFix) {
  const auto stream =
      Dial({.source = Ip("203.0.113.1"), .peer = {.ip = Ip("127.0.0.1"), .port = 9}});
  EXPECT_TRUE(absl::IsFailedPrecondition(stream.status())) << stream.status().ToString();
  EXPECT_NE(stream.status().message().find("203.0.113.1"), std::string::npos);
}

TEST_F(KernelNetworkTest, AConnectEndsAtItsDeadline) {
  // A full backlog that nobody accepts from drops further connections silently.
  const int full = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SocketAddress address = ToSocketAddress({.ip = Ip("127.0.0.1"), .port = 0});
  ASSERT_EQ(bind(full, address.get(), address.size), 0);
  ASSERT_EQ(listen(full, 0), 0);
  std::vector<std::unique_ptr<Stream>> connected;
  absl::Status status;
  for (int i = 0; i < 10 && status.ok(); ++i) {
    auto stream = Dial({.source = {},
                        .peer = LocalEndpoint(full),
                        .deadline = world_.kernel_loop.MonoNow() + Milliseconds(50)});
    status = stream.status();
    if (stream.ok()) connected.push_back(*std::move(stream));
  }
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status.ToString();
  close(full);
}

TEST_F(KernelNetworkTest, WhatIsStillConnectingGoesWithTheNetwork) {
  bool called = false;
  {
    KernelNetwork network(world_.kernel_loop);
    ConnectRequest request;
    request.peer = {.ip = Ip("127.0.0.1"), .port = 9};
    request.deadline = world_.kernel_loop.MonoNow() + Hours(1);
    network.StartConnect(request, [&](auto) { called = true; });
  }
  world_.Settle();
  EXPECT_FALSE(called);
}

TEST_F(KernelNetworkTest, AcceptingSurvivesRunningOutOfDescriptors) {
  std::vector<std::unique_ptr<Stream>> accepted;
  const auto listener = world_.kernel_network.Listen(
      {.ip = Ip("127.0.0.1"), .port = 0},
      [&](std::unique_ptr<Stream> s) { accepted.push_back(std::move(s)); });
  ASSERT_TRUE(listener.ok());
  std::vector<std::unique_ptr<Stream>> connected;
  ConnectRequest request;
  request.peer = (*listener)->local();
  (*listener)->Pause();
  for (int i = 0; i < 3; ++i) {
    auto stream = Dial(request);
    ASSERT_TRUE(stream.ok());
    connected.push_back(*std::move(stream));
  }
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 4;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  (*listener)->Resume();
  world_.Settle();
  EXPECT_TRUE(accepted.empty());
  const auto refused = Dial(request);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status().ToString();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(world_.RunUntil([&] { return accepted.size() == 3; }));
}

TEST_F(KernelNetworkTest, AListenerMayGoFromItsOwnHandler) {
  std::unique_ptr<Listener> listener;
  int accepted = 0;
  auto listening =
      world_.kernel_network.Listen({.ip = Ip("127.0.0.1"), .port = 0}, [&](auto stream) {
        ++accepted;
        listener.reset();
        stream->Close();
      });
  ASSERT_TRUE(listening.ok());
  listener = *std::move(listening);
  ConnectRequest request;
  request.peer = listener->local();
  listener->Pause();
  const auto a = Dial(request);
  const auto b = Dial(request);
  listener->Resume();
  EXPECT_TRUE(world_.RunUntil([&] { return accepted == 1; }));
  world_.Settle();
  EXPECT_EQ(accepted, 1);
}

TEST_F(KernelNetworkTest, ThousandsOfStreamsEchoAtOnce) {
  std::vector<std::unique_ptr<Stream>> servers;
  const auto listener = world_.kernel_network.Listen(
      {.ip = Ip("127.0.0.1"), .port = 0}, [&](auto s) { servers.push_back(std::move(s)); });
  ASSERT_TRUE(listener.ok());
  constexpr int kStreams = 200;
  struct Client {
    std::unique_ptr<Stream> stream;
    std::string received;
    absl::Status status;
    bool ended = false;
  };
  std::vector<Client> clients(kStreams);
  for (Client& client : clients) {
    ConnectRequest request;
    request.peer = (*listener)->local();
    auto stream = Dial(request);
    ASSERT_TRUE(stream.ok());
    client.stream = *std::move(stream);
  }
  ASSERT_TRUE(world_.RunUntil([&] { return servers.size() == kStreams; }));
  for (Client& client : clients) {
    Spawn(ReadAllInto(*client.stream, &client.received, &client.status, &client.ended));
  }
  for (std::unique_ptr<Stream>& server : servers) {
    server->Send(std::string(100000, 'y'));
    Stream* const raw = server.get();
    raw->StartFlush(0, [raw](absl::Status) { raw->Close(); });
  }
  EXPECT_TRUE(world_.RunUntil(
      [&] { return std::ranges::all_of(clients, [](const Client& c) { return c.ended; }); }));
  for (const Client& client : clients) EXPECT_EQ(client.received.size(), 100000u);
}

}  // namespace
}  // namespace convoy
