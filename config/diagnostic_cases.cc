#include "config/diagnostic_cases.h"

#include <fnmatch.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace convoy::config {
namespace {

constexpr char kGoldens[] = "tests/configs/";
bool update = false;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string Numbered(const std::string& text, int64_t number) {
  return Replaced(Replaced(text, "%d", Cat(number)), "%n", Cat(number + 1));
}

// Every {{repeat N TEXT}} written out, the inner ones first.
std::string Expanded(std::string text) {
  constexpr std::string_view kBegin = "{{repeat ";
  for (size_t at = 0; (at = text.rfind(kBegin)) != std::string::npos;) {
    const size_t end = text.find("}}", at);
    std::string inner = text.substr(at + kBegin.size(), end - at - kBegin.size());
    const size_t blank = inner.find(' ');
    const int64_t times = ParseInt(inner.substr(0, blank)).value_or(0);
    inner = Replaced(inner.substr(blank + 1), "\\n", "\n");
    std::string all;
    const bool numbered = inner.find('%') != std::string::npos;
    for (int64_t i = 1; i <= times; ++i) all += numbered ? Numbered(inner, i) : inner;
    text.replace(at, end + 2 - at, all);
  }
  return text;
}

// "NAME" or "NAME xN".
void AddFiles(const std::string& title, const std::string& text, Files* files) {
  const size_t many = title.find(" x");
  const int64_t count = many == std::string::npos ? 1 : *ParseInt(title.substr(many + 2));
  const std::string name = title.substr(0, many);
  const std::string expanded = Expanded(text);
  for (int64_t i = 1; i <= count; ++i) {
    files->emplace(Numbered(name, i), count == 1 ? expanded : Numbered(expanded, i));
  }
}

DiagnosticCase CaseFrom(std::string_view first, const std::vector<std::string_view>& lines) {
  DiagnosticCase one;
  for (const std::string_view word : Split(first, ' ')) one.arguments.emplace_back(word);
  one.command = one.arguments.front();
  one.arguments.erase(one.arguments.begin());
  std::string name = "main.conf";
  std::string text;
  for (const std::string_view line : lines) {
    if (line.starts_with("== ")) {
      AddFiles(name, text, &one.files);
      name = line.substr(3);
      text.clear();
    } else {
      CatTo(&text, line, "\n");
    }
  }
  AddFiles(name, text, &one.files);
  return one;
}

// Runs a block of lines without an empty one; gives the block as it should be.
std::string RunBlock(const std::vector<std::string_view>& block, const CaseRunner& run) {
  std::string text;
  std::vector<std::string_view> input;
  std::string_view command;
  for (const std::string_view line : block) {
    if (line == "----") break;
    CatTo(&text, line, "\n");
    if (command.empty() && line.starts_with('#')) continue;
    if (command.empty()) {
      command = line;
    } else {
      input.push_back(line);
    }
  }
  if (command.empty()) return text;
  // An empty line would end the case.
  return Cat(text, "----\n", Replaced(run(CaseFrom(command, input)), "\n\n", "\n.\n"));
}

}  // namespace

void ReadArguments(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) update = update || std::strcmp(argv[i], "--update") == 0;
}

void RunCases(const std::string& name, const CaseRunner& run) {
  const std::string path = Cat(kGoldens, "diagnostics/", name, ".txt");
  const std::string text = ReadAll(path);
  ASSERT_FALSE(text.empty()) << path;
  std::string all;
  std::vector<std::string_view> block;
  const auto end_block = [&](std::string_view written) {
    if (block.empty()) return;
    const std::string now = RunBlock(block, run);
    if (!update) EXPECT_EQ(now, written) << path;
    CatTo(&all, all.empty() ? "" : "\n", now);
    block.clear();
  };
  std::string written;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) {
      end_block(written);
      written.clear();
      continue;
    }
    block.push_back(line);
    CatTo(&written, line, "\n");
  }
  end_block(written);
  const char* tree = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (update) std::ofstream(Cat(tree == nullptr ? "." : tree, "/", path), std::ios::binary) << all;
}

FileAccess AccessTo(const Files& files) {
  FileAccess access;
  access.read = [files](const std::string& path) -> absl::StatusOr<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) {
      return NotFound(Say<"cannot read {}: {}">(path, "No such file or directory"));
    }
    return found->second;
  };
  access.glob = [files](const std::string& pattern) {
    std::vector<std::string> found;
    for (const auto& [path, text] : files) {
      if (fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0) found.push_back(path);
    }
    return found;
  };
  access.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "CONVOY_SECRET") return "s3cr3t";
    return std::nullopt;
  };
  return access;
}

std::string Lines(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics) CatTo(&text, d.ToString(), "\n");
  return text.empty() ? "nothing is said\n" : text;
}

namespace {

// The lines of all goldens that are said, not written by the user.
std::vector<std::string> ShownLines() {
  std::vector<std::string> shown;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kGoldens)) {
    const bool cases = entry.path().extension() == ".txt";
    if (!cases && entry.path().extension() != ".golden") continue;
    bool said = !cases;
    const std::string text = ReadAll(entry.path());
    for (const std::string_view line : Split(text, '\n')) {
      if (cases && line.empty()) said = false;
      if (said) shown.emplace_back(line);
      if (cases && line == "----") said = true;
    }
  }
  return shown;
}

// The pieces between the values, in their order.
bool Shows(std::string_view line, std::string_view sentence) {
  while (true) {
    const size_t place = std::min(sentence.find("{}"), sentence.size());
    const size_t at = line.find(sentence.substr(0, place));
    if (at == std::string_view::npos) return false;
    line.remove_prefix(at + place);
    if (place == sentence.size()) return true;
    sentence.remove_prefix(place + 2);
  }
}

}  // namespace

std::vector<std::string> SentencesNotShown() {
  const std::vector<std::string> lines = ShownLines();
  std::vector<std::string> missing;
  for (const std::string_view sentence : AllSentences()) {
    const bool shown = std::any_of(lines.begin(), lines.end(),
                                   [&](const auto& line) { return Shows(line, sentence); });
    if (!shown) missing.emplace_back(sentence);
  }
  return missing;
}

}  // namespace convoy::config
