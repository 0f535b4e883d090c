#include "sts/policy_book.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "dns/table_resolver.h"
#include "runtime/virtual_loop.h"
#include "sts/table_fetcher.h"

namespace convoy::sts {
namespace {

using dns::DnsStatus;

class PolicyBookTest : public testing::Test {
 protected:
  PolicyBookTest() {
    dns_.set_ttl(Seconds(1));
    Publish("a.example", "1", PolicyText("enforce", "mx.a.example"));
    Restart();
  }
  void Publish(const std::string& domain, std::string_view id, std::string text) {
    dns_.Remove("_mta-sts." + domain);
    dns_.AddText("_mta-sts." + domain, Cat("v=STSv1; id=", id));
    fetcher_.texts[domain] = std::move(text);
  }
  // As a process would be: only the store is left.
  void Restart() {
    book_ = std::make_unique<PolicyBook>(
        PolicyBook::Deps{.loop = loop_, .resolver = dns_, .fetcher = fetcher_, .store = store_});
    const auto values = store_.values;
    for (const auto& [domain, value] : values) book_->Restore(domain, value);
    book_->Start();
  }
  FoundPolicy Find(const std::string& domain = "a.example") {
    std::optional<FoundPolicy> found;
    book_->Find(domain, [&](FoundPolicy f) { found = std::move(f); });
    EXPECT_FALSE(found.has_value());
    loop_.RunFor(Seconds(1));
    EXPECT_TRUE(found.has_value());
    return found.value_or(FoundPolicy{});
  }
  // The first pattern of the policy; "-" when there is none.
  std::string Mx(const std::string& domain = "a.example") {
    const FoundPolicy found = Find(domain);
    return found.policy.has_value() ? found.policy->mx.at(0) : "-";
  }
  size_t fetches() const { return fetcher_.asked.size(); }

  VirtualLoop loop_;
  dns::TableResolver dns_{loop_};
  TableFetcher fetcher_{loop_};
  TableStore store_;
  std::unique_ptr<PolicyBook> book_;
};

TEST_F(PolicyBookTest, MS02_TheSameIdIsFetchedOnceAndAnotherOneAgain) {
  EXPECT_EQ(Mx(), "mx.a.example");
  EXPECT_EQ(Mx(), "mx.a.example");
  EXPECT_EQ(fetches(), 1u);
  Publish("a.example", "2", PolicyText("enforce", "new.a.example"));
  EXPECT_EQ(Mx(), "new.a.example");
  EXPECT_EQ(fetches(), 2u);
}

TEST_F(PolicyBookTest, MS01_ARecordThatIsGoneOrAmbiguousLeavesTheKeptPolicy) {
  EXPECT_EQ(Mx(), "mx.a.example");
  dns_.AddText("_mta-sts.a.example", "v=STSv1; id=2");
  EXPECT_EQ(Mx(), "mx.a.example");
  dns_.Remove("_mta-sts.a.example");
  EXPECT_EQ(Mx(), "mx.a.example");
  dns_.Fail("_mta-sts.a.example", DnsStatus::kServFail);
  EXPECT_EQ(Mx(), "mx.a.example");
  EXPECT_EQ(fetches(), 1u);
}

TEST_F(PolicyBookTest, MS01_WithoutARecordNothingIsFetched) {
  EXPECT_EQ(Mx("other.example"), "-");
  EXPECT_EQ(fetches(), 0u);
}

TEST_F(PolicyBookTest, MS01_TheRecordMayBeBehindAnAlias) {
  dns_.AddCname("_mta-sts.b.example", "_mta-sts.a.example");
  fetcher_.texts["b.example"] = PolicyText("enforce", "mx.b.example");
  EXPECT_EQ(Mx("b.example"), "mx.b.example");
}

TEST_F(PolicyBookTest, MS04_AFetchThatFailsLeavesTheKeptPolicy) {
  EXPECT_EQ(Mx(), "mx.a.example");
  Publish("a.example", "2", "<html>not a policy</html>");
  EXPECT_EQ(Mx(), "mx.a.example");
  Publish("a.example", "3", "");
  fetcher_.texts.clear();
  const FoundPolicy found = Find();
  EXPECT_TRUE(found.policy.has_value());
  EXPECT_NE(found.trouble.find("no connection"), std::string::npos) << found.trouble;
}

TEST_F(PolicyBookTest, MS04_AFetchThatFailsIsNoPolicyWhenNoneIsKept) {
  fetcher_.texts.clear();
  EXPECT_EQ(Mx(), "-");
}

TEST_F(PolicyBookTest, MS04_AnIdThatFailedIsNotFetchedAgainSoon) {
  fetcher_.texts.clear();
  Find();
  Find();
  EXPECT_EQ(fetches(), 1u);
  EXPECT_FALSE(Find().trouble.empty());
  loop_.RunFor(kFetchAgainAfter);
  Find();
  EXPECT_EQ(fetches(), 2u);
  Publish("a.example", "2", PolicyText("enforce", "mx.a.example"));
  EXPECT_EQ(Mx(), "mx.a.example");  // another id: at once
}

TEST_F(PolicyBookTest, MS04_AKeptPolicyEndsWithItsMaxAge) {
  Publish("a.example", "1", PolicyText("enforce", "mx.a.example", 3600));
  EXPECT_EQ(Mx(), "mx.a.example");
  dns_.Remove("_mta-sts.a.example");
  loop_.RunFor(Seconds(3500));
  EXPECT_EQ(Mx(), "mx.a.example");
  loop_.RunFor(Seconds(100));
  EXPECT_EQ(Mx(), "-");
}

TEST_F(PolicyBookTest, MS06_OnlyThePolicyOfTheDomainItselfCounts) {
  EXPECT_EQ(Mx("sub.a.example"), "-");
  EXPECT_EQ(Mx("A.Example."), "mx.a.example");
}

TEST_F(PolicyBookTest, MS10_AnAttemptThatWouldFailLooksForANewerPolicyFirst) {
  EXPECT_EQ(Mx(), "mx.a.example");
  loop_.RunFor(Days(2));
  Publish("a.example", "2", PolicyText("none", "mx.a.example"));
  EXPECT_EQ(Find().policy->mode, Mode::kNone);
}

TEST_F(PolicyBookTest, MS13_APolicyIsRefreshedBeforeItEnds) {
  Publish("a.example", "1", PolicyText("enforce", "mx.a.example", 3 * 24 * 3600));
  EXPECT_EQ(Mx(), "mx.a.example");
  // The record is blocked: nobody can wait the policy out.
  dns_.Fail("_mta-sts.a.example", DnsStatus::kServFail);
  loop_.RunFor(Days(10));
  EXPECT_GE(fetches(), 9u);
  EXPECT_LE(fetches(), 11u);
  EXPECT_EQ(Mx(), "mx.a.example");
}

TEST_F(PolicyBookTest, MS13_RefreshesThatFailAgainAndAgainAreAWarning) {
  EXPECT_EQ(Mx(), "mx.a.example");
  fetcher_.texts.clear();
  testing::internal::CaptureStderr();
  loop_.RunFor(kRefreshAfter + kSweepInterval);
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("cannot be refreshed"), std::string::npos);
  testing::internal::CaptureStderr();
  loop_.RunFor(kSweepInterval * 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("a.example cannot be refreshed"),
            std::string::npos);
  EXPECT_EQ(Mx(), "mx.a.example");
}

TEST_F(PolicyBookTest, MS13_APolicyThatNobodyUsesEnds) {
  EXPECT_EQ(Mx(), "mx.a.example");
  loop_.RunFor(Days(60));
  EXPECT_EQ(book_->size(), 0u);
  EXPECT_TRUE(store_.values.empty());
}

TEST_F(PolicyBookTest, MS14_PoliciesOutliveTheProcess) {
  EXPECT_EQ(Mx(), "mx.a.example");
  dns_.Remove("_mta-sts.a.example");
  loop_.RunFor(Hours(1));
  Restart();
  EXPECT_EQ(Mx(), "mx.a.example");
  EXPECT_EQ(fetches(), 1u);
}

TEST_F(PolicyBookTest, MS14_WhatIsOverOrUnreadableIsErased) {
  for (const char* value : {"", "1 2", "1 x\nversion", "1 0\n", "garbage\nversion: STSv1",
                            "1 0\nversion: STSv1\nmode: none\nmax_age: 5\n"}) {
    store_.values = {{"a.example", value}};
    Restart();
    EXPECT_EQ(book_->size(), 0u) << value;
    EXPECT_TRUE(store_.values.empty()) << value;
  }
}

TEST_F(PolicyBookTest, MS14_OneSlowPolicyDelaysNoOtherDomain) {
  Publish("slow.example", "1", PolicyText("enforce", "mx.slow.example"));
  fetcher_.slow["slow.example"] = Minutes(1);
  int found = 0;
  for (int i = 0; i < 3; ++i) book_->Find("slow.example", [&](FoundPolicy) { ++found; });
  EXPECT_EQ(Mx(), "mx.a.example");
  EXPECT_EQ(found, 0);
  loop_.RunFor(Minutes(1));
  EXPECT_EQ(found, 3);
  EXPECT_EQ(fetches(), 2u);  // those who wait for one domain share its fetch
}

TEST_F(PolicyBookTest, MS15_DomainsWithTheSameHostsHaveTheirOwnPolicies) {
  Publish("b.example", "1", PolicyText("none", "mx.a.example"));
  EXPECT_EQ(Find().policy->mode, Mode::kEnforce);
  EXPECT_EQ(Find("b.example").policy->mode, Mode::kNone);
}

TEST_F(PolicyBookTest, WhoAsksWhenItGoesIsNotAnswered) {
  bool answered = false;
  book_->Find("a.example", [&](FoundPolicy) { answered = true; });
  book_.reset();
  loop_.RunFor(Minutes(1));
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace convoy::sts
