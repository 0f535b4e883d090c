#include "config/policy_cache.h"

#include <gtest/gtest.h>

#include "config/load.h"

namespace convoy::config {
namespace {

std::shared_ptr<const Config> Load(const std::string& text) {
  FileAccess access;
  access.read = [&](const std::string&) { return text; };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  return LoadConfig("c.conf", access).config;
}

std::shared_ptr<const Policy> Same(const Policy& policy) {
  return std::make_shared<const Policy>(policy);
}

TEST(PolicyCache, QueuesWithTheSameSectionsShareOnePolicy) {
  const auto config = Load(
      "domain-macro big a.example,b.example\n<domain $big>\nmax-smtp-out 3\n</domain>\n"
      "<virtual-mta v1>\n</virtual-mta>\n<virtual-mta v2>\n<domain *>\nmax-smtp-out 4\n</domain>\n"
      "</virtual-mta>\n");
  ASSERT_NE(config, nullptr);
  PolicyCache<Policy> cache(config, Same);
  const auto first = cache.PolicyFor("a.example", "v1");
  EXPECT_EQ(first->max_smtp_out, 3);
  EXPECT_EQ(cache.PolicyFor("a.example", "v1"), first);
  EXPECT_EQ(cache.PolicyFor("b.example", "v1"), first);
  EXPECT_EQ(cache.PolicyFor("c.example", "v1")->max_smtp_out, 20);
  EXPECT_EQ(cache.PolicyFor("a.example", "v2")->max_smtp_out, 4);
  EXPECT_EQ(cache.queues(), 4u);
  EXPECT_EQ(cache.policies(), 3u);
}

TEST(PolicyCache, IsWhatTheConfigurationSays) {
  const auto config = Load(
      "<domain *>\nretry-after 1h\nsuppress-file a\n</domain>\n"
      "<domain *.example>\nretry-after \"\"\nmax-msg-rate 5/m\n</domain>\n"
      "<virtual-mta v>\n<domain x.example>\nsuppress-file \"\"\n</domain>\n</virtual-mta>\n");
  ASSERT_NE(config, nullptr);
  PolicyCache<Policy> cache(config, Same);
  const auto policy = cache.PolicyFor("x.example", "v");
  EXPECT_EQ(policy->retry_after, std::vector<Duration>{Minutes(10)}) << "taken back with \"\"";
  EXPECT_EQ(policy->max_msg_rate, config->PolicyFor("x.example", "v").max_msg_rate);
  EXPECT_TRUE(policy->suppress_files.empty()) << "taken back by the inner scope";
  EXPECT_EQ(cache.PolicyFor("y.example", "v")->suppress_files, std::vector<std::string>{"a"});
}

// Names that clients send must not fill the memory.
TEST(PolicyCache, ForgetsAllAtEachLimitAndGoesOn) {
  const auto config = Load(
      "<domain a.example>\nmax-smtp-out 3\n</domain>\n<domain b.example>\nmax-smtp-out 4\n"
      "</domain>\n");
  ASSERT_NE(config, nullptr);
  for (const QueueIndex::Limits& limits :
       {QueueIndex::Limits{.queues = 2}, {.paths = 2}, {.name_bytes = 20}}) {
    PolicyCache<Policy> cache(config, Same, limits);
    const auto first = cache.PolicyFor("a.example", "v");
    EXPECT_EQ(cache.PolicyFor("b.example", "v")->max_smtp_out, 4);
    EXPECT_EQ(cache.policies(), 2u);
    EXPECT_EQ(cache.PolicyFor("c.example", "v")->max_smtp_out, 20) << "the first after the limit";
    EXPECT_EQ(cache.queues(), 1u);
    EXPECT_EQ(cache.policies(), 1u);
    EXPECT_EQ(cache.PolicyFor("a.example", "v")->max_smtp_out, 3);
    EXPECT_NE(cache.PolicyFor("a.example", "v"), first);
    EXPECT_EQ(first->max_smtp_out, 3) << "what was given out lives on";
  }
}

TEST(PolicyCache, ANumberNeverMeansAnotherPathAfterForgetting) {
  const auto config = Load("<domain a.example>\nmax-smtp-out 3\n</domain>\n");
  ASSERT_NE(config, nullptr);
  PolicyCache<Policy> cache(config, Same, {.queues = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(cache.PolicyFor("a.example", "v")->max_smtp_out, 3);
    EXPECT_EQ(cache.PolicyFor("b.example", "v")->max_smtp_out, 20);
  }
}

TEST(Sources, AuthThatIsNotOfferedGivesNoRelay) {
  const auto config = Load(
      "<source 0/0>\nalways-allow-relaying yes\nrequire-auth yes\n</source>\n"
      "<source 10/8>\nrequire-auth no\n</source>\n"
      "<source closed>\nalways-allow-relaying no\nhide-message-source yes\n</source>\n");
  ASSERT_NE(config, nullptr);
  EXPECT_FALSE(config->SourceFor(*IpAddress::Parse("192.0.2.1")).always_allow_relaying);
  EXPECT_TRUE(config->SourceFor(*IpAddress::Parse("10.1.1.1")).always_allow_relaying);
  const SourceSettings named = config->SourceFor(*IpAddress::Parse("10.1.1.1"), "CLOSED");
  EXPECT_FALSE(named.always_allow_relaying) << "a named source overrides the address";
  EXPECT_TRUE(named.hide_message_source);
}

}  // namespace
}  // namespace convoy::config
