#include "config/secret.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "config/load.h"

namespace convoy::config {
namespace {

FileAccess Access(const std::string& config) {
  FileAccess access;
  access.read = [config](const std::string& path) -> absl::StatusOr<std::string> {
    if (path == "dir/c.conf") return config;
    if (path == "dir/pw") return std::string("from-file\r\nnot this\n");
    if (path == "dir/both") return std::string("user:from-both");
    if (path == "dir/long") return std::string(kSecretBytesMax + 1, 'x');
    return absl::NotFoundError(Cat("cannot read ", path));
  };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  access.environment = [](const std::string& name) -> std::optional<std::string> {
    return name == "PW" ? std::optional<std::string>("from-env") : std::nullopt;
  };
  return access;
}

TEST(Secret, References) {
  const FileAccess access = Access("");
  EXPECT_EQ(*ResolveSecret("plain", "dir/c.conf", access), "plain");
  EXPECT_EQ(*ResolveSecret("file:pw", "dir/c.conf", access), "from-file");
  EXPECT_EQ(*ResolveSecret("env:PW", "dir/c.conf", access), "from-env");
  EXPECT_EQ(*ResolveSecret("literal:env:PW", "dir/c.conf", access), "env:PW");
  EXPECT_EQ(*ResolveCredentials("u:p:q", "dir/c.conf", access), "u:p:q");
  EXPECT_EQ(*ResolveCredentials("u:file:pw", "dir/c.conf", access), "u:from-file");
  EXPECT_EQ(*ResolveCredentials("file:both", "dir/c.conf", access), "user:from-both");
  EXPECT_FALSE(ResolveCredentials("file:pw", "dir/c.conf", access).ok()) << "no user";
  EXPECT_FALSE(ResolveSecret("env:NONE", "dir/c.conf", access).ok());
  EXPECT_EQ(ResolveSecret("file:long", "dir/c.conf", access).status().message(),
            "file:long has more than 4096 octets in its first line");
}

// The value reaches the policy, and nothing that is printed.
TEST(Secret, IsNeverPrinted) {
  const std::string text =
      "<domain *>\nauth-username u\nauth-password plain-secret\n</domain>\n"
      "<domain a.example>\nauth-password file:pw\n</domain>\n"
      "<domain b.example>\noutbound-auth user:other-secret\n</domain>\n"
      "<smtp-user s>\npassword third-secret\n</smtp-user>\n"
      "http-api-key fourth-secret\n";
  const LoadResult result = LoadConfig("dir/c.conf", Access(text));
  ASSERT_NE(result.config, nullptr) << CheckReport(result, false);
  EXPECT_EQ(result.config->PolicyFor("x", "").auth_password, "plain-secret");
  EXPECT_EQ(result.config->PolicyFor("a.example", "").auth_password, "from-file");
  EXPECT_EQ(result.config->PolicyFor("b.example", "").auth_password, "other-secret");
  for (const bool json : {false, true}) {
    std::string printed = CheckReport(result, json);
    for (const char* queue : {"x/{default}", "a.example/{default}", "b.example/{default}"}) {
      printed += *Explain(*result.config, queue, json);
    }
    EXPECT_EQ(printed.find("secret"), std::string::npos) << printed;
    EXPECT_EQ(printed.find("from-file"), std::string::npos) << printed;
  }
}

TEST(Secret, AreLeftAloneWhereTheyAreNot) {
  const std::string text = "<domain *>\nauth-password env:NONE\n</domain>\n";
  EXPECT_EQ(LoadConfig("dir/c.conf", Access(text)).config, nullptr);
  const LoadResult result = LoadConfig("dir/c.conf", Access(text), {.resolve_secrets = false});
  ASSERT_NE(result.config, nullptr);
  EXPECT_EQ(result.config->PolicyFor("x", "").auth_password, "");
}

}  // namespace
}  // namespace convoy::config
