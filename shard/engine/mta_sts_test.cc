// MTA-STS in the delivery engine: which hosts a policy lets have mail, and how.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "shard/engine/engine_fixture.h"
#include "sts/table_fetcher.h"

namespace convoy::shard {
namespace {

class MtaStsEngineTest : public EngineFixture {
 protected:
  MtaStsEngineTest() {
    policies_.policy->tls = smtp::TlsMode::kOpportunistic;
    policies_.policy->use_mta_sts = true;
    host_.extensions.push_back("STARTTLS");
    sts_ = &book_;
  }
  void Publish(std::string_view mode, std::string_view mx = "mx.x.test",
               std::string_view id = "1") {
    resolver_.Remove("_mta-sts.x.test");
    resolver_.AddText("_mta-sts.x.test", Cat("v=STSv1; id=", id));
    fetcher_.texts["x.test"] = sts::PolicyText(mode, mx);
  }
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
  std::string Failure() const {
    std::string diag;
    for (const AccountEvent& event : Events()) {
      if (event.type == EventType::kTransientQueue) diag = event.dsn_diag;
    }
    return diag;
  }
  Task<void> Ask(dns::MxHost host, TlsDemand* demand) {
    *demand = co_await DemandFor(resolver_, sts_, *policies_.policy, host);
  }
  // The mail waits, and MAIL was said to nobody.
  void ExpectNoMail() {
    EXPECT_EQ(host_.dots, 0);
    for (const std::string& command : host_.commands) EXPECT_FALSE(command.starts_with("MAIL"));
    EXPECT_FALSE(Events().empty());
    for (const AccountEvent& event : Events()) {
      EXPECT_TRUE(event.type == EventType::kTransientQueue) << event.dsn_status;
      EXPECT_TRUE(event.dsn_status.starts_with("4.")) << event.dsn_status;
    }
  }

  sts::TableFetcher fetcher_{loop_};
  sts::TableStore store_;
  sts::PolicyBook book_{
      {.loop = loop_, .resolver = resolver_, .fetcher = fetcher_, .store = store_}};
};

TEST_F(MtaStsEngineTest, MS09_AHostThatThePolicyCoversAndThatProvesItsNameGetsTheMail) {
  Publish("enforce");
  Deliver();
  EXPECT_EQ(Outbox(), "d:a@x.test");
  EXPECT_EQ(Events()[0].dlv_tls_proof, "mta-sts");
}

TEST_F(MtaStsEngineTest, MS09_AStrippedStarttlsGetsNone) {
  Publish("enforce");
  host_.extensions = {"PIPELINING"};
  Deliver();
  ExpectNoMail();
}

TEST_F(MtaStsEngineTest, MS09_AHandshakeThatFailsIsNotFollowedByClearText) {
  Publish("enforce");
  LinkOptions link;
  link.tls_failure_probability = 1;
  network_.SetLink(link);
  Deliver();
  ExpectNoMail();
  EXPECT_GT(host_.connections, 0);
}

TEST_F(MtaStsEngineTest, MS09_AnotherCertificateGetsNoneAndAQuit) {
  Publish("enforce");
  HostsProve(false);
  Deliver();
  ExpectNoMail();
  EXPECT_EQ(host_.commands.back(), "QUIT");
}

TEST_F(MtaStsEngineTest, MS09_AHostThatThePolicyDoesNotCoverGetsNoConnection) {
  Publish("enforce", "*.x.test.elsewhere");
  Deliver();
  ExpectNoMail();
  EXPECT_EQ(host_.connections, 0);
  EXPECT_EQ(Failure(), "MTA-STS: mx.x.test is no mx of the policy of x.test");
}

TEST_F(MtaStsEngineTest, MS09_TheNextHostIsTriedWhenOneFails) {
  const IpAddress second = IpAddress::V4(192, 0, 2, 26);
  ScriptedHost next(network_, {second, 25});
  next.extensions.push_back("STARTTLS");
  resolver_.AddMx("x.test", 20, "mx2.x.test");
  resolver_.AddAddress("mx2.x.test", second);
  Publish("enforce", "mx2.x.test");
  Deliver();
  EXPECT_EQ(host_.connections, 0);
  EXPECT_EQ(next.dots, 1);
}

TEST_F(MtaStsEngineTest, MS09_TestingDeliversAndReports) {
  Publish("testing", "other.x.test");
  host_.extensions = {"PIPELINING"};
  testing::internal::CaptureStderr();
  Deliver();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(Outbox(), "d:a@x.test");
  EXPECT_NE(log.find("mx.x.test is no mx of the policy"), std::string::npos) << log;
}

TEST_F(MtaStsEngineTest, MS09_TestingReportsWhatTheDialogueShows) {
  Publish("testing");
  HostsProve(false);
  testing::internal::CaptureStderr();
  Deliver();
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(Outbox(), "d:a@x.test");
  EXPECT_NE(log.find("testing mode: self-signed certificate"), std::string::npos) << log;
  host_.extensions = {"PIPELINING"};
  testing::internal::CaptureStderr();
  Send("b@x.test");
  Run();
  log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("testing mode: no TLS"), std::string::npos) << log;
}

TEST_F(MtaStsEngineTest, MS09_NoneAsksForNothing) {
  Publish("none", "other.x.test");
  host_.extensions = {"PIPELINING"};
  testing::internal::CaptureStderr();
  Deliver();
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("would get no mail"), std::string::npos);
  EXPECT_EQ(Outbox(), "d:a@x.test");
}

TEST_F(MtaStsEngineTest, MS04_WithoutAPolicyTlsIsOpportunistic) {
  Publish("enforce");
  fetcher_.texts.clear();
  host_.extensions = {"PIPELINING"};
  Deliver();
  EXPECT_EQ(Outbox(), "d:a@x.test");
}

TEST_F(MtaStsEngineTest, MS10_MailThatWaitsGoesWhenANewPolicyLetsIt) {
  Publish("enforce", "other.x.test");
  StartEngine();
  Send("a@x.test");
  loop_.RunFor(Minutes(1));
  EXPECT_EQ(host_.dots, 0);
  Publish("enforce", "mx.x.test", "2");
  loop_.RunFor(Hours(1));
  EXPECT_EQ(host_.dots, 1);
}

TEST_F(MtaStsEngineTest, MS06_TheNextHopOfARouteHasItsOwnPolicy) {
  Publish("enforce", "other.x.test");
  policies_.policy->smtp_hosts = "mx.x.test";
  Deliver();
  EXPECT_EQ(Outbox(), "d:a@x.test");
}

TEST_F(MtaStsEngineTest, MS11_TL08_TheNameForSniIsTheMxHost) {
  Publish("enforce", "*.x.test");
  TlsDemand demand;
  Spawn(Ask({.name = "mx.x.test", .next_hops = {"x.test"}}, &demand));
  loop_.RunFor(Seconds(1));
  EXPECT_EQ(demand.proof, "mta-sts");
  EXPECT_EQ(demand.sni, "mx.x.test");
  EXPECT_TRUE(demand.names.empty());  // nor is the certificate for another one good
}

TEST(TlsDemandTest, TL10_SessionsAreKeptApartByEverythingThatIsAskedFor) {
  const Endpoint peer{IpAddress::V4(192, 0, 2, 25), 25};
  std::vector<TlsDemand> demands(7);
  demands[1].must_verify = true;
  demands[2].tlsa = {{.usage = 3, .selector = 1, .matching = 1, .data = "a"}};
  demands[3].tlsa = {{.usage = 3, .selector = 1, .matching = 1, .data = "b"}};
  demands[4].sni = "mx.x.test";
  demands[5].names = {"x.test"};
  demands[6].mode = smtp::TlsMode::kRequired;
  std::set<std::string> keys;
  for (const TlsDemand& demand : demands) keys.insert(SessionKey(demand, "192.0.2.1", peer));
  keys.insert(SessionKey(demands[0], "192.0.2.2", peer));
  keys.insert(SessionKey(demands[0], "192.0.2.1", {peer.ip, 26}));
  EXPECT_EQ(keys.size(), 9u);
}

class DaneAndMtaStsTest : public MtaStsEngineTest {
 protected:
  DaneAndMtaStsTest() {
    policies_.policy->use_dane = true;
    resolver_.set_secure(true);
  }
  void Tlsa(char usage) {
    resolver_.AddTlsa("_25._tcp.mx.x.test", Cat(std::string({usage, 1, 1}), std::string(32, 'd')));
  }
};

TEST_F(DaneAndMtaStsTest, MS12_AProofByDaneNeedsNoPolicy) {
  Tlsa(3);
  Publish("enforce", "other.x.test");
  Deliver();
  EXPECT_EQ(Outbox(), "d:a@x.test");
  EXPECT_EQ(Events()[0].dlv_tls_proof, "dane");
}

TEST_F(DaneAndMtaStsTest, MS12_APolicyDoesNotMendAFailureOfDane) {
  Publish("enforce");
  resolver_.Fail("_25._tcp.mx.x.test", dns::DnsStatus::kBogus);
  Deliver();
  ExpectNoMail();
  EXPECT_EQ(host_.connections, 0);
}

TEST_F(DaneAndMtaStsTest, MS12_WhereDaneProvesNothingThePolicyDoes) {
  Tlsa(1);
  Publish("enforce");
  HostsProve(false);
  Deliver();
  ExpectNoMail();
}

}  // namespace
}  // namespace convoy::shard
