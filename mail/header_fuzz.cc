// Foreign bytes as a message: the header reader, its sanitiser and the address lists inside it.
//
// How it works: 1. the input is split and read; the fields concatenated are the header block again;
// 2. a HeaderCollector fed in pieces ends at the same octet as SplitMessage; 3. the sanitised
// header has only fields with names, at most one of each singleton, no long line, and sanitising it
// again changes nothing; 4. addresses found in From are valid.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "mail/mailbox_list.h"
#include "mail/message.h"
#include "mail/sanitize.h"

namespace {

using convoy::mail::HeaderBlock;
using convoy::mail::HeaderField;

void CheckSanitized(const HeaderBlock& header) {
  const convoy::mail::SanitizedHeader once = convoy::mail::SanitizeHeader(header);
  const HeaderBlock clean(once.text);
  for (const HeaderField& field : clean.fields()) {
    CHECK(!field.name.empty());
    CHECK(field.raw.ends_with("\r\n"));
    CHECK(!convoy::mail::IsSingleton(field.name) || clean.Count(field.name) == 1);
  }
  const convoy::mail::SanitizedHeader twice = convoy::mail::SanitizeHeader(clean);
  CHECK(twice.text == once.text);
  CHECK(twice.repairs.empty());
}

void CheckCollector(std::string_view message) {
  const convoy::mail::MessageParts parts = convoy::mail::SplitMessage(message);
  convoy::mail::HeaderCollector collector;
  size_t taken = 0;
  for (size_t at = 0; at < message.size(); at += 7) {
    taken += collector.Feed(message.substr(at, 7));
  }
  CHECK(collector.done() == parts.has_separator);
  CHECK(collector.header() == parts.header);
  CHECK(taken == message.size() - parts.body.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const HeaderBlock header(convoy::mail::SplitMessage(message).header);
  std::string joined;
  for (const HeaderField& field : header.fields()) {
    CHECK(field.offset == joined.size());
    joined.append(field.raw);
    CHECK(field.Unfolded().size() <= field.value.size());
  }
  CHECK(joined == header.text());
  CHECK(convoy::mail::RewriteHeader(header, {}) == header.text());
  if (size < convoy::mail::kHeaderBytesMax) CheckCollector(message);
  CheckSanitized(header);
  const absl::StatusOr<convoy::mail::Address> from = convoy::mail::FromAddress(header);
  CHECK(!from.ok() || convoy::mail::ParseAddress(from->ToString()).ok());
  CHECK(convoy::mail::ParseMailboxList(message).size() <= convoy::mail::kMailboxesMax);
  return 0;
}
