// The content of a message in the form in which it goes over the wire, made once, sent many times.
//
// The pieces (signature field, header, body) are checked for line ends and, only where a line
// starts with a dot, copied with the dot doubled; a piece that needs nothing is sent from the
// memory it is in. The terminating dot is not part of it. BDAT sends the same content as it is.
//
// RFC:       5321 4.5.2 (transparency), 5321 2.3.8 (only CRLF), 1870 6 (size before stuffing),
//            3030 2 (BDAT: no stuffing)
// Units:     *_bytes octets
// Errors:    InvalidArgument with the offset of a bare CR or LF
// Thread:    immutable, shared
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/stream.h"

namespace convoy::smtp {

class WireBody {
 public:
  // `pieces` in order are the content with CRLF line ends; a missing final CRLF is added.
  static absl::StatusOr<std::shared_ptr<const WireBody>> Make(std::vector<SharedBytes> pieces);

  // What is written between the 354 and the final ".CRLF"; ends with CRLF unless empty.
  const std::vector<SharedBytes>& pieces() const { return pieces_; }
  // The content itself, for BDAT: content_bytes() octets, no dot doubled.
  const std::vector<SharedBytes>& chunk() const { return chunk_.empty() ? pieces_ : chunk_; }
  uint64_t wire_bytes() const { return wire_bytes_; }
  // For SIZE=: octets of the content, an added CRLF included, doubled dots not.
  uint64_t content_bytes() const { return content_bytes_; }
  bool has_8bit() const { return has_8bit_; }

 private:
  WireBody() = default;
  std::vector<SharedBytes> pieces_;
  std::vector<SharedBytes> chunk_;  // empty: no dot was doubled, pieces_ is the content
  uint64_t wire_bytes_ = 0;
  uint64_t content_bytes_ = 0;
  bool has_8bit_ = false;
};

}  // namespace convoy::smtp
