// TLS sessions that are resumed, by the engine that delivers mail.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "runtime/test_certificate.h"
#include "runtime/tls.h"
#include "runtime/tls_engine.h"
#include "runtime/tls_session_cache.h"
#include "runtime/virtual_loop.h"

namespace convoy {
namespace {

class TlsResumeTest : public testing::Test {
 protected:
  TlsResumeTest() {
    client_ = *TlsContext::Client({.ca_file = files_.ca_file});
    server_ = *TlsContext::Server(
        {.certificate_file = files_.certificate_file, .key_file = files_.key_file});
    // Ours resumes nothing; this one does, as the servers of others.
    SSL_CTX_clear_options(server_->native(), SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(server_->native(), 2);
    SSL_CTX_set_session_cache_mode(server_->native(), SSL_SESS_CACHE_SERVER);
  }
  // One connection, over which the server says something after the handshake.
  TlsInfo Connect(const std::string& key, const char* sni = "mx.example") {
    TlsRequest request{.context = client_, .sni = sni};
    request.sessions = key.empty() ? nullptr : &cache_;
    request.session_key = key;
    auto client = *TlsEngine::Create(request);
    auto server = *TlsEngine::Create({.context = server_, .server = true});
    bool done = false;
    for (int round = 0; round < 10 && !done; ++round) {
      const bool client_done = *client->Handshake();
      Carry(*client, *server);
      const bool server_done = *server->Handshake();
      Carry(*server, *client);
      done = client_done && server_done;
    }
    EXPECT_TRUE(done);
    EXPECT_TRUE(server->Write("220 mx").ok());
    Carry(*server, *client);
    char buffer[100];
    EXPECT_EQ(*client->Read(buffer, sizeof buffer), 6u);
    return client->info();
  }
  void Speak(int version) {
    SSL_CTX_set_max_proto_version(server_->native(), version);
    protocol_ = version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3";
  }

  VirtualLoop loop_;
  TlsSessionCache cache_{loop_};
  TestCertificate files_ = WriteTestCertificate(testing::TempDir(), "resume", "mx.example");
  std::shared_ptr<const TlsContext> client_;
  std::shared_ptr<const TlsContext> server_;
  std::string protocol_;

 private:
  static void Carry(TlsEngine& from, TlsEngine& to) {
    to.Feed(from.output());
    from.ConsumeOutput(from.output().size());
  }
};

TEST_F(TlsResumeTest, ASessionIsResumedUnderItsKeyInBothVersions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Speak(version);
    const std::string key = protocol_;
    EXPECT_FALSE(Connect(key).resumed) << protocol_;
    for (int i = 0; i < 5; ++i) {
      const TlsInfo info = Connect(key);
      EXPECT_TRUE(info.resumed) << protocol_;
      EXPECT_TRUE(info.verified) << info.doubt;
      EXPECT_EQ(info.protocol, protocol_);
    }
  }
}

TEST_F(TlsResumeTest, ResumingAgainAndAgainMakesNoSessionYounger) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Speak(version);
    const std::string key = "age" + protocol_;
    Connect(key);
    for (int i = 0; i < 5; ++i) {
      loop_.RunFor(Minutes(11));
      EXPECT_TRUE(Connect(key).resumed) << protocol_ << ' ' << i;
    }
    loop_.RunFor(Minutes(11));
    EXPECT_FALSE(Connect(key).resumed) << protocol_;
  }
}

TEST_F(TlsResumeTest, TL10_AnotherKeyIsAWholeHandshake) {
  Connect("any certificate");
  EXPECT_FALSE(Connect("a good certificate").resumed);
  EXPECT_TRUE(Connect("any certificate").resumed);
}

TEST_F(TlsResumeTest, WithoutACacheNothingIsResumed) {
  Connect("");
  EXPECT_FALSE(Connect("").resumed);
  EXPECT_EQ(cache_.keys(), 0u);
}

TEST_F(TlsResumeTest, TL10_WhatWasNotVerifiedStaysSo) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Speak(version);
    const std::string key = "other" + protocol_;
    EXPECT_FALSE(Connect(key, "other.example").verified);
    const TlsInfo again = Connect(key, "other.example");
    EXPECT_TRUE(again.resumed);
    EXPECT_FALSE(again.verified);
    EXPECT_EQ(again.doubt, "hostname mismatch");
  }
}

TEST_F(TlsResumeTest, AServerThatForgetsGetsAWholeHandshake) {
  Connect("key");
  server_ = *TlsContext::Server(
      {.certificate_file = files_.certificate_file, .key_file = files_.key_file});
  const TlsInfo info = Connect("key");
  EXPECT_FALSE(info.resumed);
  EXPECT_TRUE(info.verified);
}

}  // namespace
}  // namespace convoy
