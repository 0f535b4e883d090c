#include "dkim/key.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdio>
#include <fstream>

#include "base/text.h"
#include "dkim/base64.h"
#include "dkim/rfc_vectors.h"
#include "dkim/sha256.h"

namespace convoy::dkim {
namespace {

std::string Digest(std::string_view text) {
  Sha256 sha;
  sha.Update(text);
  return sha.Finish();
}

// Takes ownership of `key`. With a password, the PEM is encrypted.
std::string ToPem(EVP_PKEY* key, const char* password = nullptr) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, password ? EVP_aes_128_cbc() : nullptr, nullptr, 0,
                                nullptr, const_cast<char*>(password));
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return pem;
}

std::string RsaPem(unsigned bits, const char* password = nullptr) {
  return ToPem(EVP_RSA_gen(bits), password);
}

bool Mentions(const absl::Status& status, std::string_view text) {
  return status.message().find(absl::string_view(text.data(), text.size())) !=
         absl::string_view::npos;
}

TEST(DkimKey, DK_02_RsaSizes) {
  const auto small = PrivateKey::FromPem(RsaPem(768));
  EXPECT_TRUE(absl::IsInvalidArgument(small.status()));
  EXPECT_TRUE(Mentions(small.status(), "768 bits")) << small.status();

  const auto least = PrivateKey::FromPem(vectors::kRsaPem);
  ASSERT_TRUE(least.ok()) << least.status();
  EXPECT_EQ((*least)->bits(), 1024);
  EXPECT_FALSE((*least)->meets_advice());

  const auto advised = PrivateKey::FromPem(RsaPem(2048));
  ASSERT_TRUE(advised.ok()) << advised.status();
  EXPECT_TRUE((*advised)->meets_advice());
  EXPECT_EQ((*advised)->algorithm(), Algorithm::kRsaSha256);
}

TEST(DkimKey, DK_02_PublicRsaBelow1024IsRefused) {
  EVP_PKEY* key = EVP_RSA_gen(512);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const std::string p = Base64Encode({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  EVP_PKEY_free(key);
  EXPECT_TRUE(Mentions(PublicKey::FromRecord(Cat("p=", p)).status(), "512 bits"));
}

TEST(DkimKey, DK_17_Ed25519RecordIsRaw32Octets) {
  const auto key = PrivateKey::FromEd25519Seed(*Base64Decode(vectors::kEd25519Seed));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ((*key)->PublicRecord(), vectors::kEd25519Record);
  EXPECT_EQ((*key)->algorithm(), Algorithm::kEd25519Sha256);
  EXPECT_EQ((*key)->bits(), 256);
  EXPECT_FALSE(PrivateKey::FromEd25519Seed("short").ok());
}

TEST(DkimKey, RsaRecordOfRfc8463) {
  const auto key = PrivateKey::FromPem(vectors::kRsaPem);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ((*key)->PublicRecord(), vectors::kRsaRecord);
}

TEST(DkimKey, SignatureVerifiesWithTheRecordOnlyForItsDigest) {
  const auto rsa = PrivateKey::FromPem(vectors::kRsaPem);
  const auto ed25519 = PrivateKey::FromEd25519Seed(*Base64Decode(vectors::kEd25519Seed));
  for (const PrivateKey::Ptr& key : {*rsa, *ed25519}) {
    const auto record = PublicKey::FromRecord(key->PublicRecord());
    ASSERT_TRUE(record.ok()) << record.status();
    std::string signature = *key->Sign(Digest("text"));
    EXPECT_TRUE(record->Verify(Digest("text"), signature));
    EXPECT_FALSE(record->Verify(Digest("other"), signature));
    signature[3] ^= 1;
    EXPECT_FALSE(record->Verify(Digest("text"), signature));
    EXPECT_FALSE(record->Verify(Digest("text"), ""));
    EXPECT_FALSE(key->Sign("not 32 octets").ok());
  }
}

TEST(DkimKey, DK_16_UnusablePemIsRefusedWithoutShowingIt) {
  const std::string encrypted = RsaPem(1024, "secret");
  const std::string pem(vectors::kRsaPem);
  const std::string cut = pem.substr(0, pem.size() / 2);
  std::string damaged = pem;
  damaged.replace(damaged.find("Y/J16JYi0Qvx"), 12, "Y/J16JYi0Qvy");  // in the modulus
  const std::string ec = ToPem(EVP_EC_gen("P-256"));
  for (const std::string& bad : {encrypted, cut, damaged, ec, std::string(), std::string("x"),
                                 std::string(kPemBytesMax + 1, 'a')}) {
    const absl::Status status = PrivateKey::FromPem(bad).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status << bad.substr(0, 40);
    for (size_t i = 64; i + 12 < bad.size(); i += 64) {
      EXPECT_FALSE(bad.size() < 5000 && Mentions(status, bad.substr(i, 12))) << "key material";
    }
  }
}

TEST(DkimKey, DK_16_LoadNamesTheFile) {
  const std::string path = Cat(testing::TempDir(), "/convoy_key_test.pem");
  std::remove(path.c_str());
  const absl::Status missing = PrivateKey::Load(path).status();
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_TRUE(Mentions(missing, path));
  std::ofstream(path) << "rubbish";
  const absl::Status rubbish = PrivateKey::Load(path).status();
  EXPECT_TRUE(absl::IsInvalidArgument(rubbish)) << rubbish;
  EXPECT_TRUE(Mentions(rubbish, path));
  std::ofstream(path, std::ios::trunc) << vectors::kRsaPem;
  EXPECT_TRUE(PrivateKey::Load(path).ok());
  std::remove(path.c_str());
  EXPECT_FALSE(PrivateKey::Load(testing::TempDir()).ok()) << "a directory";
}

TEST(DkimKey, RecordTags) {
  const std::string record(vectors::kEd25519Record);
  const auto strict = PublicKey::FromRecord(Cat(record, "; t=y:s; n=a note;"));
  ASSERT_TRUE(strict.ok()) << strict.status();
  EXPECT_TRUE(strict->strict_identity());
  EXPECT_TRUE(strict->testing());
  const auto plain = PublicKey::FromRecord(Cat(record, "; s=email:other; h=sha1 : sha256"));
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_FALSE(plain->strict_identity());
  EXPECT_FALSE(plain->testing());
  EXPECT_TRUE(PublicKey::FromRecord(Cat(record, "; s=*")).ok());
}

TEST(DkimKey, RecordRefusals) {
  const std::string record(vectors::kEd25519Record);
  EXPECT_TRUE(absl::IsFailedPrecondition(PublicKey::FromRecord("v=DKIM1; p=").status()));
  for (const std::string& bad :
       {Cat(record, "; s=tlsrpt"), Cat(record, "; h=sha1"), Cat("v=DKIM2; ", record.substr(9)),
        Cat(record, "; p=again"), std::string("v=DKIM1; k=rsa"), std::string("k=dsa; p=AAAA"),
        std::string("k=ed25519; p=AAAA"), std::string("p=!!!!"), std::string("p=AAAA"),
        std::string("no tags"), std::string()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromRecord(bad).status())) << bad;
  }
}

}  // namespace
}  // namespace convoy::dkim
