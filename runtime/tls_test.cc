#include "runtime/tls.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "runtime/kernel_loop.h"
#include "runtime/kernel_network.h"
#include "runtime/test_certificate.h"
#include "runtime/test_reader.h"
#include "runtime/tls_engine.h"

namespace convoy {
namespace {

const TestCertificate& Files() {
  static const TestCertificate files =
      WriteTestCertificate(testing::TempDir(), "tls_test", "mx.example.com");
  return files;
}

std::shared_ptr<const TlsContext> ServerContext() {
  auto context = TlsContext::Server(
      {.certificate_file = Files().certificate_file, .key_file = Files().key_file});
  EXPECT_TRUE(context.ok()) << context.status().ToString();
  return *std::move(context);
}

std::shared_ptr<const TlsContext> ClientContext(bool verify, const std::string& ca_file) {
  auto context = TlsContext::Client({.verify = verify, .ca_file = ca_file});
  EXPECT_TRUE(context.ok()) << context.status().ToString();
  return *std::move(context);
}

TEST(TlsContext, UnusableFilesAreNamed) {
  const auto missing =
      TlsContext::Server({.certificate_file = "/nowhere/cert.pem", .key_file = ""});
  EXPECT_TRUE(absl::IsInvalidArgument(missing.status()));
  EXPECT_NE(missing.status().message().find("/nowhere/cert.pem"), std::string::npos);
  const TestCertificate other = WriteTestCertificate(testing::TempDir(), "tls_other", "b.example");
  const auto mismatch = TlsContext::Server(
      {.certificate_file = Files().certificate_file, .key_file = other.key_file});
  EXPECT_TRUE(absl::IsInvalidArgument(mismatch.status()));
  EXPECT_NE(mismatch.status().message().find("tls_other_key.pem"), std::string::npos);
  EXPECT_FALSE(TlsContext::Client({.ca_file = "/nowhere/ca.pem"}).ok());
}

// Moves up to `step_bytes` at a time, so that every record boundary is crossed.
void Carry(TlsEngine& from, TlsEngine& to, size_t step_bytes) {
  while (!from.output().empty()) {
    const std::string step(from.output().substr(0, step_bytes));
    from.ConsumeOutput(step.size());
    to.Feed(step);
  }
}

TEST(TlsEngine, WorksByteByByteAndEndsWithGoodbye) {
  auto client = *TlsEngine::Create({.context = ClientContext(false, ""), .sni = "mx.example.com"});
  auto server = *TlsEngine::Create({.context = ServerContext(), .server = true});
  bool client_done = false;
  bool server_done = false;
  for (int round = 0; round < 10 && !(client_done && server_done); ++round) {
    client_done = *client->Handshake();
    Carry(*client, *server, 1);
    server_done = *server->Handshake();
    Carry(*server, *client, 1);
  }
  ASSERT_TRUE(client_done && server_done);
  EXPECT_EQ(client->info().protocol, "TLSv1.3");
  EXPECT_FALSE(client->info().cipher.empty());

  const std::string big(100000, 'z');
  ASSERT_TRUE(client->Write(big).ok());
  std::string received;
  char buffer[777];
  while (!client->output().empty()) {
    const std::string step(client->output().substr(0, 1000));
    client->ConsumeOutput(step.size());
    server->Feed(step);
    for (size_t n = *server->Read(buffer, sizeof buffer); n > 0;
         n = *server->Read(buffer, sizeof buffer)) {
      received.append(buffer, n);
    }
  }
  EXPECT_EQ(received, big);
  EXPECT_FALSE(server->ended());
  client->Shutdown();
  Carry(*client, *server, 5);
  EXPECT_EQ(*server->Read(buffer, sizeof buffer), 0u);
  EXPECT_TRUE(server->ended());
}

class TlsStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    listener_ = *network_.Listen({.ip = *IpAddress::Parse("127.0.0.1"), .port = 0},
                                 [this](auto stream) { server_ = std::move(stream); });
    ConnectRequest request;
    request.peer = listener_->local();
    network_.StartConnect(request, [this](auto r) { client_ = *std::move(r); });
    ASSERT_TRUE(RunUntil([&] { return client_ != nullptr && server_ != nullptr; }));
  }
  template <typename Condition>
  bool RunUntil(Condition condition) {
    return loop_.RunUntilTrue(condition, loop_.MonoNow() + Seconds(60));
  }
  // Both ends at once; results in client_result_ and server_result_.
  void Handshake(std::shared_ptr<const TlsContext> context, const std::string& sni) {
    int done = 0;
    client_->StartTls({.context = std::move(context), .sni = sni}, [&](auto r) {
      client_result_ = std::move(r);
      ++done;
    });
    server_->StartTls({.context = ServerContext(), .server = true}, [&](auto r) {
      server_result_ = std::move(r);
      if (!server_result_.ok()) server_->Close();
      ++done;
    });
    ASSERT_TRUE(RunUntil([&] { return done == 2; }));
  }

  KernelLoop loop_;
  KernelNetwork network_{loop_};
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Stream> client_;
  std::unique_ptr<Stream> server_;
  absl::StatusOr<TlsInfo> client_result_ = absl::UnknownError("pending");
  absl::StatusOr<TlsInfo> server_result_ = absl::UnknownError("pending");
};

TEST_F(TlsStreamTest, CarriesMegabytesBothWays) {
  Handshake(ClientContext(false, ""), "mx.example.com");
  ASSERT_TRUE(client_result_.ok()) << client_result_.status().ToString();
  ASSERT_TRUE(server_result_.ok()) << server_result_.status().ToString();
  EXPECT_FALSE(client_result_->verified);
  std::string sent;
  for (int i = 0; i < 100000; ++i) sent += "piece " + std::to_string(i) + "\r\n";
  std::string at_server;
  std::string at_client;
  absl::Status server_status;
  absl::Status client_status;
  bool server_ended = false;
  bool client_ended = false;
  Spawn(ReadAllInto(*server_, &at_server, &server_status, &server_ended));
  Spawn(ReadAllInto(*client_, &at_client, &client_status, &client_ended));
  for (size_t at = 0; at < sent.size(); at += 1009) client_->Send(sent.substr(at, 1009));
  server_->Send(sent);
  client_->StartFlush(0, [](absl::Status s) { EXPECT_TRUE(s.ok()); });
  server_->StartFlush(0, [](absl::Status s) { EXPECT_TRUE(s.ok()); });
  ASSERT_TRUE(
      RunUntil([&] { return at_server.size() == sent.size() && at_client.size() == sent.size(); }));
  EXPECT_TRUE(at_server == sent && at_client == sent);
  client_->Close();
  ASSERT_TRUE(RunUntil([&] { return client_ended && server_ended; }));
  EXPECT_TRUE(server_status.ok()) << server_status.ToString();
  EXPECT_TRUE(absl::IsCancelled(client_status));
}

TEST_F(TlsStreamTest, AVerifyingClientAcceptsTheRightName) {
  Handshake(ClientContext(true, Files().ca_file), "mx.example.com.");
  ASSERT_TRUE(client_result_.ok()) << client_result_.status().ToString();
  EXPECT_TRUE(client_result_->verified);
}

TEST_F(TlsStreamTest, AVerifyingClientRefusesTheWrongName) {
  Handshake(ClientContext(true, Files().ca_file), "other.example.com");
  EXPECT_TRUE(absl::IsFailedPrecondition(client_result_.status()));
  EXPECT_NE(client_result_.status().message().find("ostname"), std::string::npos)
      << client_result_.status().ToString();
}

TEST_F(TlsStreamTest, AVerifyingClientRefusesAnUnknownAuthority) {
  Handshake(ClientContext(true, ""), "mx.example.com");
  EXPECT_TRUE(absl::IsFailedPrecondition(client_result_.status()))
      << client_result_.status().ToString();
}

TEST_F(TlsStreamTest, AnOpportunisticClientSaysWhetherTheNameWasGood) {
  Handshake(ClientContext(false, Files().ca_file), "other.example.com");
  ASSERT_TRUE(client_result_.ok());
  EXPECT_FALSE(client_result_->verified);
}

TEST_F(TlsStreamTest, TextBeforeTheHandshakeIsNotBelievedAfterIt) {
  client_->Send("MAIL FROM:<injected@example.org>\r\n");
  bool flushed = false;
  client_->StartFlush(0, [&](auto) { flushed = true; });
  ASSERT_TRUE(RunUntil([&] { return flushed; }));
  Handshake(ClientContext(false, ""), "mx.example.com");
  EXPECT_TRUE(absl::IsFailedPrecondition(server_result_.status()))
      << server_result_.status().ToString();
  EXPECT_FALSE(client_result_.ok());
}

TEST_F(TlsStreamTest, APeerThatSpeaksPlainTextFailsTheHandshake) {
  server_->Send("220 hello\r\n");
  server_->StartFlush(0, [](auto) {});
  client_->StartTls({.context = ClientContext(false, "")},
                    [&](auto r) { client_result_ = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return !absl::IsUnknown(client_result_.status()); }));
  EXPECT_TRUE(absl::IsFailedPrecondition(client_result_.status()));
}

TEST_F(TlsStreamTest, APeerThatLeavesDuringTheHandshakeIsUnavailable) {
  client_->StartTls({.context = ClientContext(false, "")},
                    [&](auto r) { client_result_ = std::move(r); });
  server_->Close();
  ASSERT_TRUE(RunUntil([&] { return !absl::IsUnknown(client_result_.status()); }));
  EXPECT_TRUE(absl::IsUnavailable(client_result_.status())) << client_result_.status().ToString();
}

TEST_F(TlsStreamTest, ASilentPeerMeetsTheDeadline) {
  client_->SetDeadline(loop_.MonoNow() + Milliseconds(20));
  client_->StartTls({.context = ClientContext(false, "")},
                    [&](auto r) { client_result_ = std::move(r); });
  ASSERT_TRUE(RunUntil([&] { return !absl::IsUnknown(client_result_.status()); }));
  EXPECT_TRUE(absl::IsDeadlineExceeded(client_result_.status()));
}

TEST_F(TlsStreamTest, CloseDuringTheHandshakeCancelsIt) {
  client_->StartTls({.context = ClientContext(false, "")},
                    [&](auto r) { client_result_ = std::move(r); });
  client_->Close();
  ASSERT_TRUE(RunUntil([&] { return !absl::IsUnknown(client_result_.status()); }));
  EXPECT_TRUE(absl::IsCancelled(client_result_.status()));
}

}  // namespace
}  // namespace convoy
