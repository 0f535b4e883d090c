// The client session against the server session over real sockets, in clear text and under TLS.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "base/text.h"
#include "runtime/kernel_loop.h"
#include "runtime/kernel_network.h"
#include "runtime/test_certificate.h"
#include "runtime/tls.h"
#include "smtp/client_session.h"
#include "smtp/server_session.h"
#include "smtp/session_ends.h"

namespace convoy::smtp {
namespace {

class KernelSession : public testing::Test {
 protected:
  KernelSession() : network_(loop_), taker_(loop_) {
    const TestCertificate files =
        WriteTestCertificate(testing::TempDir(), "kernel_session", "mail.example");
    TlsContext::ServerOptions server;
    server.certificate_file = files.certificate_file;
    server.key_file = files.key_file;
    server_options_.tls_context = *TlsContext::Server(server);
    TlsContext::ClientOptions client;
    client.verify = true;
    client.ca_file = files.ca_file;
    client_options_.tls_context = *TlsContext::Client(client);
    client_options_.tls_sni = "mail.example";
    client_options_.hello_name = "client.example";
    listener_ = *network_.Listen({IpAddress::V4(127, 0, 0, 1), 0},
                                 [this](auto stream) { Spawn(Serve(std::move(stream))); });
  }

  Task<void> Serve(std::unique_ptr<Stream> stream) {
    ++serving_;
    ServerSession session(loop_, *stream, taker_, server_options_);
    server_ = &session;
    co_await session.Run();
    server_ = nullptr;
    --serving_;
  }

  Task<void> SendAll() {
    ConnectRequest request;
    request.peer = listener_->local();
    auto stream = co_await Connect(network_, request);
    EXPECT_TRUE(stream.ok()) << stream.status();
    if (!stream.ok()) co_return;
    ClientSession session(loop_, **stream, sender_, client_options_);
    client_ = &session;
    end_ = co_await session.Run();
    client_ = nullptr;
    done_ = true;
  }

  void RunToTheEnd() {
    const MonoTime limit = loop_.MonoNow() + Seconds(60);
    EXPECT_TRUE(loop_.RunUntilTrue([this] { return done_ && serving_ == 0; }, limit));
  }

  void ExpectAllTaken() {
    EXPECT_TRUE(sender_.empty());
    for (uint64_t id = 0; id < kMessages; ++id) {
      EXPECT_EQ(taker_.taken[id], id % 5 == 4 ? 0 : 1) << id;
      if (id % 5 != 4) EXPECT_TRUE(taker_.contents[id] == ContentOf(id)) << id;
    }
  }

  KernelLoop loop_;
  KernelNetwork network_;
  Taker taker_;
  Sender sender_;
  ServerOptions server_options_;
  ClientOptions client_options_;
  std::unique_ptr<Listener> listener_;
  ServerSession* server_ = nullptr;
  ClientSession* client_ = nullptr;
  SessionEnd end_;
  bool done_ = false;
  int serving_ = 0;
};

TEST_F(KernelSession, InClearText) {
  Spawn(SendAll());
  RunToTheEnd();
  ExpectAllTaken();
  EXPECT_TRUE(end_.normal());
  EXPECT_EQ(taker_.taken_under_tls, 0);
}

TEST_F(KernelSession, UnderTls) {
  client_options_.tls = TlsMode::kRequired;
  client_options_.tls_must_verify = true;
  Spawn(SendAll());
  RunToTheEnd();
  ExpectAllTaken();
  EXPECT_TRUE(end_.normal()) << end_.status;
  EXPECT_EQ(taker_.taken_under_tls, kMessages - kMessages / 5);
}

TEST_F(KernelSession, TL_07_WrongNameSendsNothing) {
  client_options_.tls = TlsMode::kRequired;
  client_options_.tls_sni = "other.example";
  Spawn(SendAll());
  RunToTheEnd();
  EXPECT_EQ(end_.phase, Phase::kStartTls);
  EXPECT_EQ(end_.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(taker_.taken.empty());
}

// The read that waits for the server while idle must not keep QUIT, or a message, from leaving.
TEST_F(KernelSession, IdleThenQuit) {
  client_options_.tls = TlsMode::kRequired;
  client_options_.idle_timeout = Minutes(5);
  Spawn(SendAll());
  const MonoTime limit = loop_.MonoNow() + Seconds(60);
  EXPECT_TRUE(loop_.RunUntilTrue(
      [this] { return sender_.delivered.size() == kMessages - kMessages / 5; }, limit));
  sender_.Offer(1000);
  client_->Wake();
  EXPECT_TRUE(loop_.RunUntilTrue([this] { return taker_.taken[1000] == 1; }, limit));
  client_->Quit();
  RunToTheEnd();
  EXPECT_TRUE(end_.normal()) << end_.status;
}

TEST_F(KernelSession, ServerShutsDown) {
  client_options_.idle_timeout = Minutes(5);
  Spawn(SendAll());
  const MonoTime limit = loop_.MonoNow() + Seconds(60);
  EXPECT_TRUE(loop_.RunUntilTrue(
      [this] { return sender_.delivered.size() == kMessages - kMessages / 5; }, limit));
  server_->Shutdown();
  RunToTheEnd();
  EXPECT_EQ(end_.phase, Phase::kIdle);
  EXPECT_EQ(end_.reply.code, 421) << end_.status;
}

}  // namespace
}  // namespace convoy::smtp
