#include "config/units.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace convoy::config {
namespace {

TEST(Units, Times) {
  EXPECT_EQ(*ParseTime("1w2d12h"), Days(9) + Hours(12));
  EXPECT_EQ(*ParseTime("4d12h"), Days(4) + Hours(12));
  EXPECT_EQ(*ParseTime("300s"), Minutes(5));
  EXPECT_EQ(*ParseTime("30M"), Minutes(30));
  EXPECT_EQ(*ParseTime("600"), Minutes(10)) << "a bare number is seconds";
  EXPECT_EQ(*ParseTime("0"), Duration{});
  for (const char* bad : {"", "h", "1h30", "1x", "-1s", "1.5h", "36501d", "99999999999999999w"}) {
    EXPECT_FALSE(ParseTime(bad).ok()) << bad;
  }
}

TEST(Units, TimeLists) {
  EXPECT_EQ(*ParseTimeList("10m, 10m,1h"),
            (std::vector<Duration>{Minutes(10), Minutes(10), Hours(1)}));
  std::string thirty = "1m";
  for (int i = 1; i < 30; ++i) thirty += ",1m";
  EXPECT_EQ(ParseTimeList(thirty)->size(), 30u);
  EXPECT_FALSE(ParseTimeList(thirty + ",1m").ok());
  EXPECT_FALSE(ParseTimeList("10m,").ok());
}

TEST(Units, Rates) {
  EXPECT_EQ(*ParseRate("unlimited"), RateValue{});
  EXPECT_EQ(*ParseRate("0"), (RateValue{0, Hours(1)})) << "nothing at all";
  const std::pair<const char*, RateValue> cases[] = {
      {"250/h", {250, Hours(1)}},    {"250/hr", {250, Hours(1)}},   {"20/min", {20, Minutes(1)}},
      {"20/m", {20, Minutes(1)}},    {"500/day", {500, Days(1)}},   {"500/d", {500, Days(1)}},
      {"1/5s", {1, Seconds(5)}},     {"83/10m", {83, Minutes(10)}}, {"3/2M", {3, Minutes(2)}},
      {"7/30sec", {7, Seconds(30)}}, {"1/hour", {1, Hours(1)}},
  };
  for (const auto& [text, value] : cases) EXPECT_EQ(*ParseRate(text), value) << text;
  for (const char* bad : {"", "5", "/h", "5/", "5/0h", "5/h/h", "-1/h", "5/32d", "5/year"}) {
    EXPECT_FALSE(ParseRate(bad).ok()) << bad;
  }
}

TEST(Units, SizesAndVolumes) {
  EXPECT_EQ(*ParseSize("4096"), 4096);
  EXPECT_EQ(*ParseSize("10K"), 10240);
  EXPECT_EQ(*ParseSize("7b"), 7);
  EXPECT_EQ(*ParseSize("1t"), int64_t{1} << 40);
  EXPECT_EQ(*ParseSize("unlimited"), 0);
  for (const char* bad : {"", "k", "1kb", "1x", "-1", "999999999999t"}) {
    EXPECT_FALSE(ParseSize(bad).ok()) << bad;
  }
  EXPECT_EQ(*ParseVolumeRate("10g/2h"), (VolumeRateValue{int64_t{10} << 30, Hours(2)}));
  EXPECT_EQ(*ParseVolumeRate("1048576/h"), (VolumeRateValue{1048576, Hours(1)}));
  EXPECT_EQ(*ParseVolumeRate("Unlimited"), VolumeRateValue{});
  for (const char* bad : {"10g", "/h", "10g/", "unlimited/h", "10g/0h", "10g/9w"}) {
    EXPECT_FALSE(ParseVolumeRate(bad).ok()) << bad;
  }
}

TEST(Units, DailyCounts) {
  EXPECT_EQ(*ParseDailyCounts("50/d,100/day, 200/1d"), (std::vector<int64_t>{50, 100, 200}));
  EXPECT_EQ(*ParseDailyCounts("0/d"), std::vector<int64_t>{0});
  EXPECT_EQ(*ParseDailyCounts("0"), std::vector<int64_t>{0});
  EXPECT_FALSE(ParseDailyCounts("50").ok());
  EXPECT_FALSE(ParseDailyCounts("50/h").ok());
}

TEST(Units, AddressRanges) {
  const auto range = [](const char* text) { return ParseCidr(text)->ToString(); };
  EXPECT_EQ(range("0/0"), "0.0.0.0/0");
  EXPECT_EQ(range("10/8"), "10.0.0.0/8");
  EXPECT_EQ(range("188.138.125.135/27"), "188.138.125.128/27") << "host bits may be set";
  EXPECT_EQ(ParseCidr("192.0.2.1")->bits, 32);
  EXPECT_EQ(ParseCidr("::1")->bits, 128);
  EXPECT_EQ(ParseCidr("2001:db8::/32")->bits, 32);
  for (const char* bad : {"", "10", "192.0.2", "1.2.3.4/33", "::1/129", "1.2.3.4/", "a/8"}) {
    EXPECT_FALSE(ParseCidr(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace convoy::config
