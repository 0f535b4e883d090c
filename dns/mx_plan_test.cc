// The MX rules by their ids in the project's list of duties (RFC 5321 5.1, RFC 7505).

#include "dns/mx_plan.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "dns/table_resolver.h"
#include "gtest/gtest.h"
#include "runtime/virtual_loop.h"

namespace convoy::dns {
namespace {

IpAddress Ip(std::string_view text) { return *IpAddress::Parse(text); }

Task<void> Collect(Resolver& resolver, std::string domain, PlanOptions options, Rng& rng,
                   MxPlan* out, bool* done) {
  *out = co_await PlanFor(resolver, domain, options, rng);
  *done = true;
}

class MxPlanTest : public testing::Test {
 protected:
  MxPlan Plan(const std::string& domain) {
    MxPlan plan;
    bool done = false;
    Spawn(Collect(dns_, domain, options_, rng_, &plan, &done));
    loop_.RunUntilIdle();
    EXPECT_TRUE(done);
    EXPECT_EQ(plan.failure.has_value(), plan.hosts.empty());
    return plan;
  }
  // `mx.example.com/192.0.2.1,192.0.2.2 ...`, or the failure as `550 5.1.2`.
  static std::string Show(const MxPlan& plan) {
    if (plan.failure.has_value()) return Cat(plan.failure->code, ' ', plan.failure->status);
    std::string out;
    for (const MxHost& host : plan.hosts) {
      CatTo(&out, out.empty() ? "" : " ", host.name, host.port == 25 ? "" : Cat(':', host.port));
      char separator = '/';
      for (const IpAddress& ip : host.addresses) {
        CatTo(&out, std::exchange(separator, ','), ip.ToString());
      }
    }
    return out;
  }
  void WeAre(Ourselves ourselves) {
    options_.ourselves = std::make_shared<const Ourselves>(std::move(ourselves));
  }
  void Host(std::string_view name, std::string_view ip) { dns_.AddAddress(name, Ip(ip)); }

  VirtualLoop loop_;
  TableResolver dns_{loop_};
  Rng rng_{1};
  PlanOptions options_;
};

TEST_F(MxPlanTest, MX01_AnAliasReplacesTheNameAndItsMxIsUsed) {
  dns_.AddCname("alias.example", "real.example");
  dns_.AddMx("real.example", 10, "mx.real.example");
  Host("mx.real.example", "192.0.2.1");
  EXPECT_EQ(Show(Plan("alias.example")), "mx.real.example/192.0.2.1");
  EXPECT_EQ(Show(Plan("ALIAS.Example.")), "mx.real.example/192.0.2.1");
}

TEST_F(MxPlanTest, MX01_AnAliasWithoutMxIsAnImplicitMxOfItsTarget) {
  dns_.AddCname("alias.example", "real.example");
  Host("real.example", "192.0.2.1");
  const MxPlan plan = Plan("alias.example");
  EXPECT_EQ(Show(plan), "real.example/192.0.2.1");
  EXPECT_TRUE(plan.implicit_mx);
}

TEST_F(MxPlanTest, MX02_ANameThatDoesNotExistIsPermanent) {
  const MxPlan plan = Plan("nowhere.example");
  EXPECT_EQ(Show(plan), "550 5.1.2");
  EXPECT_TRUE(plan.failure->permanent);
  EXPECT_NE(plan.failure->text.find("nowhere.example"), std::string::npos);
}

TEST_F(MxPlanTest, MX03_NoAnswerIsTemporaryAndNeverTheAddress) {
  for (const DnsStatus status : {DnsStatus::kServFail, DnsStatus::kTimeout, DnsStatus::kBogus}) {
    Host("example.com", "192.0.2.9");
    dns_.Fail("example.com", RecordType::kMx, status);
    const MxPlan plan = Plan("example.com");
    EXPECT_EQ(Show(plan), "451 4.4.3") << ToString(status);
    EXPECT_FALSE(plan.failure->permanent);
  }
}

TEST_F(MxPlanTest, MX04_WithoutMxTheDomainItselfIsTheHost) {
  Host("example.com", "192.0.2.9");
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "example.com/192.0.2.9");
  EXPECT_EQ(plan.hosts[0].preference, 0);
  EXPECT_TRUE(plan.implicit_mx);
}

TEST_F(MxPlanTest, MX04_NeitherMxNorAddressIsPermanent) {
  dns_.AddText("example.com", "v=spf1 -all");
  EXPECT_EQ(Show(Plan("example.com")), "550 5.4.4");
}

TEST_F(MxPlanTest, MX04_TheAddressLookupMayFailForNow) {
  dns_.AddText("example.com", "v=spf1 -all");
  dns_.Fail("example.com", RecordType::kA, DnsStatus::kTimeout);
  EXPECT_EQ(Show(Plan("example.com")), "451 4.4.3");
}

TEST_F(MxPlanTest, MX04_CanBeForbidden) {
  options_.bounce_upon_no_mx = true;
  Host("example.com", "192.0.2.9");
  EXPECT_EQ(Show(Plan("example.com")), "550 5.1.2");
}

TEST_F(MxPlanTest, MX05_UnusableMxNeverFallsBackToTheAddress) {
  Host("example.com", "192.0.2.9");
  dns_.AddMx("example.com", 10, "gone.example.com");
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "550 5.4.4");
  EXPECT_TRUE(plan.failure->permanent);
}

TEST_F(MxPlanTest, MX05_AHostWhoseLookupFailsNowMakesItTemporary) {
  Host("example.com", "192.0.2.9");
  dns_.AddMx("example.com", 10, "gone.example.com");
  dns_.AddMx("example.com", 20, "slow.example.com");
  dns_.Fail("slow.example.com", DnsStatus::kServFail);
  EXPECT_EQ(Show(Plan("example.com")), "451 4.4.3");
}

TEST_F(MxPlanTest, MX06_LowerPreferenceFirst) {
  dns_.AddMx("example.com", 30, "c.example.com");
  dns_.AddMx("example.com", 10, "a.example.com");
  dns_.AddMx("example.com", 20, "b.example.com");
  dns_.AddMx("example.com", 20, "b2.example.com");
  for (const char* name : {"a", "b", "b2", "c"}) Host(Cat(name, ".example.com"), "192.0.2.1");
  for (int i = 0; i < 20; ++i) {
    const MxPlan plan = Plan("example.com");
    ASSERT_EQ(plan.hosts.size(), 4u);
    EXPECT_EQ(plan.hosts[0].name, "a.example.com");
    EXPECT_EQ(plan.hosts[1].preference, 20);
    EXPECT_EQ(plan.hosts[2].preference, 20);
    EXPECT_EQ(plan.hosts[3].name, "c.example.com");
  }
}

TEST_F(MxPlanTest, MX07_EqualPreferencesAreChosenEvenly) {
  constexpr int kHosts = 4;
  constexpr int kDeliveries = 1000;
  for (int i = 0; i < kHosts; ++i) {
    dns_.AddMx("example.com", 10, Cat("mx", i, ".example.com"));
    Host(Cat("mx", i, ".example.com"), "192.0.2.1");
  }
  std::map<std::string, int> first;
  for (int i = 0; i < kDeliveries; ++i) ++first[Plan("example.com").hosts[0].name];
  ASSERT_EQ(first.size(), static_cast<size_t>(kHosts));
  double chi_square = 0;
  for (const auto& [name, count] : first) {
    const double expected = 1.0 * kDeliveries / kHosts;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  EXPECT_LT(chi_square, 16.27);  // 3 degrees of freedom, p = 0.001
}

TEST_F(MxPlanTest, MX08_AddressesStayInTheResolversOrder) {
  dns_.AddMx("example.com", 10, "mx.example.com");
  for (const char* ip : {"192.0.2.3", "192.0.2.1", "192.0.2.2"}) Host("mx.example.com", ip);
  EXPECT_EQ(Show(Plan("example.com")), "mx.example.com/192.0.2.3,192.0.2.1,192.0.2.2");
}

TEST_F(MxPlanTest, MX09_TheCapOfAddressesIsAtLeastTwo) {
  dns_.AddMx("example.com", 10, "mx.example.com");
  for (const char* ip : {"192.0.2.3", "192.0.2.1", "192.0.2.2"}) Host("mx.example.com", ip);
  options_.addresses_per_host_max = 1;
  EXPECT_EQ(Show(Plan("example.com")), "mx.example.com/192.0.2.3,192.0.2.1");
}

TEST_F(MxPlanTest, MX10_OurselvesAndWhatIsNotPreferredOverUsIsDropped) {
  dns_.AddMx("example.com", 10, "a.example.com");
  dns_.AddMx("example.com", 20, "us.example.net");
  dns_.AddMx("example.com", 20, "b.example.com");
  dns_.AddMx("example.com", 30, "c.example.com");
  for (const char* name : {"a.example.com", "b.example.com", "c.example.com"}) {
    Host(name, "192.0.2.1");
  }
  Host("us.example.net", "192.0.2.77");
  WeAre({.names = {"us.example.net"}});
  EXPECT_EQ(Show(Plan("example.com")), "a.example.com/192.0.2.1");
  WeAre({.endpoints = {{.ip = Ip("192.0.2.77"), .port = 25}}});
  EXPECT_EQ(Show(Plan("example.com")), "a.example.com/192.0.2.1");
  WeAre({.endpoints = {{.ip = Ip("192.0.2.77"), .port = 2525}}});
  EXPECT_EQ(Plan("example.com").hosts.size(), 4u);
}

TEST_F(MxPlanTest, MX10_NothingLeftIsALoop) {
  dns_.AddMx("example.com", 10, "us.example.net");
  Host("us.example.net", "192.0.2.77");
  WeAre({.names = {"us.example.net"}});
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "550 5.4.6");
  EXPECT_TRUE(plan.failure->permanent);
}

TEST_F(MxPlanTest, MX10_ABetterHostOutOfSightIsNoLoop) {
  dns_.AddMx("example.com", 10, "a.example.com");
  dns_.AddMx("example.com", 20, "us.example.net");
  Host("us.example.net", "192.0.2.77");
  Host("a.example.com", "192.0.2.1");
  dns_.Fail("a.example.com", DnsStatus::kServFail);
  WeAre({.names = {"us.example.net"}});
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "451 4.4.3");
  EXPECT_FALSE(plan.failure->permanent);
}

TEST_F(MxPlanTest, MX10_ARouteMayNameUsButNotLeadToUs) {
  Host("us.example.net", "192.0.2.77");
  WeAre({.names = {"us.example.net"}, .endpoints = {{.ip = Ip("192.0.2.77"), .port = 25}}});
  options_.route = "us.example.net:10025";
  EXPECT_EQ(Show(Plan("example.com")), "us.example.net:10025/192.0.2.77");
  options_.route = "us.example.net";
  EXPECT_EQ(Show(Plan("example.com")), "451 4.4.6");
}

TEST_F(MxPlanTest, MX11_AddressesAndAliasesAsMxAreNotedAndSurvived) {
  dns_.AddMx("example.com", 10, "192.0.2.1");
  dns_.AddMx("example.com", 20, "alias.example.com");
  dns_.AddCname("alias.example.com", "real.example.com");
  Host("real.example.com", "192.0.2.2");
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "alias.example.com/192.0.2.2");
  EXPECT_EQ(plan.anomalies.size(), 2u);
}

TEST_F(MxPlanTest, MX11_NamesThatAreNoneAreNoted) {
  dns_.AddMx("example.com", 10, "bad\nname.example.com");
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "550 5.4.4");
  ASSERT_EQ(plan.anomalies.size(), 1u);
  EXPECT_EQ(plan.anomalies[0].find('\n'), std::string::npos);
}

TEST_F(MxPlanTest, MX12_ANullMxIsPermanentAndAsksNothingMore) {
  dns_.AddMx("example.com", 0, ".");
  Host("example.com", "192.0.2.9");
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "556 5.1.10");
  EXPECT_TRUE(plan.failure->permanent);
  EXPECT_EQ(dns_.questions(), 1);
}

TEST_F(MxPlanTest, MX13_ADotBesideOthersIsPassedOver) {
  dns_.AddMx("example.com", 0, ".");
  dns_.AddMx("example.com", 10, "mx.example.com");
  Host("mx.example.com", "192.0.2.1");
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "mx.example.com/192.0.2.1");
  EXPECT_EQ(plan.anomalies.size(), 1u);
}

TEST_F(MxPlanTest, MX13_ADotWithAPreferenceIsNoNullMx) {
  dns_.AddMx("example.com", 10, ".");
  Host("example.com", "192.0.2.9");
  EXPECT_EQ(Show(Plan("example.com")), "550 5.4.4");
}

TEST_F(MxPlanTest, MX15_AddressLiteralsAreTheirOwnHosts) {
  const MxPlan plan = Plan("[192.0.2.1]");
  EXPECT_EQ(Show(plan), "[192.0.2.1]/192.0.2.1");
  EXPECT_TRUE(plan.address_literal);
  EXPECT_EQ(Show(Plan("[IPv6:2001:db8::1]")), "[IPv6:2001:db8::1]/2001:db8::1");
  EXPECT_EQ(Show(Plan("[2001:db8::1]")), "550 5.1.2");
  EXPECT_EQ(Show(Plan("[192.0.2]")), "550 5.1.2");
  EXPECT_EQ(Show(Plan("[127.0.0.1]")), "550 5.4.6");
  EXPECT_EQ(dns_.questions(), 0);
}

TEST_F(MxPlanTest, MX16_OnlyTheFamiliesOfTheSourceAreUsed) {
  dns_.AddMx("example.com", 10, "mx.example.com");
  Host("mx.example.com", "192.0.2.1");
  Host("mx.example.com", "2001:db8::1");
  EXPECT_EQ(Show(Plan("example.com")), "mx.example.com/192.0.2.1,2001:db8::1");
  options_.ipv6 = false;
  EXPECT_EQ(Show(Plan("example.com")), "mx.example.com/192.0.2.1");
  options_.ipv6 = true;
  options_.ipv4 = false;
  EXPECT_EQ(Show(Plan("example.com")), "mx.example.com/2001:db8::1");
}

TEST_F(MxPlanTest, MX16_AHostOfTheOtherFamilyIsOursToFix) {
  dns_.AddMx("example.com", 10, "mx.example.com");
  Host("mx.example.com", "2001:db8::1");
  options_.ipv6 = false;
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "451 4.4.4");
  EXPECT_NE(plan.failure->text.find("IPv6"), std::string::npos);
}

TEST_F(MxPlanTest, MX17_LoopbackIsRefusedUnlessAllowed) {
  dns_.AddMx("example.com", 10, "mx.example.com");
  Host("mx.example.com", "127.0.0.1");
  Host("mx.example.com", "0.0.0.0");
  Host("mx.example.com", "::1");
  EXPECT_EQ(Show(Plan("example.com")), "550 5.4.6");
  Host("mx.example.com", "192.0.2.1");
  EXPECT_EQ(Show(Plan("example.com")), "mx.example.com/192.0.2.1");
  EXPECT_EQ(Show(Plan("[IPv6:::ffff:127.0.1.1]")), "550 5.4.6");
  options_.allow_loopback = true;
  EXPECT_EQ(Plan("example.com").hosts[0].addresses.size(), 4u);
  EXPECT_EQ(Show(Plan("[IPv6:::ffff:127.0.1.1]")), "[IPv6:::ffff:127.0.1.1]/127.0.1.1");
}

TEST_F(MxPlanTest, NamesThatCannotBeAskedForFailAtOnce) {
  for (const char* domain : {"", ".", "a..b", "two words.example", "x\r\ny.example"}) {
    EXPECT_EQ(Show(Plan(domain)), "550 5.1.2") << domain;
  }
  EXPECT_EQ(dns_.questions(), 0);
}

TEST_F(MxPlanTest, TheNumberOfHostsIsBounded) {
  for (int i = 0; i < 100; ++i) {
    dns_.AddMx("example.com", static_cast<uint16_t>(100 - i), Cat("mx", i, ".example.com"));
    Host(Cat("mx", i, ".example.com"), "192.0.2.1");
  }
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(plan.hosts.size(), kHostsMax);
  EXPECT_EQ(plan.hosts[0].name, "mx99.example.com");
}

TEST_F(MxPlanTest, ARouteReplacesTheMx) {
  dns_.AddMx("example.com", 10, "mx.example.com");
  Host("relay.example.net", "198.51.100.1");
  options_.route = "relay.example.net:2525";
  EXPECT_EQ(Show(Plan("example.com")), "relay.example.net:2525/198.51.100.1");
  options_.route = "[192.0.2.5]:26; [2001:db8::5]";
  EXPECT_EQ(Show(Plan("example.com")), "[192.0.2.5]:26/192.0.2.5 [IPv6:2001:db8::5]/2001:db8::5");
}

TEST_F(MxPlanTest, ARouteHasLevelsAndMayLookUpMx) {
  dns_.AddMx("other.example", 20, "b.other.example");
  dns_.AddMx("other.example", 10, "a.other.example");
  Host("a.other.example", "192.0.2.1");
  Host("b.other.example", "192.0.2.2");
  Host("x.example", "192.0.2.3");
  Host("y.example", "192.0.2.4");
  options_.route = "x.example, y.example; lookup-mx:other.example";
  std::set<std::string> first;
  for (int i = 0; i < 30; ++i) {
    const MxPlan plan = Plan("example.com");
    ASSERT_EQ(plan.hosts.size(), 4u);
    first.insert(plan.hosts[0].name);
    EXPECT_EQ(plan.hosts[2].name, "a.other.example");
    EXPECT_EQ(plan.hosts[3].name, "b.other.example");
  }
  EXPECT_EQ(first, (std::set<std::string>{"x.example", "y.example"}));
}

TEST_F(MxPlanTest, AWrongRouteKeepsTheMail) {
  options_.route = "lookup-mx:nowhere.example";
  EXPECT_EQ(Show(Plan("example.com")), "451 4.1.2");
  options_.route = "lookup-mx:nowhere.example; [192.0.2.1]";
  EXPECT_EQ(Show(Plan("example.com")), "[192.0.2.1]/192.0.2.1");
  options_.route = "[192.0.2";
  const MxPlan plan = Plan("example.com");
  EXPECT_EQ(Show(plan), "451 4.3.5");
  EXPECT_NE(plan.failure->text.find("']' is missing"), std::string::npos) << plan.failure->text;
}

TEST(ParseRoute, NamesTheMalformedPlace) {
  for (const char* text :
       {"", "a.example,", "a.example:0", "a.example:99999", "[192.0.2.1]x",
        "lookup-mx:", "lookup-mx:192.0.2.1", "[nonsense]", "two words", "a.example;;b.example"}) {
    const auto route = ParseRoute(text);
    EXPECT_TRUE(absl::IsInvalidArgument(route.status())) << text;
  }
  const auto route = ParseRoute("Relay.Example:26,192.0.2.1:27;lookup-mx:d.example");
  ASSERT_TRUE(route.ok()) << route.status().ToString();
  ASSERT_EQ(route->size(), 3u);
  EXPECT_EQ((*route)[0].name, "relay.example");
  EXPECT_EQ((*route)[0].port, 26);
  EXPECT_EQ((*route)[1].kind, RoutePlace::Kind::kAddress);
  EXPECT_EQ((*route)[2].kind, RoutePlace::Kind::kLookupMx);
  EXPECT_EQ((*route)[2].level, 1);
}

}  // namespace
}  // namespace convoy::dns
