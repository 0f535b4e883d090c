#include "config/bundle.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/text.h"

namespace convoy::config {
namespace {

class BundleTest : public testing::Test {
 protected:
  FileAccess Access() {
    return {.read = [this](const std::string& path) -> absl::StatusOr<std::string> {
              const auto found = files_.find(path);
              if (found == files_.end()) return absl::NotFoundError(Cat("cannot read ", path));
              return found->second;
            },
            .glob =
                [](const std::string&) {
                  return std::vector<std::string>{"/c/d/1.conf", "/c/d/2.conf"};
                }};
  }
  static std::string Said(const LoadResult& loaded) {
    std::string text;
    for (const Diagnostic& d : loaded.diagnostics) CatTo(&text, d.ToString(), "\n");
    return text;
  }

  std::map<std::string, std::string> files_ = {
      {"/c/main.conf",
       "include d/*.conf\ndomain-key s,,$domain,k.pem\n<domain *>\nsuppress-file "
       "s.txt\n</domain>\n"},
      {"/c/d/1.conf", "<virtual-mta v1>\nsmtp-source-host 127.0.0.1 a.b\n</virtual-mta>\n"},
      {"/c/d/2.conf", "total-max-smtp-out 7\n"},
      {"/c/k.pem", std::string("key\0text", 8)},
      {"/c/s.txt", "a@b.example\n"}};
};

TEST_F(BundleTest, CarriesEverythingAndLoadsAlikeElsewhere) {
  const Gathered gathered = GatherBundle("/c/main.conf", Access());
  ASSERT_NE(gathered.loaded.config, nullptr) << Said(gathered.loaded);
  EXPECT_EQ(gathered.bundle.files.size(), 5u);
  const std::string bytes = EncodeBundle(gathered.bundle);
  const absl::StatusOr<Bundle> bundle = DecodeBundle(bytes);
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  files_.clear();  // another machine
  const LoadResult loaded = LoadConfig(bundle->root, FilesOf(*bundle, Access()));
  ASSERT_NE(loaded.config, nullptr) << Said(loaded);
  EXPECT_EQ(loaded.config->fingerprint(), gathered.loaded.config->fingerprint());
  EXPECT_EQ(loaded.config->total_max_smtp_out(), 7);
  EXPECT_EQ(*FilesOf(*bundle, Access()).read("/c/k.pem"), std::string("key\0text", 8));
  EXPECT_EQ(EncodeBundle(*bundle), bytes);
}

// What a reload would take, one at a time: included, key and suppression files.
TEST_F(BundleTest, TheFingerprintCoversEveryFile) {
  const auto fingerprint = [this] {
    const Gathered gathered = GatherBundle("/c/main.conf", Access());
    return FingerprintOf(gathered.bundle, *gathered.loaded.config);
  };
  std::set<std::string> seen = {fingerprint()};
  EXPECT_EQ(fingerprint(), *seen.begin());
  for (const char* path : {"/c/main.conf", "/c/d/1.conf", "/c/d/2.conf", "/c/k.pem", "/c/s.txt"}) {
    files_[path] += '\n';
    EXPECT_TRUE(seen.insert(fingerprint()).second) << path;
  }
  files_.erase("/c/k.pem");
  EXPECT_TRUE(seen.insert(fingerprint()).second) << "a key that does not travel";
}

TEST_F(BundleTest, LargeAndUnreadableFilesAreLocalAndSaidSo) {
  files_["/c/s.txt"] = std::string(kNamedFileBytesMax + 1, 'x');
  files_.erase("/c/k.pem");
  const Gathered gathered = GatherBundle("/c/main.conf", Access());
  ASSERT_NE(gathered.loaded.config, nullptr);
  EXPECT_EQ(gathered.bundle.local, (std::vector<std::string>{"/c/k.pem", "/c/s.txt"}));
  EXPECT_EQ(Said(gathered.loaded),
            "/c/main.conf:2:1: warning: key file /c/k.pem does not travel: it cannot be read at "
            "the coordinator (each shard must have it)\n"
            "/c/main.conf:4:1: warning: suppress-file /c/s.txt does not travel: it has 262145 "
            "octets, at most 262144 travel (each shard must have it)\n");
  files_["/c/k.pem"] = "the shard's own";
  EXPECT_EQ(*FilesOf(gathered.bundle, Access()).read("/c/k.pem"), "the shard's own");
  EXPECT_FALSE(FilesOf(gathered.bundle, Access()).read("/c/other").ok());
}

TEST_F(BundleTest, ErrorsNameThePlaceAndNothingIsLoaded) {
  files_["/c/d/2.conf"] = "total-max-smtp-out 7\nmax-smtpout 3\n";
  const Gathered gathered = GatherBundle("/c/main.conf", Access());
  EXPECT_EQ(gathered.loaded.config, nullptr);
  EXPECT_TRUE(Said(gathered.loaded).starts_with("/c/d/2.conf:2:1: error: unknown directive"))
      << Said(gathered.loaded);
}

TEST_F(BundleTest, FormatIsAsDrawn) {
  Bundle bundle;
  bundle.root = "/a";
  bundle.files = {{"/a", "x\n"}};
  bundle.globs = {{"/d/*", {"/d/1"}}};
  bundle.local = {"/k"};
  const std::string bytes = EncodeBundle(bundle);
  const std::string body = "convoy-bundle 1\nR2:/a\nF2:/a\nT2:x\n\nG4:/d/*\nP4:/d/1\nL2:/k\n";
  EXPECT_EQ(bytes, Cat(body, ".", DigestOf(bytes), "\n"));
  EXPECT_EQ(DigestOf(bytes).size(), 16u);
}

TEST_F(BundleTest, EveryCutAndEveryFlippedOctetIsSeen) {
  const std::string bytes = EncodeBundle(GatherBundle("/c/main.conf", Access()).bundle);
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(DecodeBundle(std::string_view(bytes).substr(0, i)).ok()) << i;
    std::string flipped = bytes;
    flipped[i] ^= 1;
    EXPECT_FALSE(DecodeBundle(flipped).ok()) << i;
  }
}

}  // namespace
}  // namespace convoy::config
