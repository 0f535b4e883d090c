#include <gtest/gtest.h>

#include <map>

#include "base/text.h"
#include "config/load.h"
#include "config/units.h"

namespace convoy::config {
namespace {

LoadResult Load(std::map<std::string, std::string> files) {
  FileAccess access;
  access.read = [files](const std::string& path) -> absl::StatusOr<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return absl::NotFoundError(Cat("cannot read ", path));
    return found->second;
  };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  return LoadConfig("c.conf", access);
}

LoadResult Load(std::string text) { return Load({{"c.conf", std::move(text)}}); }

std::string Said(const LoadResult& result) {
  std::string text;
  for (const Diagnostic& d : result.diagnostics) CatTo(&text, d.ToString(), "\n");
  return text;
}

constexpr char kSample[] = R"(
<source 127.0.0.1>
    always-allow-relay yes
    process-x-virtual-mta yes
</source>
<virtual-mta v1>
    smtp-source-host 127.0.0.21 v1.example.com
</virtual-mta>
<virtual-mta v2>
    smtp-source-host 127.0.0.22 v2.example.com
    <domain *>
        max-smtp-out 3
    </domain>
</virtual-mta>
<virtual-mta-pool warm>
    virtual-mta v1
    virtual-mta v2
</virtual-mta-pool>
domain-key big-signer,,$domain,keys/dkim.key
domain-macro microsoft hotmail.com,outlook.com,
    live.com
<domain $microsoft>
    queue-to hotmail.com
    max-smtp-out 7
</domain>
<domain hotmail.com>
    max-smtp-out 20        # literal beats macro
    max-msg-per-hour 5000
    retry-interval 30m,1h
    max-retry-time 4d
    outbound-auth user:secret
    421 RP-001 *, 1h, 5, 1000
</domain>
<domain *>
    max-msg-rate 250/h
    suppress-file s.txt
</domain>
)";

// A limit that is not built for pools must not look as if it were.
TEST(Config, ADirectiveMayActInOneSectionAndNotInAnother) {
  const LoadResult result = Load(
      "<virtual-mta v1>\nmax-smtp-out 5\n</virtual-mta>\n"
      "<virtual-mta-pool p>\nvirtual-mta v1\nmax-smtp-out 5\nmax-smtp-msg-rate 5/m\n"
      "</virtual-mta-pool>\n"
      "<domain *>\nmax-rcpt-per-message 5\n</domain>\n");
  ASSERT_NE(result.config, nullptr) << Said(result);
  const std::string pool = ": a pool is a choice of virtual MTAs; limit its members\n";
  EXPECT_EQ(Said(result), Cat("c.conf:6:1: warning: 'max-smtp-out' has no effect yet", pool,
                              "c.conf:7:1: warning: 'max-smtp-msg-rate' has no effect yet", pool,
                              "c.conf:10:1: warning: 'max-rcpt-per-message' has no effect yet: "
                              "each recipient is a transaction of its own\n"));
}

TEST(Config, SampleResolves) {
  const LoadResult result = Load(kSample);
  ASSERT_NE(result.config, nullptr) << Said(result);
  const Config& config = *result.config;
  EXPECT_EQ(config.SiteOf("live.com"), "hotmail.com");
  EXPECT_EQ(config.SiteOf("example.org"), "example.org");
  const Policy policy = config.PolicyFor("hotmail.com", "v1");
  EXPECT_EQ(policy.max_smtp_out, 20);
  EXPECT_EQ(policy.site_max_msg_rate, (RateValue{5000, Hours(1)}));
  EXPECT_EQ(policy.max_msg_rate, (RateValue{250, Hours(1)}));
  EXPECT_EQ(policy.retry_interval, (std::vector<Duration>{Minutes(30), Hours(1)}));
  EXPECT_EQ(policy.bounce_after, Days(4));
  EXPECT_EQ(policy.auth_username, "user");
  EXPECT_EQ(policy.auth_password, "secret");
  ASSERT_EQ(policy.backoff_lines.size(), 1u);
  EXPECT_EQ(policy.backoff_lines[0].pattern, "421 RP-001 *");
  EXPECT_EQ(policy.backoff_lines[0].messages_per_hour, 1000);
  EXPECT_EQ(policy.suppress_files, std::vector<std::string>{"s.txt"});
}

TEST(Config, VirtualMtaScopeBeatsGlobalScope) {
  const LoadResult result = Load(kSample);
  ASSERT_NE(result.config, nullptr) << Said(result);
  EXPECT_EQ(result.config->PolicyFor("hotmail.com", "v2").max_smtp_out, 3);
  EXPECT_EQ(result.config->PolicyFor("hotmail.com", "v2").site_max_msg_rate.count, 5000);
}

TEST(Config, UT_05_TheNameSaidWithEhloIsAscii) {
  for (const char* name : {"m\xc3\xa4il.example", "a..b", "-a.b", "a b", "a.b-", "."}) {
    EXPECT_EQ(Load(Cat("host-name \"", name, "\"\n")).config, nullptr) << name;
    EXPECT_EQ(
        Load(Cat("<virtual-mta v>\n smtp-source-host 192.0.2.1 \"", name, "\"\n</virtual-mta>\n"))
            .config,
        nullptr)
        << name;
  }
  for (const char* name : {"mail.example", "xn--mil-ina.example", "a_b.example", "[192.0.2.1]"}) {
    EXPECT_NE(Load(Cat("host-name ", name, "\n")).config, nullptr) << name;
  }
}

TEST(Config, TheKeyOfADomainGoesBeforeTheOneForAll) {
  const LoadResult result = Load(
      "domain-key all,*,all.pem\n"
      "domain-key own,brand.example,own.pem\n");
  ASSERT_NE(result.config, nullptr);
  const auto keys = result.config->DomainKeysFor("{default}", "brand.example");
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].selector, "own");
  EXPECT_EQ(keys[1].selector, "all");
}

TEST(Config, PoolsAndKeys) {
  const LoadResult result = Load(kSample);
  ASSERT_NE(result.config, nullptr);
  EXPECT_EQ(result.config->MembersOf("WARM"), (std::vector<std::string>{"v1", "v2"}));
  EXPECT_EQ(result.config->MembersOf("{default}"), std::vector<std::string>{"{default}"});
  EXPECT_TRUE(result.config->MembersOf("nobody").empty());
  const auto keys = result.config->DomainKeysFor("v1", "brand.example");
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].selector, "big-signer");
  EXPECT_EQ(keys[0].domain, "brand.example");
  EXPECT_EQ(keys[0].file, "keys/dkim.key");
}

TEST(Config, NobodyMayRelayUnlessConfigured) {
  const LoadResult result = Load(kSample);
  ASSERT_NE(result.config, nullptr);
  EXPECT_TRUE(result.config->SourceFor(*IpAddress::Parse("127.0.0.1")).always_allow_relaying);
  EXPECT_FALSE(result.config->SourceFor(*IpAddress::Parse("127.0.0.2")).always_allow_relaying);
}

TEST(Config, PatternsBySpecificity) {
  const LoadResult result = Load(
      "<domain a.example.com>\nmax-smtp-out 4\n</domain>\n"
      "<domain *.example.com>\nmax-smtp-out 3\nqueue-priority 9\n</domain>\n"
      "<domain [*.]example.com>\nmax-smtp-out 2\n</domain>\n<domain *>\nmax-smtp-out "
      "1\n</domain>\n");
  ASSERT_NE(result.config, nullptr) << Said(result);
  EXPECT_EQ(result.config->PolicyFor("a.example.com", "").max_smtp_out, 4);
  EXPECT_EQ(result.config->PolicyFor("a.example.com", "").queue_priority, 9);
  EXPECT_EQ(result.config->PolicyFor("b.example.com", "").max_smtp_out, 3);
  EXPECT_EQ(result.config->PolicyFor("example.com", "").max_smtp_out, 2);
  EXPECT_EQ(result.config->PolicyFor("example.org", "").max_smtp_out, 1);
}

TEST(Config, IncludesAreRelativeToTheFileThatNamesThem) {
  const LoadResult result = Load({{"c.conf", "include sub/a.conf\n"},
                                  {"sub/a.conf", "include b.conf\n"},
                                  {"sub/b.conf", "host-name inner.example\n"}});
  ASSERT_NE(result.config, nullptr) << Said(result);
  EXPECT_EQ(result.config->host_name(), "inner.example");
}

TEST(Config, ExplainNamesTheLine) {
  const LoadResult result = Load(kSample);
  ASSERT_NE(result.config, nullptr);
  const std::string text = *Explain(*result.config, "live.com/v1", /*json=*/false);
  EXPECT_NE(text.find("queue hotmail.com/v1"), std::string::npos) << text;
  EXPECT_NE(text.find("c.conf:27:5"), std::string::npos) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  EXPECT_FALSE(Explain(*result.config, "live.com", false).ok());
  EXPECT_FALSE(Explain(*result.config, "live.com/nobody", false).ok());
}

TEST(ParseCidr, RangesOfMappedAddressesAreRangesOfV4) {
  EXPECT_EQ(ParseCidr("::ffff:192.0.2.77/120")->ToString(), "192.0.2.0/24");
  EXPECT_EQ(ParseCidr("::ffff:192.0.2.77")->ToString(), "192.0.2.77/32");
  EXPECT_EQ(ParseCidr("::ffff:0:0/96")->ToString(), "0.0.0.0/0");
  EXPECT_FALSE(ParseCidr("::ffff:0:0/95").ok());
  EXPECT_EQ(ParseCidr("2001:db8::/32")->ToString(), "2001:db8::/32");
  EXPECT_EQ(ParseCidr("10/8")->ToString(), "10.0.0.0/8");
}

}  // namespace
}  // namespace convoy::config
