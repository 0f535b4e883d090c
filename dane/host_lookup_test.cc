// From the answers of the DNS to what is asked of a host's TLS.
#include "dane/host_lookup.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/rng.h"
#include "base/text.h"
#include "dns/mx_plan.h"
#include "dns/table_resolver.h"
#include "runtime/virtual_loop.h"

namespace convoy::dane {
namespace {

using dns::DnsStatus;
using dns::RecordType;

constexpr std::string_view kMx = "mx.example";
constexpr std::string_view kTlsaName = "_25._tcp.mx.example";

class HostLookupTest : public testing::Test {
 protected:
  HostLookupTest() {
    dns_.set_secure(true);
    dns_.AddMx("example", 10, kMx);
    dns_.AddAddress(kMx, IpAddress::V4(192, 0, 2, 1));
  }
  // A record with a digest of SHA-256 by default.
  void Tlsa(std::string_view name, uint8_t usage, uint8_t selector = 1, uint8_t matching = 1) {
    std::string data;
    for (const uint8_t field : {usage, selector, matching}) {
      data.push_back(static_cast<char>(field));
    }
    dns_.AddTlsa(name, data + std::string(32, 'd'));
  }
  // The first host of the plan for `domain`, and what the DNS says about its TLS.
  HostTls LookUp(const std::string& domain = "example") {
    std::optional<HostTls> found;
    Spawn(Find(domain, &found));
    loop_.RunFor(Seconds(1));
    EXPECT_TRUE(found.has_value());
    return found.value_or(HostTls{});
  }

  VirtualLoop loop_;
  dns::TableResolver dns_{loop_};
  Rng rng_{1};
  dns::PlanOptions options_;

 private:
  Task<void> Find(std::string domain, std::optional<HostTls>* found) {
    const dns::MxPlan plan = co_await dns::PlanFor(dns_, domain, options_, rng_);
    EXPECT_FALSE(plan.hosts.empty());
    if (!plan.hosts.empty()) *found = co_await LookUpHost(dns_, plan.hosts.front());
  }
};

TEST_F(HostLookupTest, DA01_WithoutATrustAnchorDaneIsOffAndSaysSo) {
  Tlsa(kTlsaName, 3);
  dns_.set_validates(false);
  const HostTls tls = LookUp();
  EXPECT_EQ(tls.level, Level::kNone);
  EXPECT_EQ(tls.why, "there is no trust anchor for DNSSEC");
}

TEST_F(HostLookupTest, DA06_UsableRecordsAskForProof) {
  Tlsa(kTlsaName, 3);
  const HostTls tls = LookUp();
  EXPECT_EQ(tls.level, Level::kProven);
  ASSERT_EQ(tls.records.size(), 1u);
  EXPECT_EQ(tls.records[0].data, std::string(32, 'd'));
}

TEST_F(HostLookupTest, DA17_OldAndNewRecordsBothCount) {
  Tlsa(kTlsaName, 3);
  dns_.AddTlsa(kTlsaName, Cat(std::string("\x03\x01\x01"), std::string(32, 'n')));
  EXPECT_EQ(LookUp().records.size(), 2u);
}

TEST_F(HostLookupTest, DA07_UnusableRecordsAskForEncryption) {
  Tlsa(kTlsaName, 1);
  Tlsa(kTlsaName, 3, 9);
  dns_.AddTlsa(kTlsaName, "x");
  EXPECT_EQ(LookUp().level, Level::kEncrypted);
}

TEST_F(HostLookupTest, DA08_NoRecordsOrUnsignedOnesAskForNothing) {
  EXPECT_EQ(LookUp().level, Level::kNone);
  Tlsa(kTlsaName, 3);
  dns_.SetSecure(kTlsaName, false);
  EXPECT_EQ(LookUp().level, Level::kNone);
}

TEST_F(HostLookupTest, DA03_AFailedTlsaLookupMakesTheHostUnreachable) {
  Tlsa(kTlsaName, 3);
  for (const DnsStatus status : {DnsStatus::kServFail, DnsStatus::kTimeout, DnsStatus::kBogus}) {
    dns_.Fail(kTlsaName, RecordType::kTlsa, status);
    const HostTls tls = LookUp();
    EXPECT_EQ(tls.level, Level::kUnreachable) << ToString(status);
    EXPECT_NE(tls.why.find(ToString(status)), std::string::npos) << tls.why;
  }
}

TEST_F(HostLookupTest, DA04_UnsignedMxOrAddressesAreNotAskedAbout) {
  Tlsa(kTlsaName, 3);
  for (const std::string_view name : {std::string_view("example"), kMx}) {
    dns_.SetSecure(name, false);
    const int64_t before = dns_.questions();
    EXPECT_EQ(LookUp().level, Level::kNone) << name;
    EXPECT_EQ(dns_.questions() - before, 3) << name;  // MX, A, AAAA
    dns_.SetSecure(name, true);
  }
  EXPECT_EQ(LookUp().level, Level::kProven);
}

TEST_F(HostLookupTest, DA04_AFailingAddressFamilyDoesNotMakeAHostUnsigned) {
  Tlsa(kTlsaName, 3);
  dns_.Fail(kMx, RecordType::kAaaa, DnsStatus::kServFail);
  EXPECT_EQ(LookUp().level, Level::kProven);
}

TEST_F(HostLookupTest, DA05_RecordsAreWhereASignedAliasLeads) {
  dns_.Remove(kMx);
  dns_.AddCname(kMx, "real.example");
  dns_.AddAddress("real.example", IpAddress::V4(192, 0, 2, 2));
  Tlsa(kTlsaName, 3);
  EXPECT_EQ(LookUp().base, kMx);
  Tlsa("_25._tcp.real.example", 3);
  EXPECT_EQ(LookUp().base, "real.example");
}

TEST_F(HostLookupTest, DA05_AnAliasIntoAnUnsignedZoneKeepsItsOwnRecords) {
  dns_.Remove(kMx);
  dns_.AddCname(kMx, "real.test");
  dns_.AddAddress("real.test", IpAddress::V4(192, 0, 2, 2));
  dns_.SetSecure("real.test", false);
  Tlsa("_25._tcp.real.test", 3);
  Tlsa(kTlsaName, 3);
  EXPECT_EQ(LookUp().base, kMx);
  dns_.Fail(kMx, RecordType::kCname, DnsStatus::kServFail);
  EXPECT_EQ(LookUp().level, Level::kUnreachable);
}

TEST_F(HostLookupTest, DA05_ThePortIsTheOneThatIsUsed) {
  Tlsa(kTlsaName, 3);
  options_.port = 2525;
  EXPECT_EQ(LookUp().level, Level::kNone);
  Tlsa("_2525._tcp.mx.example", 3);
  EXPECT_EQ(LookUp().level, Level::kProven);
}

TEST_F(HostLookupTest, DA10_TheNextHopIsANameOfTheHostToo) {
  dns_.AddCname("alias.test", "example");
  Tlsa(kTlsaName, 2);
  EXPECT_EQ(Join(LookUp().names, " "), "example");
  EXPECT_EQ(Join(LookUp("alias.test").names, " "), "alias.test example");
}

TEST_F(HostLookupTest, DA13_TheBaseDomainIsTheNameForSni) {
  Tlsa(kTlsaName, 3);
  EXPECT_EQ(LookUp().base, "mx.example");
}

TEST_F(HostLookupTest, ARouteOfOursNeedsNoSignedMx) {
  Tlsa(kTlsaName, 3);
  dns_.SetSecure("example", false);
  options_.route = "mx.example";
  EXPECT_EQ(LookUp().level, Level::kProven);
  options_.route = "[192.0.2.1]";
  EXPECT_EQ(LookUp().level, Level::kNone);
}

TEST_F(HostLookupTest, WithoutMxTheDomainItselfIsTheBase) {
  dns_.AddAddress("own.example", IpAddress::V4(192, 0, 2, 3));
  Tlsa("_25._tcp.own.example", 3);
  EXPECT_EQ(LookUp("own.example").base, "own.example");
}

}  // namespace
}  // namespace convoy::dane
