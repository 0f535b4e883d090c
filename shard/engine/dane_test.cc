// DANE in the delivery engine: what a host must prove, and what becomes of the mail if it does not.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/text.h"
#include "shard/engine/engine_fixture.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kTlsaName = "_25._tcp.mx.x.test";

class DaneEngineTest : public EngineFixture {
 protected:
  DaneEngineTest() {
    policies_.policy->tls = smtp::TlsMode::kOpportunistic;
    policies_.policy->use_dane = true;
    resolver_.set_secure(true);
    host_.extensions.push_back("STARTTLS");
  }
  void Tlsa(std::string_view name, char usage = 3) {
    resolver_.AddTlsa(name, Cat(std::string({usage, 1, 1}), std::string(32, 'd')));
  }
  // Whether the certificates of hosts are those that are looked for.
  void HostsProve(bool good) {
    LinkOptions link;
    link.tls_verified = good;
    network_.SetLink(link);
  }
  void Deliver(const std::string& rcpt = "a@x.test") {
    StartEngine();
    Send(rcpt);
    Run();
  }
  // The reason of the last queue-level failure.
  std::string Failure() const {
    std::string diag;
    for (const AccountEvent& event : Events()) {
      if (event.type == EventType::kTransientQueue) diag = event.dsn_diag;
    }
    return diag;
  }
  // MAIL was never said in clear text, nor to the wrong host.
  void ExpectNoMail() {
    EXPECT_EQ(host_.dots, 0);
    for (const std::string& command : host_.commands) EXPECT_FALSE(command.starts_with("MAIL"));
    for (const AccountEvent& event : Events()) {
      EXPECT_TRUE(event.type == EventType::kTransientQueue) << event.dsn_status;
      EXPECT_TRUE(event.dsn_status.starts_with("4.")) << event.dsn_status;
    }
  }
};

TEST_F(DaneEngineTest, DA06_AHostThatIsProvenGetsTheMail) {
  Tlsa(kTlsaName);
  Deliver();
  EXPECT_EQ(Outbox(), "d:a@x.test");
  EXPECT_EQ(Events()[0].dlv_tls_proof, "dane");
}

TEST_F(DaneEngineTest, DA06_AStrippedStarttlsGetsNone) {
  Tlsa(kTlsaName);
  host_.extensions = {"PIPELINING"};
  Deliver();
  ExpectNoMail();
}

TEST_F(DaneEngineTest, DA06_ARefusedStarttlsGetsNone) {
  Tlsa(kTlsaName);
  host_.says["STARTTLS"] = "454 4.7.0 not now";
  Deliver();
  ExpectNoMail();
}

TEST_F(DaneEngineTest, DA06_AHandshakeThatFailsIsNotFollowedByClearText) {
  Tlsa(kTlsaName);
  LinkOptions link;
  link.tls_failure_probability = 1;
  network_.SetLink(link);
  Deliver();
  ExpectNoMail();
  EXPECT_GT(host_.connections, 0);
}

TEST_F(DaneEngineTest, DA06_AnotherCertificateGetsNoneAndAQuit) {
  Tlsa(kTlsaName);
  HostsProve(false);
  Deliver();
  ExpectNoMail();
  EXPECT_EQ(host_.commands.back(), "QUIT");
  EXPECT_NE(Failure().find("certificate"), std::string::npos) << Failure();
}

TEST_F(DaneEngineTest, DA06_TheNextHostIsTriedWhenOneIsNotProven) {
  const IpAddress second = IpAddress::V4(192, 0, 2, 26);
  ScriptedHost next(network_, {second, 25});
  next.extensions.push_back("STARTTLS");
  resolver_.AddMx("x.test", 20, "mx2.x.test");
  resolver_.AddAddress("mx2.x.test", second);
  Tlsa(kTlsaName);
  host_.extensions = {"PIPELINING"};
  Deliver();
  EXPECT_EQ(host_.dots, 0);
  EXPECT_EQ(next.dots, 1);
}

TEST_F(DaneEngineTest, DA14_AProvenHostIsNotPreferredOverABetterOne) {
  const IpAddress second = IpAddress::V4(192, 0, 2, 26);
  ScriptedHost next(network_, {second, 25});
  next.extensions.push_back("STARTTLS");
  resolver_.AddMx("x.test", 20, "mx2.x.test");
  resolver_.AddAddress("mx2.x.test", second);
  Tlsa("_25._tcp.mx2.x.test");
  Deliver();
  EXPECT_EQ(host_.dots, 1);
  EXPECT_EQ(next.connections, 0);
}

TEST_F(DaneEngineTest, DA02_ABogusMxIsNoReasonToGoOnWithoutDane) {
  for (const dns::DnsStatus status : {dns::DnsStatus::kBogus, dns::DnsStatus::kServFail}) {
    resolver_.Fail("x.test", dns::RecordType::kMx, status);
    Deliver();
    ExpectNoMail();
    EXPECT_EQ(host_.connections, 0);
    EXPECT_NE(Failure().find(ToString(status)), std::string::npos) << Failure();
    engine_.reset();
  }
}

TEST_F(DaneEngineTest, DA03_AFailedTlsaLookupGetsNoConnection) {
  resolver_.Fail(kTlsaName, dns::DnsStatus::kBogus);
  Deliver();
  ExpectNoMail();
  EXPECT_EQ(host_.connections, 0);
  EXPECT_NE(Failure().find("TLSA"), std::string::npos) << Failure();
}

TEST_F(DaneEngineTest, DA07_UnusableRecordsAskForTlsWithAnyCertificate) {
  Tlsa(kTlsaName, 1);
  HostsProve(false);
  Deliver();
  EXPECT_EQ(Outbox(), "d:a@x.test");
  EXPECT_EQ(Events()[0].dlv_tls_proof, "");
}

TEST_F(DaneEngineTest, DA07_UnusableRecordsAskForTls) {
  Tlsa(kTlsaName, 1);
  host_.extensions = {"PIPELINING"};
  Deliver();
  ExpectNoMail();
}

TEST_F(DaneEngineTest, DA08_WithoutRecordsTlsIsOpportunistic) {
  HostsProve(false);
  host_.extensions = {"PIPELINING"};
  Deliver();
  EXPECT_EQ(Outbox(), "d:a@x.test");
}

TEST_F(DaneEngineTest, DA15_WhereDaneIsRequiredAnUnsignedMxWaits) {
  policies_.policy->use_dane = false;
  policies_.policy->require_dane = true;
  Tlsa(kTlsaName);
  resolver_.SetSecure("x.test", false);
  Deliver();
  ExpectNoMail();
  EXPECT_EQ(host_.connections, 0);
  EXPECT_EQ(Failure(), "DANE is required: the MX records are not signed");
}

TEST_F(DaneEngineTest, DA16_WhatTheMxDoNotVouchForIsNotCalledProven) {
  Tlsa(kTlsaName);
  resolver_.SetSecure("x.test", false);
  Deliver();
  EXPECT_EQ(Outbox(), "d:a@x.test");
  EXPECT_EQ(Events()[0].dlv_tls_protocol, "TLSv1.3");
  EXPECT_EQ(Events()[0].dlv_tls_proof, "");
}

// "Once" and "cannot be forced": the fallback exists only where nothing asks for more.
TEST_F(DaneEngineTest, AFailedHandshakeIsFollowedByClearTextOnceAndOnlyWhereThatIsAllowed) {
  LinkOptions link;
  link.tls_failure_probability = 1;
  network_.SetLink(link);
  Deliver();
  EXPECT_EQ(Outbox(), "d:a@x.test");
  EXPECT_EQ(host_.connections, 2);
}

TEST_F(DaneEngineTest, DA01_WithoutATrustAnchorAWarningSaysSoOnce) {
  resolver_.set_validates(false);
  Tlsa(kTlsaName);
  host_.extensions = {"PIPELINING"};
  resolver_.AddMx("y.test", 10, "mx.x.test");
  testing::internal::CaptureStderr();
  StartEngine();
  Send("a@x.test");
  Send("a@y.test");
  Run();
  const std::string log = testing::internal::GetCapturedStderr();
  const size_t said = log.find("use-dane has no effect without a trust anchor");
  EXPECT_NE(said, std::string::npos) << log;
  EXPECT_EQ(log.find("use-dane has no effect", said + 1), std::string::npos) << log;
  EXPECT_EQ(host_.dots, 2);
}

}  // namespace
}  // namespace convoy::shard
