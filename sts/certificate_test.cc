// Which certificates prove the name of an MX host to the TLS engine, as a policy asks for it.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "runtime/test_certificate.h"
#include "runtime/tls.h"
#include "runtime/tls_engine.h"

namespace convoy::sts {
namespace {

void Carry(TlsEngine& from, TlsEngine& to) {
  to.Feed(from.output());
  from.ConsumeOutput(from.output().size());
}

// What a client that trusts the authority of `trusted` finds out about a host with `files`.
TlsInfo Shake(const TestCertificate& files, const TestCertificate& trusted, const char* host) {
  auto client = *TlsEngine::Create(
      {.context = *TlsContext::Client({.ca_file = trusted.ca_file}), .sni = host});
  auto server = *TlsEngine::Create(
      {.context = *TlsContext::Server(
           {.certificate_file = files.certificate_file, .key_file = files.key_file}),
       .server = true});
  bool done = false;
  for (int round = 0; round < 10 && !done; ++round) {
    const bool client_done = *client->Handshake();
    Carry(*client, *server);
    const bool server_done = *server->Handshake();
    Carry(*server, *client);
    done = client_done && server_done;
  }
  EXPECT_TRUE(done);
  return client->info();
}

TestCertificate Certificate(const std::string& host, int days_left = 365) {
  static int number = 0;
  return WriteTestCertificate(testing::TempDir(), "sts" + std::to_string(++number), host,
                              days_left);
}

TEST(StsCertificate, MS08_TheNameMustBeThatOfTheHost) {
  const TestCertificate files = Certificate("mx.example");
  EXPECT_TRUE(Shake(files, files, "mx.example").verified);
  EXPECT_TRUE(Shake(files, files, "MX.Example").verified);
  EXPECT_FALSE(Shake(files, files, "mx2.example").verified);
  EXPECT_FALSE(Shake(files, files, "a.mx.example").verified);
}

TEST(StsCertificate, MS08_AStarIsTheLeftMostLabelAsAWhole) {
  const TestCertificate files = Certificate("*.example.org");
  EXPECT_TRUE(Shake(files, files, "mx.example.org").verified);
  EXPECT_FALSE(Shake(files, files, "a.mx.example.org").verified);
  EXPECT_FALSE(Shake(files, files, "example.org").verified);
  const TestCertificate part = Certificate("m*.example.org");
  EXPECT_FALSE(Shake(part, part, "mx.example.org").verified);
}

TEST(StsCertificate, MS08_TheChainMustLeadToATrustedAuthority) {
  const TestCertificate files = Certificate("mx.example");
  const TlsInfo info = Shake(files, Certificate("mx.example"), "mx.example");
  EXPECT_FALSE(info.verified);
  EXPECT_FALSE(info.doubt.empty());
}

TEST(StsCertificate, MS08_ItMustNotHaveExpired) {
  const TestCertificate files = Certificate("mx.example", -2);
  const TlsInfo info = Shake(files, files, "mx.example");
  EXPECT_FALSE(info.verified);
  EXPECT_EQ(info.doubt, "certificate has expired");
}

}  // namespace
}  // namespace convoy::sts
