#include "dkim/canonical.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "dkim/base64.h"

namespace convoy::dkim {
namespace {

constexpr Canonicalization kSimple = Canonicalization::kSimple;
constexpr Canonicalization kRelaxed = Canonicalization::kRelaxed;

std::string Body(Canonicalization c, std::string_view body, size_t chunk = std::string::npos) {
  BodyCanonicalizer canonicalizer(c);
  std::string out;
  const auto sink = [&](std::string_view text) { out.append(text); };
  while (!body.empty()) {
    canonicalizer.Feed(body.substr(0, chunk), sink);
    body.remove_prefix(std::min(chunk, body.size()));
  }
  canonicalizer.Finish(sink);
  return out;
}

std::string Field(Canonicalization c, std::string_view raw) {
  std::string out;
  AppendCanonicalField(c, raw, &out);
  return out;
}

// The rules of 6376 3.4.3 and 3.4.4 applied line by line to a body in memory: slow and plain.
std::string PlainBody(Canonicalization c, std::string_view body) {
  std::vector<std::string> lines;
  while (!body.empty()) {
    const size_t end = body.find("\r\n");
    lines.emplace_back(body.substr(0, end));
    body = end == std::string_view::npos ? "" : body.substr(end + 2);
  }
  std::string out;
  for (std::string& line : lines) {
    if (c == kSimple) continue;
    std::string packed;
    for (const char ch : line) {
      const char as = ch == '\t' ? ' ' : ch;
      if (as != ' ' || packed.empty() || packed.back() != ' ') packed.push_back(as);
    }
    if (packed.ends_with(' ')) packed.pop_back();
    line = packed;
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const std::string& line : lines) out.append(line).append("\r\n");
  return out.empty() && c == kSimple ? "\r\n" : out;
}

// Short texts of the characters that matter, at random.
std::string RandomBody(Rng* rng) {
  constexpr std::string_view kPieces[] = {"a", "b", " ", "\t", "\r\n", "\r\n", "\r", "\n", "."};
  std::string body;
  const uint64_t count = rng->Below(24);
  for (uint64_t i = 0; i < count; ++i) body.append(kPieces[rng->Below(std::size(kPieces))]);
  return body;
}

TEST(DkimCanonical, DK_03_ExamplesOfRfc6376) {
  const std::string_view a = "A: X\r\n";
  const std::string_view b = "B : Y\t\r\n\tZ  \r\n";
  const std::string_view body = " C \r\nD \t E\r\n\r\n\r\n";
  EXPECT_EQ(Field(kRelaxed, a), "a:X\r\n");
  EXPECT_EQ(Field(kRelaxed, b), "b:Y Z\r\n");
  EXPECT_EQ(Body(kRelaxed, body), " C\r\nD E\r\n");
  EXPECT_EQ(Field(kSimple, a), a);
  EXPECT_EQ(Field(kSimple, b), b);
  EXPECT_EQ(Body(kSimple, body), " C \r\nD \t E\r\n");
}

TEST(DkimCanonical, DK_03_SimpleLeavesCaseAndBlanks) {
  EXPECT_EQ(Field(kSimple, "SuBJeCT :  a\tB \r\n  c\r\n"), "SuBJeCT :  a\tB \r\n  c\r\n");
  EXPECT_EQ(Field(kRelaxed, "SuBJeCT :  a\tB \r\n  c\r\n"), "subject:a B c\r\n");
}

TEST(DkimCanonical, DK_03_RelaxedFieldEdges) {
  EXPECT_EQ(Field(kRelaxed, "X:\r\n"), "x:\r\n");
  EXPECT_EQ(Field(kRelaxed, "X: \t \r\n"), "x:\r\n");
  EXPECT_EQ(Field(kRelaxed, "X:a\r\n \r\n\tb"), "x:a b\r\n")
      << "a fold of blanks only, no last CRLF";
  EXPECT_EQ(Field(kRelaxed, "X:a:b : c\r\n"), "x:a:b : c\r\n");
}

TEST(DkimCanonical, DK_04_EmptyBody) {
  EXPECT_EQ(Body(kSimple, ""), "\r\n");
  EXPECT_EQ(Body(kRelaxed, ""), "");
  EXPECT_EQ(Base64Encode(BodyHash(kSimple, "")), "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
  EXPECT_EQ(Base64Encode(BodyHash(kRelaxed, "")), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST(DkimCanonical, DK_04_BodyOfEmptyLinesIsEmpty) {
  EXPECT_EQ(Body(kSimple, "\r\n\r\n\r\n"), "\r\n");
  EXPECT_EQ(Body(kRelaxed, "\r\n\r\n"), "");
  EXPECT_EQ(Body(kRelaxed, " \t\r\n  \r\n"), "") << "blanks at line ends go first";
  EXPECT_EQ(Body(kSimple, " \r\n\r\n"), " \r\n");
}

TEST(DkimCanonical, DK_05_TrailingEmptyLinesCollapse) {
  for (const Canonicalization c : {kSimple, kRelaxed}) {
    EXPECT_EQ(Body(c, "a\r\n"), "a\r\n");
    EXPECT_EQ(Body(c, "a\r\n\r\n\r\n"), "a\r\n");
    EXPECT_EQ(Body(c, "a"), "a\r\n") << "a missing last CRLF is added";
    EXPECT_EQ(Body(c, "\r\n\r\na\r\n\r\nb\r\n"), "\r\n\r\na\r\n\r\nb\r\n") << "others stay";
  }
}

TEST(DkimCanonical, BareCrAndLfAreOctetsLikeAnyOther) {
  EXPECT_EQ(Body(kSimple, "a\rb\nc\r"), "a\rb\nc\r\r\n");
  EXPECT_EQ(Body(kRelaxed, "a \rb \n c\r"), "a \rb \n c\r\r\n");
  EXPECT_EQ(Body(kRelaxed, "a\r\r\n"), "a\r\r\n");
}

TEST(DkimCanonical, DK_18_AnyChunkingGivesTheSameAsThePlainRules) {
  Rng rng(20260101);
  for (int i = 0; i < 4000; ++i) {
    const std::string body = RandomBody(&rng);
    for (const Canonicalization c : {kSimple, kRelaxed}) {
      const std::string expected = PlainBody(c, body);
      for (const size_t chunk : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, body.size() + 1}) {
        ASSERT_EQ(Body(c, body, chunk), expected)
            << CanonicalizationName(c) << " body '" << testing::PrintToString(body) << "' chunk "
            << chunk;
      }
    }
  }
}

TEST(DkimCanonical, DK_18_TrailingEmptyLinesAreCountedNotStored) {
  // 64 MB of line ends between two letters, fed 64 KiB at a time: the sink never sees a piece
  // larger than what was fed, and nothing at all before text follows.
  std::string lines;
  while (lines.size() < 65536) lines.append("\r\n");
  for (const Canonicalization c : {kSimple, kRelaxed}) {
    BodyCanonicalizer canonicalizer(c);
    uint64_t total = 0;
    size_t largest = 0;
    const auto sink = [&](std::string_view text) {
      total += text.size();
      largest = std::max(largest, text.size());
    };
    canonicalizer.Feed("a", sink);
    for (int i = 0; i < 1024; ++i) canonicalizer.Feed(lines, sink);
    EXPECT_EQ(total, 1u);
    canonicalizer.Feed("b", sink);
    canonicalizer.Finish(sink);
    EXPECT_EQ(total, 1024u * lines.size() + 4);
    EXPECT_LE(largest, lines.size());
  }
}

TEST(DkimCanonical, LengthLimitStopsTheHashNotTheCount) {
  BodyHasher limited(kSimple, 3);
  limited.Update("ab");
  limited.Update("cdef\r\n");
  const std::string hash = limited.Finish();
  Sha256 sha;
  sha.Update("abc");
  EXPECT_EQ(hash, sha.Finish());
  EXPECT_EQ(limited.canonical_bytes(), 8u);
}

TEST(DkimCanonical, Names) {
  EXPECT_EQ(ParseCanonicalization("Relaxed"), kRelaxed);
  EXPECT_EQ(ParseCanonicalization("simple"), kSimple);
  EXPECT_EQ(ParseCanonicalization("nowsp"), std::nullopt);
}

TEST(Base64, RoundTripAndRefusals) {
  Rng rng(7);
  for (size_t size = 0; size < 70; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(rng.Below(256)));
    EXPECT_EQ(Base64Decode(Base64Encode(bytes)), bytes);
  }
  EXPECT_EQ(Base64Encode("Ma"), "TWE=");
  EXPECT_EQ(Base64Decode(" TW\r\n\tE= "), "Ma");
  for (const std::string_view bad :
       {"TWE", "T===", "TW=E", "TW*=", "TWF=", "=", "TWE=TWE=", "===="}) {
    EXPECT_EQ(Base64Decode(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace convoy::dkim
