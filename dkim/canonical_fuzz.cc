// Foreign bytes as a body and as a header field.
//
// How it works: 1. the body is canonicalised whole and in pieces: same octets; 2. canonicalising
// the result again changes nothing; it ends with exactly one CRLF or is empty; 3. a field's relaxed
// form has no two blanks in a row, one line, and is its own relaxed form; its simple form is the
// field.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "dkim/canonical.h"
#include "mail/message.h"

namespace {

using convoy::dkim::Canonicalization;

std::string Canonical(Canonicalization c, std::string_view body, size_t step) {
  convoy::dkim::BodyCanonicalizer canonicalizer(c);
  std::string out;
  const auto sink = [&](std::string_view text) { out.append(text); };
  for (size_t at = 0; at < body.size(); at += step) canonicalizer.Feed(body.substr(at, step), sink);
  canonicalizer.Finish(sink);
  return out;
}

void CheckBody(Canonicalization c, std::string_view body) {
  const std::string whole = Canonical(c, body, body.size() + 1);
  for (const size_t step : {1, 2, 5}) CHECK(Canonical(c, body, step) == whole);
  CHECK(Canonical(c, whole, 3) == whole);
  CHECK(whole.empty() ? c == Canonicalization::kRelaxed : whole.ends_with("\r\n"));
  CHECK(!whole.ends_with("\r\n\r\n"));
  CHECK(whole == "\r\n" ? c == Canonicalization::kSimple : true);
  CHECK(whole.size() <= body.size() + 2);
}

void CheckField(std::string_view raw) {
  std::string relaxed;
  AppendCanonicalField(Canonicalization::kRelaxed, raw, &relaxed);
  CHECK(relaxed.find("  ") == std::string::npos && relaxed.find('\t') == std::string::npos);
  std::string again;
  AppendCanonicalField(Canonicalization::kRelaxed, relaxed, &again);
  CHECK(again == relaxed);
  std::string simple;
  AppendCanonicalField(Canonicalization::kSimple, raw, &simple);
  CHECK(simple.starts_with(raw) && simple.size() <= raw.size() + 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckBody(Canonicalization::kSimple, text);
  CheckBody(Canonicalization::kRelaxed, text);
  const convoy::mail::HeaderBlock header(convoy::mail::SplitMessage(text).header);
  for (const convoy::mail::HeaderField& field : header.fields()) {
    if (!field.name.empty()) CheckField(field.raw);
  }
  return 0;
}
