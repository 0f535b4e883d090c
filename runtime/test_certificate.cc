#include "runtime/test_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

#include "base/check.h"
#include "base/text.h"

namespace convoy {
namespace {

constexpr long kDay = 24 * 3600;  // seconds

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(FILE* p) const { std::fclose(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

void AddExtension(X509* subject, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, subject, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  CHECK(extension != nullptr && X509_add_ext(subject, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Certificate Make(const std::string& name, long serial, EVP_PKEY* key, X509* issuer,
                 EVP_PKEY* issuer_key, bool authority, int days_left) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay * 100);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay * days_left);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* const signer = issuer == nullptr ? certificate.get() : issuer;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  AddExtension(certificate.get(), signer, NID_basic_constraints,
               authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!authority) {
    AddExtension(certificate.get(), signer, NID_subject_alt_name, Cat("DNS:", name));
  }
  CHECK(X509_sign(certificate.get(), issuer_key, EVP_sha256()) > 0);
  return certificate;
}

std::unique_ptr<FILE, Free> Create(const std::string& path) {
  std::unique_ptr<FILE, Free> file(std::fopen(path.c_str(), "w"));
  CHECK(file != nullptr);
  return file;
}

}  // namespace

TestCertificate WriteTestCertificate(const std::string& directory, const std::string& stem,
                                     const std::string& host, int days_left) {
  const Key ca_key(EVP_EC_gen("P-256"));
  const Key key(EVP_EC_gen("P-256"));
  CHECK(ca_key != nullptr && key != nullptr);
  const Certificate ca =
      Make(Cat("Test CA ", stem), 1, ca_key.get(), nullptr, ca_key.get(), true, 365);
  const Certificate leaf = Make(host, 2, key.get(), ca.get(), ca_key.get(), false, days_left);
  const TestCertificate files{.ca_file = Cat(directory, "/", stem, "_ca.pem"),
                              .certificate_file = Cat(directory, "/", stem, "_cert.pem"),
                              .key_file = Cat(directory, "/", stem, "_key.pem")};
  CHECK(PEM_write_X509(Create(files.ca_file).get(), ca.get()) == 1);
  CHECK(PEM_write_X509(Create(files.certificate_file).get(), leaf.get()) == 1);
  CHECK(PEM_write_PrivateKey(Create(files.key_file).get(), key.get(), nullptr, nullptr, 0, nullptr,
                             nullptr) == 1);
  return files;
}

}  // namespace convoy
