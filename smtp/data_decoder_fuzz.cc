// Asserts about DataDecoder, for any bytes: the result does not depend on how the input is cut; the
// limit holds; an accepted content has no bare CR or LF, and WireBody writes it so that it decodes
// to itself.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "smtp/data_decoder.h"
#include "smtp/wire_body.h"

namespace {

using convoy::SharedBytes;
using convoy::smtp::DataDecoder;
using convoy::smtp::WireBody;

constexpr uint64_t kContentBytesMax = 512;

struct Decoded {
  DataDecoder::Result result = DataDecoder::Result::kMore;
  std::string content;
  bool bare = false;
  bool overflow = false;
  uint64_t wire_bytes = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded Decode(std::string_view input, size_t piece_size) {
  DataDecoder decoder;
  decoder.Start(kContentBytesMax);
  Decoded out;
  for (size_t at = 0; at < input.size() && out.result == DataDecoder::Result::kMore;
       at += piece_size) {
    std::string_view piece = input.substr(at, piece_size);
    out.result = decoder.Consume(&piece, &out.content);
    CHECK(out.content.size() <= kContentBytesMax);
  }
  out.bare = decoder.bare_line_end();
  out.overflow = decoder.overflow();
  out.wire_bytes = decoder.wire_bytes();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const Decoded whole = Decode(input, input.size() + 1);
  CHECK(whole == Decode(input, data[0] % 64 + 1));
  CHECK(whole == Decode(input, 1));
  if (whole.result == DataDecoder::Result::kFalseEnd) CHECK(whole.bare);
  if (whole.result != DataDecoder::Result::kEnd || whole.bare || whole.overflow) return 0;

  std::vector<SharedBytes> pieces;
  pieces.push_back(SharedBytes(whole.content));
  auto body = WireBody::Make(std::move(pieces));
  CHECK(body.ok());
  std::string wire;
  for (const SharedBytes& piece : (*body)->pieces()) wire.append(piece.view());
  wire.append(".\r\n");
  const Decoded again = Decode(wire, 7);
  CHECK(again.result == DataDecoder::Result::kEnd && again.content == whole.content);
  return 0;
}
