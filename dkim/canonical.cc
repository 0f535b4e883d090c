#include "dkim/canonical.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace convoy::dkim {
namespace {

constexpr std::string_view kManyLineEnds =
    "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
    "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";

// Characters at which relaxed canonicalisation has to look.
constexpr std::array<bool, 256> kStops = [] {
  std::array<bool, 256> stops{};
  stops[' '] = stops['\t'] = stops['\r'] = true;
  return stops;
}();

bool Stops(char c) { return kStops[static_cast<unsigned char>(c)]; }

// Length of the text at the front that relaxed canonicalisation leaves alone. Goes through a single
// blank or CRLF between two other characters, so that ordinary text is one run.
size_t UnchangedRun(std::string_view s) {
  size_t i = 0;
  while (i < s.size()) {
    if (!Stops(s[i])) {
      ++i;
    } else if (i > 0 && s[i] == ' ' && i + 1 < s.size() && !Stops(s[i + 1])) {
      i += 2;
    } else if (i > 0 && s[i] == '\r' && i + 2 < s.size() && s[i + 1] == '\n' && !Stops(s[i + 2])) {
      i += 3;
    } else {
      return i;
    }
  }
  return i;
}

}  // namespace

std::string_view CanonicalizationName(Canonicalization c) {
  return c == Canonicalization::kRelaxed ? "relaxed" : "simple";
}

std::optional<Canonicalization> ParseCanonicalization(std::string_view name) {
  if (EqualsIgnoreCase(name, "simple")) return Canonicalization::kSimple;
  if (EqualsIgnoreCase(name, "relaxed")) return Canonicalization::kRelaxed;
  return {};
}

void AppendCanonicalField(Canonicalization c, std::string_view raw_field, std::string* out) {
  if (raw_field.ends_with("\r\n")) raw_field.remove_suffix(2);
  if (c == Canonicalization::kSimple) {
    CatTo(out, raw_field, "\r\n");
    return;
  }
  const size_t colon = std::min(raw_field.find(':'), raw_field.size());
  std::string_view name = raw_field.substr(0, colon);
  while (!name.empty() && IsBlank(name.back())) name.remove_suffix(1);
  CatTo(out, Lower(name), ':');
  const std::string_view value = raw_field.substr(std::min(colon + 1, raw_field.size()));
  bool blank = false;
  bool has_text = false;
  for (size_t i = 0; i < value.size(); ++i) {
    const bool fold =
        value[i] == '\r' && i + 2 < value.size() && value[i + 1] == '\n' && IsBlank(value[i + 2]);
    if (fold) ++i;
    if (fold || IsBlank(value[i])) {
      blank = true;
      continue;
    }
    if (blank && has_text) out->push_back(' ');
    out->push_back(value[i]);
    blank = false;
    has_text = true;
  }
  out->append("\r\n");
}

void BodyCanonicalizer::Emit(std::string_view text, Sink sink) {
  while (pending_line_ends_ > 0) {
    const uint64_t count = std::min<uint64_t>(pending_line_ends_, kManyLineEnds.size() / 2);
    sink(kManyLineEnds.substr(0, count * 2));
    pending_line_ends_ -= count;
  }
  if (pending_blank_) sink(" ");
  pending_blank_ = false;
  sink(text);
  has_text_ = true;
}

void BodyCanonicalizer::Feed(std::string_view chunk, Sink sink) {
  if (chunk.empty()) return;
  if (pending_cr_) {
    pending_cr_ = false;
    if (chunk.front() == '\n') {
      chunk.remove_prefix(1);
      pending_blank_ = false;
      ++pending_line_ends_;
    } else {
      Emit("\r", sink);
    }
  }
  if (relaxed_) {
    FeedRelaxed(chunk, sink);
  } else {
    FeedSimple(chunk, sink);
  }
}

void BodyCanonicalizer::FeedSimple(std::string_view chunk, Sink sink) {
  pending_cr_ = chunk.ends_with('\r');
  if (pending_cr_) chunk.remove_suffix(1);
  uint64_t line_ends = 0;
  while (chunk.ends_with("\r\n")) {
    chunk.remove_suffix(2);
    ++line_ends;
  }
  if (!chunk.empty()) Emit(chunk, sink);
  pending_line_ends_ += line_ends;
}

void BodyCanonicalizer::FeedRelaxed(std::string_view chunk, Sink sink) {
  while (!chunk.empty()) {
    const size_t run = UnchangedRun(chunk);
    if (run > 0) {
      Emit(chunk.substr(0, run), sink);
      chunk.remove_prefix(run);
      continue;
    }
    const bool cr = chunk.front() == '\r';
    chunk.remove_prefix(1);
    if (!cr) {
      pending_blank_ = true;
    } else if (chunk.empty()) {
      pending_cr_ = true;
    } else if (chunk.front() == '\n') {
      chunk.remove_prefix(1);
      pending_blank_ = false;
      ++pending_line_ends_;
    } else {
      Emit("\r", sink);
    }
  }
}

void BodyCanonicalizer::Finish(Sink sink) {
  if (pending_cr_) Emit("\r", sink);
  if (!relaxed_ || has_text_) sink("\r\n");
}

BodyHasher::BodyHasher(Canonicalization c, std::optional<uint64_t> length_max)
    : canonicalizer_(c), length_max_(length_max) {}

void BodyHasher::Hash(std::string_view text) {
  const uint64_t room = length_max_ && *length_max_ > canonical_bytes_
                            ? *length_max_ - canonical_bytes_
                            : (length_max_ ? 0 : text.size());
  canonical_bytes_ += text.size();
  sha_.Update(text.substr(0, std::min<uint64_t>(room, text.size())));
}

void BodyHasher::Update(std::string_view chunk) {
  canonicalizer_.Feed(chunk, [this](std::string_view text) { Hash(text); });
}

std::string BodyHasher::Finish() {
  canonicalizer_.Finish([this](std::string_view text) { Hash(text); });
  return sha_.Finish();
}

std::string BodyHash(Canonicalization c, std::string_view body) {
  BodyHasher hasher(c);
  hasher.Update(body);
  return hasher.Finish();
}

}  // namespace convoy::dkim
