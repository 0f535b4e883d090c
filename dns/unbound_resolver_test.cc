#include "dns/unbound_resolver.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "dns/caching_resolver.h"
#include "dns/mx_plan.h"
#include "dns/test_dns_server.h"
#include "gtest/gtest.h"
#include "runtime/kernel_loop.h"

namespace convoy::dns {
namespace {

IpAddress Ip(std::string_view text) { return *IpAddress::Parse(text); }

class UnboundResolverTest : public testing::Test {
 protected:
  void Start(Duration timeout = Seconds(30), size_t in_flight_max = 1000) {
    server_.Start();
    UnboundResolver::Options options;
    options.servers = {server_.where()};
    options.timeout = timeout;
    options.in_flight_max = in_flight_max;
    auto created = UnboundResolver::Create(loop_, options);
    ASSERT_TRUE(created.ok()) << created.status().ToString();
    resolver_ = *std::move(created);
  }
  DnsAnswer Ask(const std::string& name, RecordType type) {
    std::optional<DnsAnswer> answer;
    resolver_->Resolve(name, type, [&](DnsAnswer a) { answer = std::move(a); });
    EXPECT_FALSE(answer.has_value());
    EXPECT_TRUE(RunUntil([&] { return answer.has_value(); }));
    return answer.value_or(DnsAnswer{});
  }
  template <typename Condition>
  bool RunUntil(Condition condition) {
    return loop_.RunUntilTrue(condition, loop_.MonoNow() + Seconds(60));
  }

  KernelLoop loop_;
  TestDnsServer server_;
  std::unique_ptr<UnboundResolver> resolver_;
};

TEST_F(UnboundResolverTest, AnswersEveryTypeOfRecord) {
  server_.AddMx("example.test", 10, "MX1.example.test");
  server_.AddMx("example.test", 0, ".");
  server_.AddAddress("mx1.example.test", Ip("192.0.2.1"));
  server_.AddAddress("mx1.example.test", Ip("192.0.2.2"));
  server_.AddAddress("mx1.example.test", Ip("2001:db8::1"));
  constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\1\1", 16);
  server_.Add("mapped.example.test", 28, std::string(kMapped));
  server_.AddText("example.test", std::string(300, 't'));
  Start();
  DnsAnswer mx = Ask("Example.Test.", RecordType::kMx);
  EXPECT_EQ(mx.status, DnsStatus::kOk);
  std::ranges::sort(mx.mx);
  const std::vector<MxRecord> expected = {{0, "."}, {10, "mx1.example.test"}};
  EXPECT_EQ(mx.mx, expected);
  EXPECT_EQ(mx.ttl.us, Seconds(300).us);
  EXPECT_FALSE(mx.secure);
  EXPECT_EQ(Ask("mx1.example.test", RecordType::kA).addresses.size(), 2u);
  const DnsAnswer aaaa = Ask("mx1.example.test", RecordType::kAaaa);
  ASSERT_EQ(aaaa.addresses.size(), 1u);
  EXPECT_EQ(aaaa.addresses[0], Ip("2001:db8::1"));
  const DnsAnswer mapped = Ask("mapped.example.test", RecordType::kAaaa);
  ASSERT_EQ(mapped.addresses.size(), 1u);
  EXPECT_EQ(mapped.addresses[0], Ip("127.0.1.1"));
  const DnsAnswer text = Ask("example.test", RecordType::kTxt);
  ASSERT_EQ(text.texts.size(), 1u);
  EXPECT_EQ(text.texts[0], std::string(300, 't'));
}

TEST_F(UnboundResolverTest, TellsNoDataFromNoName) {
  server_.AddAddress("example.test", Ip("192.0.2.1"));
  Start();
  const DnsAnswer nodata = Ask("example.test", RecordType::kMx);
  EXPECT_EQ(nodata.status, DnsStatus::kNoData);
  EXPECT_GT(nodata.ttl.us, 0);
  EXPECT_EQ(Ask("nowhere.test", RecordType::kMx).status, DnsStatus::kNxDomain);
}

TEST_F(UnboundResolverTest, FollowsAliases) {
  server_.AddCname("alias.example", "real.example");
  server_.AddMx("real.example", 5, "mx.real.example");
  Start();
  const DnsAnswer answer = Ask("alias.example", RecordType::kMx);
  EXPECT_EQ(answer.status, DnsStatus::kOk);
  EXPECT_EQ(answer.canonical_name, "real.example");
  ASSERT_EQ(answer.mx.size(), 1u);
  EXPECT_EQ(answer.mx[0].host, "mx.real.example");
}

TEST_F(UnboundResolverTest, AServerThatFailsIsTemporary) {
  server_.SetServFail("broken.example");
  Start();
  EXPECT_EQ(Ask("broken.example", RecordType::kMx).status, DnsStatus::kServFail);
}

TEST_F(UnboundResolverTest, ASilentServerTimesOut) {
  server_.SetSilent("silent.example");
  Start(Milliseconds(200));
  EXPECT_EQ(Ask("silent.example", RecordType::kMx).status, DnsStatus::kTimeout);
  EXPECT_EQ(resolver_->pending(), 0u);
}

TEST_F(UnboundResolverTest, QuestionsBeyondTheLimitWaitTheirTurn) {
  constexpr int kNames = 50;
  for (int i = 0; i < kNames; ++i) {
    server_.AddAddress(Cat("h", i, ".example"), Ip(Cat("192.0.2.", i)));
  }
  Start(Seconds(30), 3);
  int answered = 0;
  for (int i = 0; i < kNames; ++i) {
    resolver_->Resolve(Cat("h", i, ".example"), RecordType::kA, [&, i](DnsAnswer a) {
      ASSERT_EQ(a.addresses.size(), 1u);
      EXPECT_EQ(a.addresses[0], Ip(Cat("192.0.2.", i)));
      ++answered;
    });
  }
  EXPECT_TRUE(RunUntil([&] { return answered == kNames; }));
}

TEST_F(UnboundResolverTest, WhatIsPendingIsAnsweredWhenItGoes) {
  server_.SetSilent("silent.example");
  Start();
  std::optional<DnsAnswer> answer;
  resolver_->Resolve("silent.example", RecordType::kA, [&](DnsAnswer a) { answer = a; });
  resolver_.reset();
  EXPECT_FALSE(answer.has_value());
  EXPECT_TRUE(RunUntil([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->status, DnsStatus::kTimeout);
}

TEST_F(UnboundResolverTest, OptionsItRefusesAreNamed) {
  UnboundResolver::Options options;
  options.trust_anchor_file = "/nowhere/root.key";
  const auto created = UnboundResolver::Create(loop_, options);
  EXPECT_TRUE(absl::IsInvalidArgument(created.status())) << created.status().ToString();
  EXPECT_NE(created.status().message().find("/nowhere/root.key"), std::string::npos);
}

Task<void> PlanInto(Resolver& resolver, Rng& rng, std::string domain, std::optional<MxPlan>* out) {
  const PlanOptions options;
  *out = co_await PlanFor(resolver, domain, options, rng);
}

TEST_F(UnboundResolverTest, AWholePlanThroughTheCache) {
  server_.AddMx("example.com", 20, "b.example.com");
  server_.AddMx("example.com", 10, "a.example.com");
  server_.AddAddress("a.example.com", Ip("192.0.2.1"));
  server_.AddAddress("b.example.com", Ip("192.0.2.2"));
  Start();
  CachingResolver cache(loop_, *resolver_);
  Rng rng(1);
  for (int i = 0; i < 3; ++i) {
    std::optional<MxPlan> plan;
    Spawn(PlanInto(cache, rng, "example.com", &plan));
    ASSERT_TRUE(RunUntil([&] { return plan.has_value(); }));
    ASSERT_FALSE(plan->failure.has_value()) << plan->failure->text;
    ASSERT_EQ(plan->hosts.size(), 2u);
    EXPECT_EQ(plan->hosts[0].name, "a.example.com");
    EXPECT_EQ(plan->hosts[1].addresses[0], Ip("192.0.2.2"));
  }
  EXPECT_EQ(cache.misses(), 5);
  EXPECT_EQ(server_.Count("example.com", 15), 1);
}

}  // namespace
}  // namespace convoy::dns
