// What a shard says of a configuration, each sentence to the letter.
//
// With `--update` the cases are rewritten in the source tree (bazel run
// //shard/node:diagnostics_test -- --update).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "config/diagnostic_cases.h"
#include "shard/node/config_file.h"
#include "shard/node/shard_config.h"

namespace convoy::shard {
namespace {

using config::Diagnostic;

config::Files OwnFiles(const config::Files& files) {
  constexpr std::string_view kOwn = "own/";
  config::Files own;
  for (const auto& [path, text] : files) {
    if (path.starts_with(kOwn)) own.emplace(path.substr(kOwn.size()), text);
  }
  return own;
}

// A stored configuration that was changed on the disk.
std::string Damaged() {
  const std::string directory = Cat(std::getenv("TEST_TMPDIR"), "/stored");
  std::filesystem::create_directories(directory);
  std::string text;
  for (const char* content : {"something else\n", "convoy-config 1 none\nx"}) {
    std::ofstream(directory + "/current", std::ios::trunc) << content;
    std::string said(ReadCurrentConfig(directory).status().message());
    said.erase(said.find(directory), directory.size() + 1);
    CatTo(&text, said, "\n");
  }
  return text;
}

std::string Answer(const config::DiagnosticCase& one) {
  if (one.command == "damaged") return Damaged();
  const config::FileAccess access = config::AccessTo(one.files);
  const LoadedShardConfig loaded = LoadShardConfig({.root = "main.conf",
                                                    .files = access,
                                                    .own = config::AccessTo(OwnFiles(one.files)),
                                                    .queues = {}});
  if (one.command == "load") return config::Lines(loaded.diagnostics);
  EXPECT_EQ(one.command, "restart");
  const auto before = config::LoadConfig("before.conf", access).config;
  return config::Lines(RestartWarnings(
      "main.conf", RestartDirectives(*before, *loaded.config->config, false, false)));
}

TEST(Diagnostics, AreAnsweredToTheLetter) { config::RunCases("shard", Answer); }

// A new sentence needs a case. What a reload says by itself is in reloader_test.
TEST(Diagnostics, AreAllShown) {
  EXPECT_EQ(config::SentencesNotShown(), std::vector<std::string>());
}

}  // namespace
}  // namespace convoy::shard

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  convoy::config::ReadArguments(argc, argv);
  return RUN_ALL_TESTS();
}
