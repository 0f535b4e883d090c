// Foreign bytes as a signed message and as a key record.
//
// How it works: 1. the text after the first line that says only "%%" is the key record, what is
// before it the message; 2. every signature gets a verdict with a one-line reason, and the same one
// twice; 3. the same message signed by our signer verifies, with the foreign signatures still in
// it, and fails once a From is added.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "dkim/canonical.h"
#include "dkim/key.h"
#include "dkim/signer.h"
#include "dkim/verifier.h"
#include "mail/message.h"

namespace {

using convoy::Cat;
using convoy::dkim::PrivateKey;
using convoy::dkim::SignatureResult;
using convoy::dkim::Verdict;

const PrivateKey& Key() {
  static const auto& key = *new PrivateKey::Ptr(*PrivateKey::FromEd25519Seed(std::string(32, 'k')));
  return *key;
}

std::vector<SignatureResult> Verify(std::string_view message, std::string_view record) {
  return convoy::dkim::VerifyMessage(
      message, [&](std::string_view name) -> absl::StatusOr<std::string> {
        return name == "fuzz._domainkey.convoy.test" ? Key().PublicRecord() : std::string(record);
      });
}

void CheckOwnSignature(std::string_view message, std::string_view record) {
  convoy::dkim::SignOptions options;
  options.domain = "convoy.test";
  options.selector = "fuzz";
  const convoy::mail::MessageParts parts = convoy::mail::SplitMessage(message);
  const absl::StatusOr<std::string> field =
      Sign(Key(), options, parts.header, convoy::dkim::BodyHash(options.body, parts.body));
  if (!field.ok()) return;  // no From
  CHECK(Verify(Cat(*field, message), record).front().verdict == Verdict::kPass);
  const std::string forged = Cat(*field, "From: evil@example.com\r\n", message);
  CHECK(Verify(forged, record).front().verdict == Verdict::kFail);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t split = text.find("%%\r\n");
  const std::string_view message = text.substr(0, split);
  const std::string_view record =
      split == std::string_view::npos ? std::string_view() : text.substr(split + 4);
  const std::vector<SignatureResult> results = Verify(message, record);
  const std::vector<SignatureResult> again = Verify(message, record);
  CHECK(results.size() == again.size() && results.size() <= convoy::dkim::kSignaturesMax);
  for (size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i].verdict == again[i].verdict);
    CHECK(results[i].reason.empty() == (results[i].verdict == Verdict::kPass));
    CHECK(results[i].reason == again[i].reason);
    CHECK(results[i].reason.find_first_of("\r\n") == std::string::npos);
  }
  // A header that ends inside a line would swallow or be swallowed by what is put before it.
  if (message.find("\r\n\r\n") != std::string_view::npos && message.front() != ' ' &&
      message.front() != '\t') {
    CheckOwnSignature(message, record);
  }
  return 0;
}
