// Real certificates against TLSA records, through the TLS engine that delivers mail.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "dane/tlsa.h"
#include "runtime/test_certificate.h"
#include "runtime/tls.h"
#include "runtime/tls_engine.h"

namespace convoy::dane {
namespace {

constexpr int kDaneTa = 2;
constexpr int kDaneEe = 3;

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The certificate in DER, or its public key.
std::string Der(const std::string& file, int selector) {
  FILE* const in = std::fopen(file.c_str(), "r");
  X509* const certificate = PEM_read_X509(in, nullptr, nullptr, nullptr);
  std::fclose(in);
  unsigned char* bytes = nullptr;
  const int size = selector == 0 ? i2d_X509(certificate, &bytes)
                                 : i2d_PUBKEY(X509_get0_pubkey(certificate), &bytes);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  X509_free(certificate);
  return der;
}

// The record that an operator would publish for the certificate in `file`.
TlsaRecord RecordFor(const std::string& file, int usage, int selector, int matching) {
  std::string data = Der(file, selector);
  const auto* const in = reinterpret_cast<const unsigned char*>(data.data());
  unsigned char digest[SHA512_DIGEST_LENGTH];
  if (matching == 1) SHA256(in, data.size(), digest);
  if (matching == 2) SHA512(in, data.size(), digest);
  if (matching != 0) data.assign(reinterpret_cast<char*>(digest), matching == 1 ? 32 : 64);
  return {.usage = static_cast<uint8_t>(usage),
          .selector = static_cast<uint8_t>(selector),
          .matching = static_cast<uint8_t>(matching),
          .data = data};
}

class DaneHandshakeTest : public testing::Test {
 protected:
  static TestCertificate Certificate(const std::string& stem, const std::string& host,
                                     int days_left = 365) {
    return WriteTestCertificate(testing::TempDir(), stem, host, days_left);
  }
  // What the client finds out about a server with this certificate; with `chain` it shows its
  // authority, too.
  TlsInfo Shake(const TestCertificate& server_files, bool chain = true) {
    const std::string file = testing::TempDir() + "/served.pem";
    std::ofstream(file) << ReadAll(server_files.certificate_file)
                        << (chain ? ReadAll(server_files.ca_file) : "");
    request_.context = *TlsContext::Client({});
    auto client = *TlsEngine::Create(request_);
    auto server =
        *TlsEngine::Create({.context = *TlsContext::Server(
                                {.certificate_file = file, .key_file = server_files.key_file}),
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

  TlsRequest request_{.sni = "mx.example"};

 private:
  static void Carry(TlsEngine& from, TlsEngine& to) {
    to.Feed(from.output());
    from.ConsumeOutput(from.output().size());
  }
};

TEST_F(DaneHandshakeTest, DA09_EverySelectorAndMatchingTypeOfTheServersOwnKey) {
  const TestCertificate own = Certificate("own", "mx.example");
  const TestCertificate other = Certificate("other", "mx.example");
  for (const int selector : {0, 1}) {
    for (const int matching : {0, 1, 2}) {
      request_.tlsa = {RecordFor(own.certificate_file, kDaneEe, selector, matching)};
      ASSERT_TRUE(IsUsable(request_.tlsa[0]));
      EXPECT_TRUE(Shake(own, false).verified) << selector << ' ' << matching;
      const TlsInfo wrong = Shake(other, false);
      EXPECT_FALSE(wrong.verified) << selector << ' ' << matching;
      request_.tlsa[0].data += "x";
      EXPECT_FALSE(IsUsable(request_.tlsa[0])) << selector << ' ' << matching;
      EXPECT_FALSE(wrong.doubt.empty());
    }
  }
}

TEST_F(DaneHandshakeTest, DA09_NameAndDateOfTheServersOwnKeyDoNotCount) {
  const TestCertificate expired = Certificate("expired", "elsewhere.example", -3);
  request_.tlsa = {RecordFor(expired.certificate_file, kDaneEe, 1, 1)};
  EXPECT_TRUE(Shake(expired).verified);
}

TEST_F(DaneHandshakeTest, DA10_AnAuthorityOfTheRecordProvesTheNamesOfTheHost) {
  const TestCertificate own = Certificate("ta", "mx.example");
  for (const int selector : {0, 1}) {
    for (const int matching : {0, 1, 2}) {
      request_.tlsa = {RecordFor(own.ca_file, kDaneTa, selector, matching)};
      EXPECT_TRUE(Shake(own).verified) << selector << ' ' << matching;
    }
  }
  request_.tlsa = {RecordFor(Certificate("ta2", "mx.example").ca_file, kDaneTa, 1, 1)};
  EXPECT_FALSE(Shake(own).verified);
}

TEST_F(DaneHandshakeTest, DA10_AnAuthorityOfTheRecordDoesNotProveOtherNames) {
  const TestCertificate elsewhere = Certificate("name", "example");
  request_.tlsa = {RecordFor(elsewhere.ca_file, kDaneTa, 1, 1)};
  EXPECT_FALSE(Shake(elsewhere).verified);
  request_.names = {"example"};  // the next-hop domain
  EXPECT_TRUE(Shake(elsewhere).verified);
}

TEST_F(DaneHandshakeTest, DA10_AnAuthorityOfTheRecordDoesNotProveWhatHasExpired) {
  const TestCertificate expired = Certificate("late", "mx.example", -3);
  request_.tlsa = {RecordFor(expired.ca_file, kDaneTa, 1, 1)};
  EXPECT_FALSE(Shake(expired).verified);
}

TEST_F(DaneHandshakeTest, DA12_TheStrongestDigestDecides) {
  const TestCertificate own = Certificate("agile", "mx.example");
  const TestCertificate other = Certificate("agile2", "mx.example");
  request_.tlsa = Deciding({RecordFor(own.certificate_file, kDaneEe, 1, 1),
                            RecordFor(other.certificate_file, kDaneEe, 1, 2)});
  EXPECT_FALSE(Shake(own).verified);
  EXPECT_TRUE(Shake(other).verified);
}

TEST_F(DaneHandshakeTest, DA17_EitherKeyPassesDuringARollover) {
  const TestCertificate before = Certificate("before", "mx.example");
  const TestCertificate after = Certificate("after", "mx.example");
  request_.tlsa = {RecordFor(before.certificate_file, kDaneEe, 1, 1),
                   RecordFor(after.certificate_file, kDaneEe, 1, 1)};
  EXPECT_TRUE(Shake(before).verified);
  EXPECT_TRUE(Shake(after).verified);
}

// Else OpenSSL would fall back on the authorities of the system.
TEST_F(DaneHandshakeTest, DA06_RecordsThatCannotBeUsedAreNoHandshake) {
  request_.context = *TlsContext::Client({});
  request_.tlsa = {{.usage = 3, .selector = 1, .matching = 1, .data = "short"}};
  EXPECT_FALSE(TlsEngine::Create(request_).ok());
}

}  // namespace
}  // namespace convoy::dane
