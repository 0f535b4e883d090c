#include "shard/account/account_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"

namespace convoy::shard {
namespace {

class PosixAccountFilesTest : public testing::Test {
 protected:
  PosixAccountFilesTest()
      : directory_(std::filesystem::path(testing::TempDir()) /
                   testing::UnitTest::GetInstance()->current_test_info()->name()),
        prefix_((directory_ / "acct-2026-01-02-").string()) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  std::string Content(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::filesystem::path directory_;
  const std::string prefix_;
  PosixAccountFiles files_;
};

TEST_F(PosixAccountFilesTest, NumbersFollowTheHighestThereIs) {
  EXPECT_EQ(*files_.Create(prefix_, ".csv"), Cat(prefix_, "0000.csv"));
  EXPECT_EQ(*files_.Create(prefix_, ".csv"), Cat(prefix_, "0001.csv"));
  std::filesystem::remove(Cat(prefix_, "0000.csv"));
  EXPECT_EQ(*files_.Create(prefix_, ".csv"), Cat(prefix_, "0002.csv"));
}

TEST_F(PosixAccountFilesTest, AWriteCutsWhatIsBehindItsOffset) {
  const std::string name = *files_.Create(prefix_, ".csv");
  ASSERT_TRUE(files_.Write(name, 0, "abcdef").ok());
  ASSERT_TRUE(files_.Write(name, 3, "X").ok());
  EXPECT_EQ(Content(name), "abcX");
}

TEST_F(PosixAccountFilesTest, AFileThatWasTakenAwayIsNotFoundAndNotMadeAnew) {
  const std::string name = *files_.Create(prefix_, ".csv");
  ASSERT_TRUE(files_.Write(name, 0, "abc").ok());
  EXPECT_TRUE(absl::IsNotFound(files_.Write(name, 4, "x"))) << "shorter than the offset";
  EXPECT_EQ(Content(name), "abc");
  std::filesystem::remove(name);
  EXPECT_TRUE(absl::IsNotFound(files_.Write(name, 3, "x")));
  EXPECT_FALSE(std::filesystem::exists(name));
}

TEST_F(PosixAccountFilesTest, ADirectoryThatIsNotThereIsMade) {
  const std::string prefix = (directory_ / "new/acct-").string();
  EXPECT_EQ(*files_.Create(prefix, ".csv"), Cat(prefix, "0000.csv"));
}

TEST_F(PosixAccountFilesTest, ADirectoryThatCannotBeMadeIsAnErrorThatNamesIt) {
  const std::string file = *files_.Create(prefix_, ".csv");
  const absl::StatusOr<std::string> made = files_.Create(Cat(file, "/acct-"), ".csv");
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.status().ToString().find(file), std::string::npos) << made.status().ToString();
}

}  // namespace
}  // namespace convoy::shard
