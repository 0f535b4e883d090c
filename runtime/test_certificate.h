// Makes certificates for tests: a small authority and a server certificate signed by it.
#pragma once

#include <string>

namespace convoy {

struct TestCertificate {
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
};

// Writes PEM files named after `stem` into `directory`. `host` becomes the subject's DNS name. With
// `days_left` below 0 the server's certificate has expired, so many days ago.
TestCertificate WriteTestCertificate(const std::string& directory, const std::string& stem,
                                     const std::string& host, int days_left = 365);

}  // namespace convoy
