#include "smtp/wire_body.h"

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::smtp {
namespace {

// Follows the lines of a content that comes in pieces.
class LineScanner {
 public:
  // Offsets in `piece` of the dots that begin a line.
  absl::Status Scan(std::string_view piece, std::vector<size_t>* dots) {
    size_t at = 0;
    if (after_cr_ && !piece.empty()) {
      if (piece[0] != '\n') return Bare("CR", offset_ - 1);
      after_cr_ = false;
      line_start_ = true;
      at = 1;
    }
    while (at < piece.size()) {
      if (line_start_ && piece[at] == '.') dots->push_back(at);
      const char* const begin = piece.data() + at;
      const size_t left = piece.size() - at;
      const auto* cr = static_cast<const char*>(std::memchr(begin, '\r', left));
      const size_t text = cr == nullptr ? left : static_cast<size_t>(cr - begin);
      const auto* lf = static_cast<const char*>(std::memchr(begin, '\n', text));
      if (lf != nullptr) return Bare("LF", offset_ + static_cast<size_t>(lf - piece.data()));
      line_start_ = line_start_ && text == 0;
      at += text;
      if (cr == nullptr) break;
      if (at + 1 == piece.size()) {
        after_cr_ = true;
        break;
      }
      if (piece[at + 1] != '\n') return Bare("CR", offset_ + at);
      line_start_ = true;
      at += 2;
    }
    offset_ += piece.size();
    return absl::OkStatus();
  }

  absl::Status Finish(bool* ends_with_crlf) {
    if (after_cr_) return Bare("CR", offset_ - 1);
    *ends_with_crlf = line_start_;
    return absl::OkStatus();
  }

 private:
  static absl::Status Bare(const char* what, uint64_t at) {
    return absl::InvalidArgumentError(
        Cat("bare ", what, " at octet ", at, " of the content; lines must end with CRLF"));
  }

  bool line_start_ = true;
  bool after_cr_ = false;
  uint64_t offset_ = 0;
};

bool Has8Bit(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return (all & 0x80) != 0;
}

SharedBytes WithDotsDoubled(std::string_view piece, const std::vector<size_t>& dots) {
  std::string out;
  out.reserve(piece.size() + dots.size());
  size_t from = 0;
  for (const size_t dot : dots) {
    out.append(piece.substr(from, dot - from));
    out.push_back('.');
    from = dot;
  }
  out.append(piece.substr(from));
  return SharedBytes(std::move(out));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const WireBody>> WireBody::Make(std::vector<SharedBytes> pieces) {
  std::shared_ptr<WireBody> body(new WireBody);
  LineScanner scanner;
  std::vector<size_t> dots;
  for (SharedBytes& piece : pieces) {
    dots.clear();
    RETURN_IF_ERROR(scanner.Scan(piece.view(), &dots));
    body->content_bytes_ += piece.size();
    body->has_8bit_ = body->has_8bit_ || Has8Bit(piece.view());
    if (piece.size() == 0) continue;
    if (!dots.empty() && body->chunk_.empty()) body->chunk_ = body->pieces_;
    if (!dots.empty() || !body->chunk_.empty()) body->chunk_.push_back(piece);
    if (!dots.empty()) piece = WithDotsDoubled(piece.view(), dots);
    body->pieces_.push_back(std::move(piece));
  }
  bool ends_with_crlf = false;
  RETURN_IF_ERROR(scanner.Finish(&ends_with_crlf));
  if (!ends_with_crlf) {
    body->pieces_.emplace_back(std::string("\r\n"));
    if (!body->chunk_.empty()) body->chunk_.push_back(body->pieces_.back());
    body->content_bytes_ += 2;
  }
  for (const SharedBytes& piece : body->pieces_) body->wire_bytes_ += piece.size();
  return std::shared_ptr<const WireBody>(std::move(body));
}

}  // namespace convoy::smtp
