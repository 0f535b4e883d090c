#include "mail/address.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "mail/utf8.h"

namespace convoy::mail {
namespace {

std::string Why(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

// "local|domain", or the error.
std::string Parsed(std::string_view text) {
  const absl::StatusOr<Address> a = ParseAddress(text);
  return a.ok() ? Cat(a->local, '|', a->domain) : Why(a.status());
}

std::string ParsedPath(std::string_view text) {
  const absl::StatusOr<Address> a = ParsePath(text);
  return a.ok() ? Cat(a->local, '|', a->domain) : Why(a.status());
}

TEST(Address, Plain) {
  EXPECT_EQ(Parsed("joe@example.com"), "joe|example.com");
  EXPECT_EQ(Parsed("a.b+tag_x'y@mail.example"), "a.b+tag_x'y|mail.example");
  EXPECT_EQ(Parsed("!#$%&'*+-/=?^_`{|}~@x.y"), "!#$%&'*+-/=?^_`{|}~|x.y");
  EXPECT_EQ(Parsed("a@localhost"), "a|localhost");
  EXPECT_EQ(Parsed("a@under_score.example"), "a|under_score.example");
}

TEST(Address, SM_36_LocalPartKeepsItsCaseAndQuotes) {
  const Address a = *ParseAddress("Joe.Doe@EXAMPLE.Com");
  EXPECT_EQ(a.ToString(), "Joe.Doe@EXAMPLE.Com");
  EXPECT_EQ(a.DomainKey(), "example.com");
  EXPECT_EQ(Parsed("\"Joe Doe\"@example.com"), "\"Joe Doe\"|example.com");
  EXPECT_EQ(Parsed(R"("a\"@\\b"@example.com)"), R"("a\"@\\b"|example.com)");
  EXPECT_EQ(Parsed("\"\"@example.com"), "\"\"|example.com");
}

TEST(Address, RefusedLocalParts) {
  for (const std::string_view bad :
       {"", "@", "@example.com", ".a@x.y", "a.@x.y", "a..b@x.y", "a b@x.y", "a", "a@", "a,b@x.y",
        "\"a@x.y", "\"a\"b@x.y", "\"a\\", "a\"b\"@x.y", "<a@x.y>", "a@x.y ", " a@x.y", "\"\t\"@x.y",
        "a@b@x.y"}) {
    EXPECT_FALSE(ParseAddress(bad).ok()) << bad;
  }
}

TEST(Address, RefusedDomains) {
  for (const std::string_view bad :
       {"a@.x", "a@x.", "a@x..y", "a@-x.y", "a@x-.y", "a@x y", "a@x/y", "a@x,y", "a@[1.2.3]",
        "a@[1.2.3.4", "a@[IPv6:1.2.3.4]", "a@[2001:db8::1]", "a@[]", "a@[x]", "a@x:y"}) {
    EXPECT_FALSE(ParseAddress(bad).ok()) << bad;
  }
}

TEST(Address, BY_09_NoLineEndsNoNul) {
  for (const std::string_view bad :
       {std::string_view("a\r\nRCPT TO:<b@x.y>@x.y"), std::string_view("\"a\nb\"@x.y"),
        std::string_view("a@x.y\r\n"), std::string_view("a\0b@x.y", 7),
        std::string_view("a@x\0.y", 6), std::string_view("a@\xc3\xa4\0.y", 7)}) {
    const absl::Status status = ParseAddress(bad).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << bad;
    EXPECT_EQ(Why(status).find_first_of(std::string_view("\r\n\0", 3)), std::string::npos)
        << "the error is one line";
  }
}

TEST(Address, SM_37_LimitsRefuseNeverTruncate) {
  const std::string local64(64, 'l');
  EXPECT_TRUE(ParseAddress(Cat(local64, "@x.y")).ok());
  EXPECT_NE(Parsed(Cat(local64, "l@x.y")).find("longer than 64"), std::string::npos);

  const std::string label63(63, 'd');
  const std::string domain = Cat(label63, '.', label63, '.', label63);  // 191 octets
  EXPECT_TRUE(ParseAddress(Cat(std::string(62, 'l'), '@', domain)).ok()) << "254 octets";
  EXPECT_NE(Parsed(Cat(std::string(63, 'l'), '@', domain)).find("longer than 254"),
            std::string::npos);
  EXPECT_NE(Parsed(Cat("a@", label63, "d.y")).find("longer than 63"), std::string::npos);
  EXPECT_NE(Parsed(Cat("a@", domain, '.', label63, ".yy")).find("longer than 255"),
            std::string::npos);
  EXPECT_NE(Parsed(std::string(2000, 'a')).find("longer than 1024"), std::string::npos);
}

TEST(Address, MX_15_Literals) {
  const Address v4 = *ParseAddress("a@[192.0.2.1]");
  EXPECT_EQ(v4.Literal(), IpAddress::V4(192, 0, 2, 1));
  EXPECT_EQ(v4.DomainKey(), "[192.0.2.1]");
  const Address v6 = *ParseAddress("a@[ipv6:2001:DB8:0::1]");
  EXPECT_EQ(v6.ToString(), "a@[ipv6:2001:DB8:0::1]");
  EXPECT_EQ(v6.DomainKey(), "[ipv6:2001:db8::1]");
  EXPECT_EQ(ParseAddress("a@x.y")->Literal(), std::nullopt);
}

TEST(Address, UT_03_DomainBecomesItsALabel) {
  EXPECT_EQ(Parsed("a@m\xc3\xbcnchen.example"), "a|xn--mnchen-3ya.example");
  EXPECT_EQ(Parsed("a@M\xc3\x9cNCHEN.example"), "a|xn--mnchen-3ya.example");
  EXPECT_EQ(Parsed("a@xn--mnchen-3ya.example"), "a|xn--mnchen-3ya.example");
  EXPECT_FALSE(ParseAddress("a@m\xfcnchen.example").ok()) << "Latin-1";
  EXPECT_FALSE(ParseAddress("a@\xe2\x98\x95\xf0\x9f\x92\xa9..example").ok());
}

TEST(Address, UT_08_Utf8LocalPartIsKept) {
  const Address a = *ParseAddress("j\xc3\xb6rg@example.com");
  EXPECT_EQ(a.local, "j\xc3\xb6rg");
  EXPECT_TRUE(a.NeedsSmtpUtf8());
  EXPECT_FALSE(ParseAddress("joerg@m\xc3\xbcnchen.example")->NeedsSmtpUtf8());
  EXPECT_FALSE(ParseAddress("j\xf6rg@example.com").ok());
  EXPECT_FALSE(ParseAddress("\"j\xf6rg\"@example.com").ok());
}

TEST(Address, ErrorsQuoteTheAddressEscapedAndCut) {
  EXPECT_EQ(Parsed("a\x1b b@x.y").substr(0, 24), "address 'a\\x1b b@x.y': e");
  EXPECT_LT(Parsed(std::string(900, 'a')).size(), 220u);
}

TEST(Path, Forms) {
  EXPECT_EQ(ParsedPath("<a@x.y>"), "a|x.y");
  EXPECT_EQ(ParsedPath("<>"), "|");
  EXPECT_TRUE(ParsePath("<>")->IsNull());
  EXPECT_EQ(ParsePath("<>")->ToPath(), "<>");
  EXPECT_EQ(ParsedPath("<POSTmaster>"), "POSTmaster|");
  EXPECT_EQ(ParsePath("<postmaster>")->ToPath(), "<postmaster>");
  EXPECT_EQ(ParsedPath("<@a.b,@c.d:u@x.y>"), "u|x.y") << "source route";
  EXPECT_EQ(ParsedPath("<\"a>b\"@x.y>"), "\"a>b\"|x.y");
  for (const std::string_view bad :
       {"", "a@x.y", "<a@x.y", "a@x.y>", "<a@x.y>>", "<a@x.y> ", "< a@x.y>", "<<a@x.y>>", "<a>",
        "<@a.b:>", "<@a.b>", "<@a b:u@x.y>", "<:u@x.y>", "<\"a>@x.y>"}) {
    EXPECT_FALSE(ParsePath(bad).ok()) << bad;
  }
}

TEST(Path, ConsumeLeavesTheParameters) {
  std::string_view text = "<\"x> y\"@x.y> SIZE=1 BODY=8BITMIME";
  EXPECT_EQ(ConsumePath(&text)->local, "\"x> y\"");
  EXPECT_EQ(text, " SIZE=1 BODY=8BITMIME");
  std::string_view bad = "<x y@x.y> SIZE=1";
  EXPECT_FALSE(ConsumePath(&bad).ok());
  EXPECT_EQ(bad, "<x y@x.y> SIZE=1") << "unchanged on failure";
}

TEST(Path, RoundTrip) {
  for (const std::string_view text : {"<a@x.y>", "<>", "<\"a b\"@x.y>", "<a@[192.0.2.1]>"}) {
    EXPECT_EQ(ParsePath(text)->ToPath(), text);
  }
}

TEST(DomainToAscii, Names) {
  EXPECT_EQ(*DomainToAscii("Example.COM"), "Example.COM");
  EXPECT_EQ(*DomainToAscii("b\xc3\xbc"
                           "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_FALSE(DomainToAscii("").ok());
  EXPECT_FALSE(DomainToAscii("example.com.").ok());
  EXPECT_FALSE(DomainToAscii("[192.0.2.1]").ok());
}

TEST(Utf8, WellFormedOnly) {
  EXPECT_TRUE(IsValidUtf8("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\x80"));
  for (const std::string_view bad :
       {"\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "a\xe2\x82", "\xc2\x85", "\xc3(", "\xff"}) {
    EXPECT_FALSE(IsValidUtf8(bad)) << Escape(bad);
  }
}

}  // namespace
}  // namespace convoy::mail
