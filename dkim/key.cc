#include "dkim/key.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/text.h"
#include "dkim/base64.h"
#include "dkim/sha256.h"
#include "dkim/tag_list.h"

namespace convoy::dkim {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* Bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* Bytes(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

// An encrypted key must fail, not ask for its password on the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

absl::Status CryptoError(std::string_view what) {
  ERR_clear_error();
  return absl::InternalError(Cat("DKIM: ", what, " failed in the cryptographic library"));
}

absl::StatusOr<Algorithm> AlgorithmOf(const EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_ED25519) return Algorithm::kEd25519Sha256;
  if (type != EVP_PKEY_RSA) {
    return absl::InvalidArgumentError("the key is neither RSA nor Ed25519");
  }
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return absl::InvalidArgumentError(Cat("the RSA key has ", bits, " bits; from ", kRsaBitsMin,
                                          " to ", kRsaBitsMax, " are allowed, ", kRsaBitsAdvised,
                                          " is the advice (RFC 8301 3.2)"));
  }
  return Algorithm::kRsaSha256;
}

// RSA PKCS#1 v1.5 with SHA-256, ready for EVP_PKEY_sign or EVP_PKEY_verify.
bool SetRsaParameters(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1;
}

absl::StatusOr<std::string> SignRsa(EVP_PKEY* key, std::string_view digest) {
  const KeyContext context(EVP_PKEY_CTX_new(key, nullptr));
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key)), '\0');
  size_t size = signature.size();
  const bool ok =
      context != nullptr && EVP_PKEY_sign_init(context.get()) == 1 &&
      SetRsaParameters(context.get()) &&
      EVP_PKEY_sign(context.get(), Bytes(signature), &size, Bytes(digest), digest.size()) == 1;
  if (!ok) return CryptoError("the RSA signature");
  signature.resize(size);
  return signature;
}

// 8463 3: the digest itself is the message that PureEdDSA signs.
absl::StatusOr<std::string> SignEd25519(EVP_PKEY* key, std::string_view digest) {
  const DigestContext context(EVP_MD_CTX_new());
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key)), '\0');
  size_t size = signature.size();
  const bool ok =
      context != nullptr &&
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
      EVP_DigestSign(context.get(), Bytes(signature), &size, Bytes(digest), digest.size()) == 1;
  if (!ok) return CryptoError("the Ed25519 signature");
  signature.resize(size);
  return signature;
}

bool VerifyDigest(EVP_PKEY* key, Algorithm algorithm, std::string_view digest,
                  std::string_view signature) {
  bool good;
  if (algorithm == Algorithm::kRsaSha256) {
    const KeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    good = context != nullptr && EVP_PKEY_verify_init(context.get()) == 1 &&
           SetRsaParameters(context.get()) &&
           EVP_PKEY_verify(context.get(), Bytes(signature), signature.size(), Bytes(digest),
                           digest.size()) == 1;
  } else {
    const DigestContext context(EVP_MD_CTX_new());
    good = context != nullptr &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(digest),
                            digest.size()) == 1;
  }
  ERR_clear_error();
  return good;
}

std::string RawPublicKey(const EVP_PKEY* key) {
  std::string raw(kEd25519KeyBytes, '\0');
  size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key, Bytes(raw), &size) != 1) raw.clear();
  return raw;
}

std::string SubjectPublicKeyInfo(EVP_PKEY* key) {
  const int size = i2d_PUBKEY(key, nullptr);
  std::string der(static_cast<size_t>(size < 0 ? 0 : size), '\0');
  unsigned char* at = Bytes(der);
  if (size > 0) i2d_PUBKEY(key, &at);
  return der;
}

internal::KeyHandle RsaFromDer(std::string_view der) {
  const unsigned char* at = Bytes(der);
  const long size = static_cast<long>(der.size());
  internal::KeyHandle key(d2i_PUBKEY(nullptr, &at, size));
  if (key == nullptr) {
    at = Bytes(der);
    key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size));
  }
  ERR_clear_error();
  return key;
}

// A colon-separated tag value that holds `wanted` or, if allowed, "*". An absent tag allows
// everything.
bool ListHas(std::optional<std::string_view> value, std::string_view wanted, bool star) {
  if (!value) return true;
  const std::string packed = WithoutWhiteSpace(*value);
  for (const std::string_view item : Split(packed, ':')) {
    if (item == wanted || (star && item == "*")) return true;
  }
  return false;
}

absl::StatusOr<internal::KeyHandle> ParsePublic(std::string_view k, std::string_view p) {
  const std::optional<std::string> der = Base64Decode(p);
  if (!der) return absl::InvalidArgumentError("key record: p= is not base64");
  internal::KeyHandle key;
  if (k == "rsa") {
    key = RsaFromDer(*der);
  } else if (k == "ed25519") {
    if (der->size() == kEd25519KeyBytes) {
      key.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(*der), der->size()));
    }
  } else {
    return absl::InvalidArgumentError(
        Cat("key record: k=", Escape(k.substr(0, 20)), " is not supported"));
  }
  if (key == nullptr) return absl::InvalidArgumentError("key record: p= is not a key of that type");
  return key;
}

}  // namespace

void internal::FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

std::string_view AlgorithmName(Algorithm algorithm) {
  return algorithm == Algorithm::kRsaSha256 ? "rsa-sha256" : "ed25519-sha256";
}

PrivateKey::PrivateKey(internal::KeyHandle key, Algorithm algorithm, int bits)
    : key_(std::move(key)), algorithm_(algorithm), bits_(bits) {}

absl::StatusOr<PrivateKey::Ptr> PrivateKey::FromHandle(internal::KeyHandle key) {
  ASSIGN_OR_RETURN(const Algorithm algorithm, AlgorithmOf(key.get()));
  const int bits = algorithm == Algorithm::kRsaSha256 ? EVP_PKEY_get_bits(key.get()) : 256;
  Ptr loaded(new PrivateKey(std::move(key), algorithm, bits));
  RETURN_IF_ERROR(loaded->CheckPair());
  return loaded;
}

absl::Status PrivateKey::CheckPair() const {
  Sha256 sha;
  sha.Update("convoy");
  const std::string digest = sha.Finish();
  const absl::StatusOr<std::string> signature = Sign(digest);
  if (!signature.ok() || !VerifyDigest(key_.get(), algorithm_, digest, *signature)) {
    return absl::InvalidArgumentError("the key is damaged: it does not verify its own signature");
  }
  return absl::OkStatus();
}

absl::StatusOr<PrivateKey::Ptr> PrivateKey::FromPem(std::string_view pem) {
  if (pem.size() > kPemBytesMax) {
    return absl::InvalidArgumentError(Cat("longer than ", kPemBytesMax, " octets"));
  }
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  internal::KeyHandle key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr)
                              : nullptr);
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "not an unencrypted private key in PEM form (-----BEGIN PRIVATE KEY----- or -----BEGIN RSA "
        "PRIVATE KEY-----)");
  }
  return FromHandle(std::move(key));
}

absl::StatusOr<PrivateKey::Ptr> PrivateKey::Load(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string pem(kPemBytesMax + 1, '\0');
  file.read(pem.data(), static_cast<std::streamsize>(pem.size()));
  pem.resize(static_cast<size_t>(file.gcount()));
  if (pem.empty()) {
    const int error = errno;
    const std::string text =
        Cat("DKIM key ", path, ": ", error == 0 ? "empty file" : std::strerror(error));
    if (error == EACCES) return absl::PermissionDeniedError(text);
    return error == ENOENT ? absl::NotFoundError(text) : absl::InvalidArgumentError(text);
  }
  absl::StatusOr<Ptr> key = FromPem(pem);
  OPENSSL_cleanse(pem.data(), pem.size());
  if (key.ok()) return key;
  const absl::string_view why = key.status().message();
  return absl::InvalidArgumentError(
      Cat("DKIM key ", path, ": ", std::string_view(why.data(), why.size())));
}

absl::StatusOr<PrivateKey::Ptr> PrivateKey::FromEd25519Seed(std::string_view seed) {
  if (seed.size() != kEd25519KeyBytes) {
    return absl::InvalidArgumentError(Cat("an Ed25519 secret has ", kEd25519KeyBytes, " octets"));
  }
  internal::KeyHandle key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(seed), seed.size()));
  if (key == nullptr) return CryptoError("loading the Ed25519 key");
  return FromHandle(std::move(key));
}

bool PrivateKey::meets_advice() const {
  return algorithm_ == Algorithm::kEd25519Sha256 || bits_ >= kRsaBitsAdvised;
}

absl::StatusOr<std::string> PrivateKey::Sign(std::string_view sha256_digest) const {
  if (sha256_digest.size() != kSha256Bytes) return absl::InternalError("not a SHA-256 digest");
  return algorithm_ == Algorithm::kRsaSha256 ? SignRsa(key_.get(), sha256_digest)
                                             : SignEd25519(key_.get(), sha256_digest);
}

std::string PrivateKey::PublicRecord() const {
  const bool rsa = algorithm_ == Algorithm::kRsaSha256;
  return Cat("v=DKIM1; k=", rsa ? "rsa" : "ed25519", "; p=",
             Base64Encode(rsa ? SubjectPublicKeyInfo(key_.get()) : RawPublicKey(key_.get())));
}

absl::StatusOr<PublicKey> PublicKey::FromRecord(std::string_view record) {
  ASSIGN_OR_RETURN(const TagList tags, TagList::Parse(record));
  if (tags.Get("v", "DKIM1") != "DKIM1") {
    return absl::InvalidArgumentError("key record: v= is not DKIM1");
  }
  if (!ListHas(tags.Find("h"), "sha256", false)) {
    return absl::InvalidArgumentError("key record: h= does not allow sha256");
  }
  if (!ListHas(tags.Find("s"), "email", true)) {
    return absl::InvalidArgumentError("key record: s= does not allow email");
  }
  const std::optional<std::string_view> p = tags.Find("p");
  if (!p) return absl::InvalidArgumentError("key record: p= is missing");
  if (p->empty()) return absl::FailedPreconditionError("key record: the key is revoked (empty p=)");
  PublicKey key;
  ASSIGN_OR_RETURN(key.key_, ParsePublic(tags.Get("k", "rsa"), *p));
  ASSIGN_OR_RETURN(key.algorithm_, AlgorithmOf(key.key_.get()));
  key.bits_ = EVP_PKEY_get_bits(key.key_.get());
  key.strict_identity_ = tags.Find("t") && ListHas(tags.Find("t"), "s", false);
  key.testing_ = tags.Find("t") && ListHas(tags.Find("t"), "y", false);
  return key;
}

bool PublicKey::Verify(std::string_view sha256_digest, std::string_view signature) const {
  return VerifyDigest(key_.get(), algorithm_, sha256_digest, signature);
}

}  // namespace convoy::dkim
