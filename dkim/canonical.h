// DKIM canonicalisation: the octets that are hashed for a header field and for a body.
//
//                header field                          body
//     simple     as it is                              trailing empty lines become one CRLF
//     relaxed    name in lower case, unfolded, white   white space runs become one blank, none at
//                space runs become one blank, none at  line ends, trailing empty lines go; an
//                the ends                              empty body stays empty
//
// The body side streams: a message of any size is hashed while it is spooled, in memory that does
// not depend on its size (trailing empty lines are a counter, not a buffer). Only CRLF ends a line;
// a bare CR or LF is an octet like any other.
//
// RFC:       6376 3.4 (canonicalisation), 6376 3.7 (hashes), 6376 3.5 (l=)
// Determinism: pure; the result does not depend on how the body is cut into chunks
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "dkim/sha256.h"

namespace convoy::dkim {

enum class Canonicalization { kSimple, kRelaxed };

// "simple", "relaxed"
std::string_view CanonicalizationName(Canonicalization c);
std::optional<Canonicalization> ParseCanonicalization(std::string_view name);

// Appends the canonical form of one whole field (name, colon, value, CRLF) to `*out`. A missing
// last CRLF is added.
void AppendCanonicalField(Canonicalization c, std::string_view raw_field, std::string* out);

// Canonicalises a body given in pieces and hands the result on in pieces.
class BodyCanonicalizer {
 public:
  using Sink = absl::FunctionRef<void(std::string_view)>;

  explicit BodyCanonicalizer(Canonicalization c) : relaxed_(c == Canonicalization::kRelaxed) {}

  void Feed(std::string_view chunk, Sink sink);
  // The end of the body. Feed must not be called after it.
  void Finish(Sink sink);

 private:
  void FeedSimple(std::string_view chunk, Sink sink);
  void FeedRelaxed(std::string_view chunk, Sink sink);
  // Hands on text that is known to stay, and before it the line ends and the blank it was waiting
  // for.
  void Emit(std::string_view text, Sink sink);

  const bool relaxed_;
  bool has_text_ = false;
  bool pending_cr_ = false;
  bool pending_blank_ = false;      // relaxed: white space that counts if text follows on the line
  uint64_t pending_line_ends_ = 0;  // count only if text follows
};

// The body hash (bh=) of a body given in pieces.
class BodyHasher {
 public:
  // `length_max` is the verifier's l=: octets of the canonical body that are hashed.
  explicit BodyHasher(Canonicalization c, std::optional<uint64_t> length_max = {});

  void Update(std::string_view chunk);
  // The 32 octets of the hash. Once only.
  std::string Finish();
  // Octets of the canonical body, beyond length_max too. After Finish.
  uint64_t canonical_bytes() const { return canonical_bytes_; }

 private:
  void Hash(std::string_view text);

  BodyCanonicalizer canonicalizer_;
  Sha256 sha_;
  const std::optional<uint64_t> length_max_;
  uint64_t canonical_bytes_ = 0;
};

// The body hash of a body in memory.
std::string BodyHash(Canonicalization c, std::string_view body);

}  // namespace convoy::dkim
