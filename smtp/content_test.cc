// The two transparency functions, WireBody (out) and DataDecoder (in), against each other and
// against a plain model of RFC 5321 4.5.2.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "smtp/data_decoder.h"
#include "smtp/wire_body.h"

namespace convoy::smtp {
namespace {

absl::StatusOr<std::shared_ptr<const WireBody>> Wire(const std::vector<std::string>& pieces) {
  std::vector<SharedBytes> shared;
  for (const std::string& piece : pieces) shared.push_back(SharedBytes(piece));
  return WireBody::Make(std::move(shared));
}

std::string Written(const WireBody& body) {
  std::string out;
  for (const SharedBytes& piece : body.pieces()) out.append(piece.view());
  return out;
}

// Line by line, the slow way. `content` ends with CRLF or is empty.
std::string Stuffed(const std::string& content) {
  std::string out;
  for (size_t at = 0; at < content.size();) {
    const size_t end = content.find("\r\n", at) + 2;
    if (content[at] == '.') out.push_back('.');
    out.append(content, at, end - at);
    at = end;
  }
  return out;
}

struct Decoded {
  DataDecoder::Result result = DataDecoder::Result::kMore;
  std::string content;
  size_t left = 0;  // octets behind the end
  bool bare = false;
  uint64_t bare_at = 0;
  bool nul = false;
  bool overflow = false;
  uint64_t line_max = 0;
};

Decoded Decode(std::string_view input, size_t piece_size, uint64_t limit = 1 << 20) {
  DataDecoder decoder;
  decoder.Start(limit);
  Decoded out;
  for (size_t at = 0; at < input.size(); at += piece_size) {
    std::string_view piece = input.substr(at, piece_size);
    out.result = decoder.Consume(&piece, &out.content);
    if (out.result == DataDecoder::Result::kMore) {
      EXPECT_TRUE(piece.empty());
      continue;
    }
    out.left = piece.size() + input.size() - std::min(input.size(), at + piece_size);
    break;
  }
  out.bare = decoder.bare_line_end();
  out.bare_at = decoder.bare_line_end_at();
  out.nul = decoder.has_nul();
  out.overflow = decoder.overflow();
  out.line_max = decoder.line_bytes_max();
  return out;
}

// A content of lines in which dots and short lines are frequent.
std::string RandomContent(Rng& rng) {
  std::string content;
  const uint64_t lines = rng.Below(12);
  for (uint64_t i = 0; i < lines; ++i) {
    const uint64_t size = rng.Below(6);
    for (uint64_t k = 0; k < size; ++k) content.push_back("..ab\xc3 "[rng.Below(6)]);
    content.append("\r\n");
  }
  return content;
}

TEST(Content, BY_03_PropertyEveryCutAtEveryOffset) {
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    const std::string content = RandomContent(rng);
    for (size_t cut = 0; cut <= content.size(); ++cut) {
      auto body = Wire({content.substr(0, cut), content.substr(cut)});
      ASSERT_TRUE(body.ok()) << body.status();
      EXPECT_EQ(Written(**body), Stuffed(content));
      EXPECT_EQ((*body)->wire_bytes(), Stuffed(content).size());
      EXPECT_EQ((*body)->content_bytes(), content.size());
      EXPECT_EQ((*body)->has_8bit(), content.find('\xc3') != std::string::npos);
    }
    const std::string wire = Stuffed(content) + ".\r\n" + "MAIL";
    for (size_t size = 1; size <= wire.size(); ++size) {
      const Decoded decoded = Decode(wire, size);
      EXPECT_EQ(decoded.result, DataDecoder::Result::kEnd);
      EXPECT_EQ(decoded.content, content);
      EXPECT_EQ(decoded.left, 4u);
      EXPECT_FALSE(decoded.bare);
    }
  }
}

TEST(Content, BY_03_BlockBoundaryAtEveryOffsetOf64KiB) {
  const std::string filler(64 * 1024 - 8, 'x');
  const std::string tail = "\r\n.\r\n..\r\n.a\r\n\r\n.\r\nb\r\n";
  const std::string content = filler + tail;
  for (size_t cut = filler.size() - 2; cut <= content.size(); ++cut) {
    auto body = Wire({content.substr(0, cut), content.substr(cut)});
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(Written(**body), Stuffed(content));
    DataDecoder decoder;
    decoder.Start(1 << 20);
    std::string decoded;
    const std::string wire = Stuffed(content) + ".\r\n";
    std::string_view first = std::string_view(wire).substr(0, cut);
    std::string_view second = std::string_view(wire).substr(cut);
    ASSERT_EQ(decoder.Consume(&first, &decoded), DataDecoder::Result::kMore);
    EXPECT_EQ(decoder.Consume(&second, &decoded), DataDecoder::Result::kEnd);
    EXPECT_EQ(decoded, content);
  }
}

TEST(WireBody, SendsFromTheMemoryItIsIn) {
  const SharedBytes piece(std::string("Subject: x\r\n\r\na.b\r\n"));
  auto body = WireBody::Make({piece});
  ASSERT_TRUE(body.ok());
  ASSERT_EQ((*body)->pieces().size(), 1u);
  EXPECT_EQ((*body)->pieces()[0].view().data(), piece.view().data());
}

TEST(WireBody, BY_02_FinalCrlf) {
  EXPECT_EQ(Written(**Wire({"a"})), "a\r\n");
  EXPECT_EQ(Written(**Wire({"a\r\n"})), "a\r\n");
  EXPECT_EQ(Written(**Wire({"a\r", "\n", ""})), "a\r\n");
  EXPECT_EQ(Written(**Wire({"."})), "..\r\n");
  EXPECT_EQ(Written(**Wire({})), "");
  EXPECT_EQ(Written(**Wire({"", ""})), "");
  EXPECT_EQ((*Wire({"a"}))->content_bytes(), 3u);
}

TEST(WireBody, BY_01_BD_06_BareLineEndsAreRefusedWithTheirPlace) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> bad = {
      {{"a\nb\r\n"}, "bare LF at octet 1 "},    {{"a\r\n", "b\n"}, "bare LF at octet 4 "},
      {{"a\rb\r\n"}, "bare CR at octet 1 "},    {{"a\r", "b"}, "bare CR at octet 1 "},
      {{"a\r\n\n"}, "bare LF at octet 3 "},     {{"ab\r"}, "bare CR at octet 2 "},
      {{"a\r\r\n"}, "bare CR at octet 1 "},     {{"\n"}, "bare LF at octet 0 "},
      {{"a\r", "\r\n"}, "bare CR at octet 1 "}, {{"a\r\n.\n"}, "bare LF at octet 4 "},
  };
  for (const auto& [pieces, message] : bad) {
    auto body = Wire(pieces);
    ASSERT_FALSE(body.ok()) << Escape(pieces[0]);
    EXPECT_EQ(body.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(body.status().ToString().find(message) != std::string::npos) << body.status();
  }
}

TEST(DataDecoder, BY_04_OnlyCrlfDotCrlfEnds) {
  for (const char* sequence : {"\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r.\n"}) {
    const std::string input = std::string("x") + sequence + "MAIL FROM:<a@b>\r\n";
    for (size_t size = 1; size <= input.size(); ++size) {
      const Decoded decoded = Decode(input, size);
      EXPECT_EQ(decoded.result, DataDecoder::Result::kFalseEnd) << Escape(input);
      EXPECT_TRUE(decoded.bare);
    }
  }
}

TEST(DataDecoder, BY_05_BareLineEndSpoilsAllOfIt) {
  for (const char* input :
       {"a\nb\r\n.\r\n", "a\rb\r\n.\r\n", "a\r\r\n.\r\n", "a\n.b\r\n.\r\n", "a\r.b\r\n.\r\n"}) {
    for (size_t size = 1; size <= 9; ++size) {
      const Decoded decoded = Decode(input, size);
      EXPECT_EQ(decoded.result, DataDecoder::Result::kEnd) << Escape(input);
      EXPECT_TRUE(decoded.bare);
      EXPECT_EQ(decoded.bare_at, 1u);
    }
  }
}

TEST(DataDecoder, BY_07_Nul) {
  for (const std::string_view input :
       {std::string_view("a\0b\r\n.\r\n", 8), std::string_view("\0\r\n.\r\n", 6),
        std::string_view(".\0\r\n.\r\n", 7)}) {
    EXPECT_TRUE(Decode(input, 1).nul);
    EXPECT_TRUE(Decode(input, 100).nul);
  }
}

TEST(DataDecoder, SZ_06_NothingIsKeptBeyondTheLimit) {
  const Decoded fits = Decode("12345\r\n.\r\n", 3, 7);
  EXPECT_FALSE(fits.overflow);
  EXPECT_EQ(fits.content, "12345\r\n");
  for (size_t size : {1, 3, 100}) {
    const Decoded decoded = Decode("12345\r\nmore and more\r\n.\r\nMAIL", size, 6);
    EXPECT_EQ(decoded.result, DataDecoder::Result::kEnd);
    EXPECT_TRUE(decoded.overflow);
    EXPECT_EQ(decoded.content, "");
    EXPECT_EQ(decoded.left, 4u);
  }
}

TEST(DataDecoder, BY_08_LongestLine) {
  EXPECT_EQ(Decode("12\r\n12345\r\n1\r\n.\r\n", 1).line_max, 5u);
  EXPECT_EQ(Decode("12\r\n..345\r\n1\r\n.\r\n", 100).line_max, 4u);
}

}  // namespace
}  // namespace convoy::smtp
