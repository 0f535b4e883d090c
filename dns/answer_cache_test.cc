#include "dns/answer_cache.h"

#include <optional>
#include <string>

#include "base/text.h"
#include "dns/caching_resolver.h"
#include "dns/rdata.h"
#include "dns/table_resolver.h"
#include "gtest/gtest.h"
#include "runtime/virtual_loop.h"

namespace convoy::dns {
namespace {

using std::string_literals::operator""s;

DnsAnswer AnswerOf(DnsStatus status, Duration ttl) {
  DnsAnswer answer;
  answer.status = status;
  answer.ttl = ttl;
  return answer;
}

TEST(AnswerCache, AnswersLiveForTheirTtlAndSayWhatIsLeft) {
  AnswerCache cache({});
  const MonoTime start{0};
  cache.Store("a.example", RecordType::kA, AnswerOf(DnsStatus::kOk, Seconds(60)), start);
  EXPECT_FALSE(cache.Find("a.example", RecordType::kMx, start).has_value());
  const auto found = cache.Find("a.example", RecordType::kA, start + Seconds(20));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->ttl, Seconds(40));
  EXPECT_FALSE(cache.Find("a.example", RecordType::kA, start + Seconds(60)).has_value());
  EXPECT_EQ(cache.size(), 0u);
}

TEST(AnswerCache, TtlsAreBounded) {
  AnswerCache cache({});
  const MonoTime start{0};
  cache.Store("ok", RecordType::kA, AnswerOf(DnsStatus::kOk, Days(30)), start);
  cache.Store("none", RecordType::kA, AnswerOf(DnsStatus::kNxDomain, Days(30)), start);
  cache.Store("fail", RecordType::kA, AnswerOf(DnsStatus::kServFail, Days(30)), start);
  cache.Store("zero", RecordType::kA, AnswerOf(DnsStatus::kOk, Seconds(0)), start);
  EXPECT_FALSE(cache.Find("zero", RecordType::kA, start).has_value());
  EXPECT_TRUE(cache.Find("fail", RecordType::kA, start + Seconds(9)).has_value());
  EXPECT_FALSE(cache.Find("fail", RecordType::kA, start + Seconds(10)).has_value());
  EXPECT_TRUE(cache.Find("none", RecordType::kA, start + Minutes(179)).has_value());
  EXPECT_FALSE(cache.Find("none", RecordType::kA, start + Hours(3)).has_value());
  EXPECT_TRUE(cache.Find("ok", RecordType::kA, start + Hours(23)).has_value());
  EXPECT_FALSE(cache.Find("ok", RecordType::kA, start + Hours(24)).has_value());
}

TEST(AnswerCache, TheLeastRecentlyUsedMakesRoom) {
  AnswerCache cache({.entries_max = 3});
  const MonoTime now{0};
  for (const char* name : {"a", "b", "c"}) {
    cache.Store(name, RecordType::kA, AnswerOf(DnsStatus::kOk, Hours(1)), now);
  }
  EXPECT_TRUE(cache.Find("a", RecordType::kA, now).has_value());
  cache.Store("d", RecordType::kA, AnswerOf(DnsStatus::kOk, Hours(1)), now);
  cache.Store("d", RecordType::kA, AnswerOf(DnsStatus::kOk, Hours(1)), now);
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_FALSE(cache.Find("b", RecordType::kA, now).has_value());
  EXPECT_TRUE(cache.Find("a", RecordType::kA, now).has_value());
  cache.Clear();
  EXPECT_EQ(cache.size(), 0u);
}

TEST(CachingResolver, IdenticalQuestionsAreAskedOnce) {
  VirtualLoop loop;
  TableResolver table(loop);
  table.set_latency(Milliseconds(50));
  table.AddAddress("a.example", *IpAddress::Parse("192.0.2.1"));
  CachingResolver cache(loop, table);
  int answered = 0;
  const auto ask = [&](const std::string& name, RecordType type) {
    cache.Resolve(name, type, [&](DnsAnswer) { ++answered; });
  };
  ask("a.example", RecordType::kA);
  ask("A.Example.", RecordType::kA);
  ask("a.example", RecordType::kAaaa);
  loop.RunUntilIdle();
  EXPECT_EQ(answered, 3);
  EXPECT_EQ(table.questions(), 2);
  EXPECT_EQ(cache.joined(), 1);
  ask("a.example", RecordType::kA);
  EXPECT_EQ(answered, 3);  // never from inside the call
  loop.RunUntilIdle();
  EXPECT_EQ(answered, 4);
  EXPECT_EQ(cache.hits(), 1);
  loop.RunFor(Hours(1));
  ask("a.example", RecordType::kA);
  loop.RunUntilIdle();
  EXPECT_EQ(table.questions(), 3);
}

TEST(CachingResolver, ACallbackMayAskTheSameAgain) {
  VirtualLoop loop;
  TableResolver table(loop);
  table.set_ttl(Seconds(0));
  table.AddText("a.example", "x");
  CachingResolver cache(loop, table);
  int answered = 0;
  cache.Resolve("a.example", RecordType::kTxt, [&](DnsAnswer) {
    ++answered;
    cache.Resolve("a.example", RecordType::kTxt, [&](DnsAnswer) { ++answered; });
  });
  loop.RunUntilIdle();
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(table.questions(), 2);
}

TEST(Rdata, NamesAreNormalisedAndForeignBytesShown) {
  EXPECT_EQ(ParseName("\2MX\7eXample\0"s), "mx.example");
  EXPECT_EQ(ParseName("\0"s), ".");
  EXPECT_EQ(ParseName("\3a.b\1\n\0"s), "a\\046b.\\010");
  for (const std::string& bad : {""s, "\2mx"s, "\5ab\0"s, "\2mx\0x"s, "\xc0\x0c"s, "\x40"s}) {
    EXPECT_FALSE(ParseName(bad).has_value()) << Escape(bad);
  }
  EXPECT_FALSE(ParseName(std::string(300, '\1')).has_value());
}

TEST(Rdata, RecordsHaveTheirShape) {
  EXPECT_EQ(ParseMx("\x01\x02\2mx\0"s), (MxRecord{258, "mx"}));
  EXPECT_FALSE(ParseMx("\x01\x02"s).has_value());
  EXPECT_EQ(ParseText("\3abc\2de"s), "abcde");
  EXPECT_EQ(ParseText("\0"s), "");
  EXPECT_FALSE(ParseText("\4abc"s).has_value());
  EXPECT_FALSE(ParseText("").has_value());
  EXPECT_TRUE(ParseAddress("\x7f\0\0\1"s, RecordType::kA)->is_loopback());
  EXPECT_FALSE(ParseAddress("\x7f\0\0\1"s, RecordType::kAaaa).has_value());
}

}  // namespace
}  // namespace convoy::dns
