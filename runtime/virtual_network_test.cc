#include "runtime/virtual_network.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/fail_at_nth.h"
#include "runtime/stream_contract.h"
#include "runtime/virtual_loop.h"

namespace convoy {
namespace {

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

struct VirtualWorld {
  VirtualLoop virtual_loop;
  VirtualNetwork virtual_network{virtual_loop, Rng(7)};
  EventLoop& loop() { return virtual_loop; }
  Network& network() { return virtual_network; }
  IpAddress here() const { return Ip("192.0.2.1"); }
  template <typename Condition>
  bool RunUntil(Condition condition) {
    return virtual_loop.RunUntilTrue(condition, virtual_loop.MonoNow() + Hours(1));
  }
  void Settle() { virtual_loop.RunUntilIdle(); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Virtual, StreamContract, VirtualWorld);

class VirtualNetworkTest : public testing::Test {
 protected:
  void Connect(Endpoint where = {.ip = Ip("192.0.2.9"), .port = 25}) {
    client_.reset();
    server_.reset();
    if (listener_ == nullptr) {
      listener_ =
          *network_.Listen(where, [this](std::unique_ptr<Stream> s) { server_ = std::move(s); });
    }
    status_ = Dial(where);
  }
  absl::Status Dial(Endpoint where, MonoTime deadline = kMonoMax) {
    absl::Status status = absl::UnknownError("pending");
    network_.StartConnect({.source = Ip("192.0.2.1"), .peer = where, .deadline = deadline},
                          [&](auto result) {
                            status = result.status();
                            if (result.ok()) client_ = *std::move(result);
                          });
    loop_.RunUntilTrue([&] { return !absl::IsUnknown(status); }, loop_.MonoNow() + Hours(1));
    return status;
  }
  // Starts both handshakes; the results are in client_tls_ and server_tls_.
  void Handshake(bool first_is_server, bool second_is_server) {
    client_->StartTls({.server = first_is_server}, [this](auto r) { client_tls_ = r.status(); });
    server_->StartTls({.server = second_is_server}, [this](auto r) { server_tls_ = r.status(); });
    loop_.RunUntilIdle();
  }

  VirtualLoop loop_;
  VirtualNetwork network_{loop_, Rng(1)};
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Stream> client_;
  std::unique_ptr<Stream> server_;
  absl::Status status_;
  absl::Status client_tls_ = absl::UnknownError("pending");
  absl::Status server_tls_ = absl::UnknownError("pending");
};

TEST_F(VirtualNetworkTest, ABlackHoleAnswersNobody) {
  network_.SetReach(Ip("192.0.2.9"), Reach::kBlackHole);
  const MonoTime start = loop_.MonoNow();
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(Dial({.ip = Ip("192.0.2.9"), .port = 25}, start + Seconds(30))));
  EXPECT_EQ(loop_.MonoNow(), start + Seconds(30));
  EXPECT_TRUE(absl::IsUnavailable(Dial({.ip = Ip("192.0.2.9"), .port = 25})));
  EXPECT_EQ(loop_.MonoNow(), start + Seconds(30 + 127));
}

TEST_F(VirtualNetworkTest, ARefusalTakesARoundTrip) {
  network_.SetLink({.latency_min = Milliseconds(10), .latency_max = Milliseconds(10)});
  const MonoTime start = loop_.MonoNow();
  EXPECT_TRUE(absl::IsUnavailable(Dial({.ip = Ip("192.0.2.9"), .port = 25})));
  EXPECT_EQ(loop_.MonoNow(), start + Milliseconds(20));
}

TEST_F(VirtualNetworkTest, AWildcardListenerSeesTheAddressThatWasDialled) {
  Connect({.ip = IpAddress(), .port = 25});
  ASSERT_TRUE(Dial({.ip = Ip("198.51.100.7"), .port = 25}).ok());
  loop_.RunUntilIdle();
  EXPECT_EQ(server_->local().ToString(), "198.51.100.7:25");
  EXPECT_EQ(server_->peer().ip, Ip("192.0.2.1"));
}

TEST_F(VirtualNetworkTest, AHostBindsOnlyItsOwnAddresses) {
  const auto host = network_.AddHost(loop_, {Ip("203.0.113.1"), Ip("203.0.113.2")});
  const auto listener =
      network_.Listen({.ip = IpAddress(), .port = 25}, [this](auto s) { server_ = std::move(s); });
  absl::Status foreign;
  host->StartConnect({.source = Ip("203.0.113.3"), .peer = {.ip = Ip("192.0.2.9"), .port = 25}},
                     [&](auto r) { foreign = r.status(); });
  loop_.RunUntilIdle();
  EXPECT_TRUE(absl::IsFailedPrecondition(foreign)) << foreign.ToString();
  host->StartConnect({.source = Ip("203.0.113.2"), .peer = {.ip = Ip("192.0.2.9"), .port = 25}},
                     [&](auto r) { client_ = *std::move(r); });
  loop_.RunUntilIdle();
  EXPECT_EQ(server_->peer().ip, Ip("203.0.113.2"));
  EXPECT_FALSE(host->Listen({.ip = Ip("192.0.2.1"), .port = 25}, [](auto) {}).ok());
  const auto own = host->Listen({.ip = IpAddress(), .port = 2525}, [](auto) {});
  EXPECT_TRUE(own.ok());
}

TEST_F(VirtualNetworkTest, BandwidthIsALimit) {
  network_.SetLink({.bytes_per_second = 1000, .segment_bytes_max = 100});
  Connect();
  std::string received;
  absl::Status status;
  bool ended = false;
  Spawn(ReadAllInto(*server_, &received, &status, &ended));
  const MonoTime start = loop_.MonoNow();
  client_->Send(std::string(5000, 'x'));
  client_->StartFlush(0, [&](auto) { client_->Close(); });
  loop_.RunUntilTrue([&] { return ended; }, start + Hours(1));
  EXPECT_EQ(received.size(), 5000u);
  EXPECT_GE((loop_.MonoNow() - start).us, Seconds(5).us);
  EXPECT_LT((loop_.MonoNow() - start).us, Seconds(6).us);
}

TEST_F(VirtualNetworkTest, ACutStallsAndAMendGoesOn) {
  Connect();
  std::string received;
  absl::Status status;
  bool ended = false;
  Spawn(ReadAllInto(*server_, &received, &status, &ended));
  network_.Cut(Ip("192.0.2.9"), Ip("192.0.2.1"));
  client_->Send(std::string(5000, 'x'));
  client_->StartFlush(0, [](auto) {});
  loop_.RunFor(Minutes(5));
  EXPECT_EQ(received.size(), 0u);
  network_.Mend(Ip("192.0.2.1"), Ip("192.0.2.9"));
  loop_.RunFor(Minutes(2));
  EXPECT_EQ(received.size(), 5000u);
  client_->Close();
  loop_.RunUntilIdle();
  EXPECT_TRUE(ended && status.ok());
}

TEST_F(VirtualNetworkTest, AHalfClosedPeerStillReads) {
  Connect();
  client_->Send("last words");
  VirtualNetwork::HalfClose(*client_);
  std::string received;
  absl::Status status;
  bool ended = false;
  Spawn(ReadAllInto(*server_, &received, &status, &ended));
  loop_.RunUntilIdle();
  EXPECT_TRUE(ended && status.ok());
  EXPECT_EQ(received, "last words");
  server_->Send("answer");
  server_->StartFlush(0, [](auto) {});
  char buffer[16];
  size_t n = 0;
  client_->StartRead(buffer, sizeof buffer, [&](auto r) { n = *r; });
  loop_.RunUntilIdle();
  EXPECT_GT(n, 0u);
}

TEST_F(VirtualNetworkTest, AResetFailsBothEnds) {
  Connect();
  std::string none;
  absl::Status at_client;
  absl::Status at_server;
  bool client_ended = false;
  bool server_ended = false;
  Spawn(ReadAllInto(*client_, &none, &at_client, &client_ended));
  Spawn(ReadAllInto(*server_, &none, &at_server, &server_ended));
  network_.ResetAll(Ip("192.0.2.9"));
  loop_.RunUntilIdle();
  EXPECT_TRUE(client_ended && absl::IsUnavailable(at_client));
  EXPECT_TRUE(server_ended && absl::IsUnavailable(at_server));
  Connect();
  VirtualNetwork::Reset(*server_);
  client_ended = false;
  Spawn(ReadAllInto(*client_, &none, &at_client, &client_ended));
  loop_.RunUntilIdle();
  EXPECT_TRUE(client_ended && absl::IsUnavailable(at_client));
}

TEST_F(VirtualNetworkTest, AHandshakeNeedsOneOfEachKind) {
  Connect();
  Handshake(false, true);
  EXPECT_TRUE(client_tls_.ok()) << client_tls_.ToString();
  EXPECT_TRUE(server_tls_.ok()) << server_tls_.ToString();
  std::string received;
  bool ended = false;
  Spawn(ReadAllInto(*server_, &received, &status_, &ended));
  client_->Send("secret");
  client_->StartFlush(0, [&](auto) { client_->Close(); });
  loop_.RunUntilIdle();
  EXPECT_EQ(received, "secret");

  Connect();
  Handshake(false, false);
  EXPECT_TRUE(absl::IsFailedPrecondition(client_tls_)) << client_tls_.ToString();
}

TEST_F(VirtualNetworkTest, AHandshakeMayFail) {
  network_.SetLink({.tls_failure_probability = 1});
  Connect();
  Handshake(false, true);
  EXPECT_TRUE(absl::IsFailedPrecondition(client_tls_)) << client_tls_.ToString();
  EXPECT_TRUE(absl::IsFailedPrecondition(server_tls_)) << server_tls_.ToString();
}

TEST_F(VirtualNetworkTest, PlainTextAndTlsDoNotMix) {
  Connect();  // the server reads plain text: it gets a record it cannot understand
  client_->StartTls({}, [this](auto r) { client_tls_ = r.status(); });
  char buffer[16];
  size_t n = 0;
  server_->StartRead(buffer, sizeof buffer, [&](auto r) { n = *r; });
  loop_.RunUntilIdle();
  ASSERT_GT(n, 0u);
  EXPECT_EQ(buffer[0], '\x16');
  server_->Close();
  loop_.RunUntilIdle();
  EXPECT_TRUE(absl::IsUnavailable(client_tls_)) << client_tls_.ToString();

  Connect();  // text that was pipelined behind STARTTLS must not survive the handshake
  client_->Send("MAIL FROM:<injected@example.org>\r\n");
  client_->StartFlush(0, [](auto) {});
  loop_.RunUntilIdle();
  server_->StartTls({.server = true}, [this](auto r) { server_tls_ = r.status(); });
  loop_.RunUntilIdle();
  EXPECT_TRUE(absl::IsFailedPrecondition(server_tls_)) << server_tls_.ToString();
}

TEST_F(VirtualNetworkTest, TheSameSeedGivesTheSameRun) {
  const auto run = [](uint64_t seed) {
    VirtualLoop loop;
    VirtualNetwork network(loop, Rng(seed));
    std::unique_ptr<Stream> server;
    std::unique_ptr<Stream> client;
    const auto listener = *network.Listen({.ip = Ip("192.0.2.9"), .port = 25},
                                          [&](auto s) { server = std::move(s); });
    network.StartConnect({.source = {}, .peer = listener->local()},
                         [&](auto r) { client = *std::move(r); });
    loop.RunUntilIdle();
    std::string received;
    absl::Status status;
    bool ended = false;
    Spawn(ReadAllInto(*server, &received, &status, &ended));
    client->Send(std::string(100000, 'x'));
    client->StartFlush(0, [&](auto) { client->Close(); });
    loop.RunUntilIdle();
    EXPECT_EQ(received.size(), 100000u);
    return std::pair(loop.MonoNow(), loop.events_run());
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

// A client that says one line and reads the answer to the end; true if all of it went well.
Task<void> AskOnce(Network& network, Endpoint where, bool* answered) {
  ConnectRequest request;
  request.peer = where;
  auto connected = co_await Connect(network, request);
  if (!connected.ok()) co_return;
  const std::unique_ptr<Stream> stream = *std::move(connected);
  stream->Send("question");
  const absl::Status flushed = co_await stream->Flush();
  std::string answer;
  const absl::Status read = co_await ReadAll(*stream, &answer);
  *answered = flushed.ok() && read.ok() && answer == "answer";
}

Task<void> AnswerOnce(std::unique_ptr<Stream> stream) {
  char buffer[64];
  size_t have = 0;
  while (have < 8) {
    const auto n = co_await stream->Read(buffer + have, sizeof buffer - have);
    if (!n.ok() || *n == 0) co_return;
    have += *n;
  }
  stream->Send("answer");
  const absl::Status flushed = co_await stream->Flush();
}

TEST(FailAtNth, EveryOperationIsFailedInTurn) {
  int64_t n = 1;
  for (;; ++n) {
    VirtualLoop loop;
    VirtualNetwork network(loop, Rng(1));
    FailAtNth plan(n);
    FailingNetwork failing(network, loop, plan);
    const auto listener = *failing.Listen({.ip = Ip("192.0.2.9"), .port = 25}, [](auto stream) {
      Spawn(AnswerOnce(std::move(stream)));
    });
    bool answered = false;
    Spawn(AskOnce(failing, listener->local(), &answered));
    loop.RunUntilIdle();
    EXPECT_TRUE(plan.struck() || answered);
    if (!plan.struck()) break;
  }
  EXPECT_GT(n, 5);
}

}  // namespace
}  // namespace convoy
