#include "mail/normalize.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/text.h"

namespace convoy::mail {
namespace {

constexpr NormalizeOptions kReject{.bare_line = BareLinePolicy::kReject};

std::string Out(std::string_view content, NormalizeOptions options = {}) {
  const absl::StatusOr<std::string> out = Normalize(content, options);
  if (out.ok()) return *out;
  return std::string(out.status().message().data(), out.status().message().size());
}

TEST(Normalize, BY_01_BY_06_BareLineEndsAreConverted) {
  EXPECT_EQ(Out("a\nb\n"), "a\r\nb\r\n");
  EXPECT_EQ(Out("a\rb\r"), "a\r\nb\r\n");
  EXPECT_EQ(Out("a\r\nb\r\n"), "a\r\nb\r\n");
  EXPECT_EQ(Out("\n\r\n\r"), "\r\n\r\n\r\n");
  EXPECT_EQ(Out("a\r\r\n"), "a\r\n\r\n");
}

TEST(Normalize, BY_02_MissingLastLineEndIsAddedOnce) {
  EXPECT_EQ(Out("a"), "a\r\n");
  EXPECT_EQ(Out("a\r"), "a\r\n");
  EXPECT_EQ(Out("a\r\n"), "a\r\n");
  EXPECT_EQ(Out("a\r\n\r\n"), "a\r\n\r\n");
  EXPECT_EQ(Out(""), "");
}

TEST(Normalize, BY_04_NoSmuggledEndOfData) {
  for (const std::string_view smuggled :
       {"a\n.\nMAIL", "a\r.\rMAIL", "a\n.\r\nMAIL", "a\r\n.\nMAIL", "a\r\n.\rMAIL"}) {
    EXPECT_EQ(Out(smuggled), "a\r\n.\r\nMAIL\r\n") << "dot-stuffing makes this harmless";
    EXPECT_NE(Out(smuggled, kReject).find("bare"), std::string::npos);
  }
}

TEST(Normalize, BY_05_RejectPolicyNamesThePlace) {
  EXPECT_EQ(Out("a\r\nbc\nd", kReject), "line 2 (octet 5): a bare LF; lines end with CRLF");
  EXPECT_EQ(Out("a\r\nbc\rd", kReject), "line 2 (octet 6): a bare CR; lines end with CRLF");
  EXPECT_EQ(Out("a\r", kReject), "line 1 (octet 2): a bare CR; lines end with CRLF");
  EXPECT_EQ(Out("a\r\nb", kReject), "a\r\nb\r\n");
}

TEST(Normalize, BY_04_ApiContentMayHaveBareLfAndNoBareCr) {
  constexpr NormalizeOptions kApi{.bare_line = BareLinePolicy::kConvertLf};
  EXPECT_EQ(Out("a\nb\r\nc", kApi), "a\r\nb\r\nc\r\n");
  EXPECT_EQ(Out("a\nbc\rd", kApi), "line 2 (octet 5): a bare CR; lines end with CRLF");
  EXPECT_EQ(Out("a\r", kApi), "line 1 (octet 2): a bare CR; lines end with CRLF");
}

TEST(Normalize, BY_07_NulIsRefused) {
  EXPECT_EQ(Out(std::string_view("a\r\nb\0c", 6)),
            "line 2 (octet 4): a NUL octet; encode binary parts as base64");
}

TEST(Normalize, BY_08_LineLength) {
  EXPECT_EQ(Out(std::string(998, 'a')).size(), 1000u);
  EXPECT_EQ(
      Out(Cat("x\r\n", std::string(999, 'a'))),
      "line 2 (octet 3): longer than 998 octets; encode the part as quoted-printable or base64");
  EXPECT_EQ(Out(Cat(std::string(998, 'a'), "\n", std::string(998, 'b'))).size(), 2000u);
}

TEST(Normalize, NothingAfterAFailure) {
  Normalizer normalizer;
  std::string out;
  EXPECT_FALSE(normalizer.Feed(std::string_view("\0", 1), &out).ok());
  EXPECT_FALSE(normalizer.Feed("fine", &out).ok());
  EXPECT_FALSE(normalizer.Finish(&out).ok());
  EXPECT_EQ(out, "");
}

TEST(Normalize, AnyChunkingGivesTheSame) {
  constexpr std::string_view kPieces[] = {
      "a", "bc", "\r\n", "\r", "\n", ".", std::string_view("\0", 1)};
  Rng rng(3);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    const uint64_t count = rng.Below(20);
    for (uint64_t k = 0; k < count; ++k) {
      text.append(kPieces[rng.Below(std::size(kPieces) - (rng.Chance(0.9) ? 1 : 0))]);
    }
    for (const NormalizeOptions options : {NormalizeOptions{.line_bytes_max = 6}, kReject}) {
      const absl::StatusOr<std::string> whole = Normalize(text, options);
      Normalizer normalizer(options);
      std::string out;
      absl::Status status;
      for (size_t at = 0; status.ok() && at < text.size();) {
        const size_t size = 1 + rng.Below(4);
        status = normalizer.Feed(std::string_view(text).substr(at, size), &out);
        at += size;
      }
      if (status.ok()) status = normalizer.Finish(&out);
      ASSERT_EQ(status.ok(), whole.ok()) << testing::PrintToString(text);
      if (!whole.ok()) continue;
      ASSERT_EQ(out, *whole);
      for (size_t k = 0; k < out.size(); ++k) {
        ASSERT_EQ(out[k] == '\n', k > 0 && out[k - 1] == '\r') << "no bare CR or LF";
      }
      ASSERT_TRUE(out.empty() || out.ends_with("\r\n"));
      ASSERT_EQ(*Normalize(out, options), out) << "idempotent";
    }
  }
}

}  // namespace
}  // namespace convoy::mail
