#include "dane/tlsa.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>

#include "base/text.h"

namespace convoy::dane {
namespace {

constexpr uint8_t kTrustAnchor = 2;
constexpr uint8_t kEndEntity = 3;
constexpr uint8_t kWhole = 0;
constexpr uint8_t kSha256 = 1;
constexpr uint8_t kSha512 = 2;
constexpr size_t kSha256Bytes = 32;
constexpr size_t kSha512Bytes = 64;
constexpr size_t kWholeBytesMax = 65535;

// Exactly one certificate, or one key.
bool IsWhole(const TlsaRecord& record) {
  if (record.data.size() > kWholeBytesMax) return false;
  const auto* const begin = reinterpret_cast<const unsigned char*>(record.data.data());
  const auto* at = begin;
  const auto size = static_cast<long>(record.data.size());
  bool parsed = false;
  if (record.selector == 0) {
    X509* const certificate = d2i_X509(nullptr, &at, size);
    parsed = certificate != nullptr && X509_get0_pubkey(certificate) != nullptr;
    X509_free(certificate);
  } else {
    EVP_PKEY* const key = d2i_PUBKEY(nullptr, &at, size);
    parsed = key != nullptr;
    EVP_PKEY_free(key);
  }
  ERR_clear_error();
  return parsed && at == begin + size;
}

}  // namespace

std::optional<TlsaRecord> ParseTlsa(std::string_view data) {
  constexpr size_t kFieldBytes = 3;
  if (data.size() <= kFieldBytes) return std::nullopt;
  return TlsaRecord{.usage = static_cast<uint8_t>(data[0]),
                    .selector = static_cast<uint8_t>(data[1]),
                    .matching = static_cast<uint8_t>(data[2]),
                    .data = std::string(data.substr(kFieldBytes))};
}

bool IsUsable(const TlsaRecord& record) {
  if (record.usage != kTrustAnchor && record.usage != kEndEntity) return false;
  if (record.selector > 1) return false;
  switch (record.matching) {
    case kWhole:
      return IsWhole(record);
    case kSha256:
      return record.data.size() == kSha256Bytes;
    case kSha512:
      return record.data.size() == kSha512Bytes;
    default:
      return false;
  }
}

std::vector<TlsaRecord> Deciding(const std::vector<TlsaRecord>& records) {
  std::vector<TlsaRecord> usable;
  std::ranges::copy_if(records, std::back_inserter(usable), IsUsable);
  const std::vector<TlsaRecord> all = usable;
  std::erase_if(usable, [&](const TlsaRecord& weak) {
    return weak.matching != kWhole && std::ranges::any_of(all, [&](const TlsaRecord& other) {
             return other.usage == weak.usage && other.selector == weak.selector &&
                    other.matching > weak.matching;
           });
  });
  return usable;
}

std::string Fingerprint(const std::vector<TlsaRecord>& records) {
  std::string text;
  for (const TlsaRecord& record : records) {
    CatTo(&text, int{record.usage}, ' ', int{record.selector}, ' ', int{record.matching}, ' ',
          record.data.size(), ' ', record.data);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return {reinterpret_cast<const char*>(digest), sizeof digest};
}

}  // namespace convoy::dane
