// Asserts that the replay driver hands over the bytes of the corpus and changed copies of them.
//
// At exit, the seed must have been seen whole, and other inputs beside it and the empty one.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

namespace {

std::set<std::string>& Seen() {
  static auto* seen = new std::set<std::string>;
  return *seen;
}

void CheckSeen() {
  if (Seen().contains("seed of the replay driver\n") && Seen().size() > 100) return;
  std::fprintf(stderr, "the corpus did not reach the target (%zu inputs)\n", Seen().size());
  std::_Exit(1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (Seen().empty()) std::atexit(CheckSeen);
  if (Seen().size() < 1000) Seen().emplace(reinterpret_cast<const char*>(data), size);
  return 0;
}
