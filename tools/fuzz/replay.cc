// Driver of a fuzz target in an ordinary test run: each corpus file, then mutations of it.
//
// How it works: 1. every argument that is not a flag is a corpus file or a directory of them; 2.
// the target runs on each, on the empty input, and on kMutationsPerFile inputs derived from each by
// a fixed generator, so that a run is the same on every machine; 3. the target reports by crashing.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int kMutationsPerFile = 200;

std::vector<std::string>& CorpusPaths() {
  static auto* paths = new std::vector<std::string>;
  return *paths;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::vector<std::string> ReadCorpus() {
  std::vector<std::string> inputs;
  for (const std::string& path : CorpusPaths()) {
    if (!std::filesystem::is_directory(path)) {
      inputs.push_back(ReadFile(path));
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) inputs.push_back(ReadFile(entry.path()));
    }
  }
  return inputs;
}

// splitmix64: small, and the same everywhere.
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}

  // A number below `bound`, which is positive.
  size_t Below(size_t bound) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return (mixed ^ (mixed >> 31)) % bound;
  }

 private:
  uint64_t state_;
};

// One small change: a byte replaced, inserted or erased, the tail cut, or a piece repeated.
std::string Mutate(std::string input, Generator& generator) {
  static constexpr char kBytes[] = "\r\n\0 .:;<>@\"\\={}[]-0A\x7f\x80\xff";
  const char byte = kBytes[generator.Below(sizeof(kBytes) - 1)];
  if (input.empty()) return std::string(1, byte);
  const size_t at = generator.Below(input.size());
  switch (generator.Below(5)) {
    case 0:
      input[at] = byte;
      return input;
    case 1:
      return input.insert(at, 1, byte);
    case 2:
      return input.erase(at, 1);
    case 3:
      return input.substr(0, at);
    default:
      return input.insert(at, input.substr(generator.Below(input.size())));
  }
}

void Feed(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

TEST(Replay, EmptyInput) { Feed(""); }

TEST(Replay, Corpus) {
  for (const std::string& input : ReadCorpus()) Feed(input);
}

TEST(Replay, Mutations) {
  uint64_t seed = 1;
  for (const std::string& input : ReadCorpus()) {
    Generator generator(seed++);
    std::string mutated = input;
    for (int i = 0; i < kMutationsPerFile; ++i) {
      mutated = Mutate(i % 8 == 0 ? input : mutated, generator);
      Feed(mutated);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] != '-') CorpusPaths().push_back(argv[i]);
  }
  return RUN_ALL_TESTS();
}
