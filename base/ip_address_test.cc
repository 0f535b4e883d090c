#include "base/ip_address.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

TEST(IpAddress, ParsesAndPrintsBothFamilies) {
  for (const char* text : {"127.0.0.21", "::1", "2001:db8::5"}) {
    EXPECT_EQ(IpAddress::Parse(text)->ToString(), text);
  }
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "gmail.com", "::g"}) {
    EXPECT_FALSE(IpAddress::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(IpAddress::Parse(std::string_view("1.2.3.4\0x", 9)).ok());
}

TEST(IpAddress, V4MappedIsTheV4Address) {
  const IpAddress v4 = IpAddress::V4(127, 0, 1, 1);
  EXPECT_EQ(*IpAddress::Parse("::ffff:127.0.1.1"), v4);
  EXPECT_EQ(*IpAddress::Parse("::FFFF:7f00:101"), v4);
  const char mapped[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\1\1";
  EXPECT_EQ(*IpAddress::FromBytes({mapped, 16}), v4);
  EXPECT_TRUE(IpAddress::Parse("::ffff:127.0.1.1")->is_loopback());
  EXPECT_TRUE(IpAddress::Parse("::ffff:0.0.0.0")->is_unspecified());
  EXPECT_EQ(Endpoint::Parse("[::ffff:192.0.2.1]:25")->ToString(), "192.0.2.1:25");
  for (const char* other : {"::fffe:127.0.1.1", "::127.0.1.1", "1::ffff:127.0.1.1"}) {
    EXPECT_TRUE(IpAddress::Parse(other)->is_v6()) << other;
  }
}

TEST(IpAddress, EndpointRoundTrip) {
  for (const char* text : {"127.0.0.1:25", "[::1]:2525"}) {
    EXPECT_EQ(Endpoint::Parse(text)->ToString(), text);
  }
  EXPECT_FALSE(Endpoint::Parse("127.0.0.1").ok());
  EXPECT_FALSE(Endpoint::Parse("127.0.0.1:70000").ok());
}

TEST(IpAddress, CidrContains) {
  const Cidr range{*IpAddress::Parse("188.138.125.135"), 27};
  EXPECT_TRUE(range.Contains(*IpAddress::Parse("188.138.125.129")));
  EXPECT_FALSE(range.Contains(*IpAddress::Parse("188.138.125.160")));
  EXPECT_FALSE((Cidr{IpAddress(), 0}).Contains(*IpAddress::Parse("::1")));
}

TEST(IpAddress, Loopback) {
  EXPECT_TRUE(IpAddress::Parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(IpAddress::Parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::Parse("::2")->is_loopback());
}

}  // namespace
}  // namespace convoy
