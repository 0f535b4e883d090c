#include "config/testing/corpus.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "config/say.h"

namespace convoy::config {
namespace {

std::string Difference(const Setting& a, const Setting& b) {
  const bool same = a.row == b.row && a.secret == b.secret && a.child == b.child &&
                    a.value() == b.value() && (a.row != nullptr || a.rest == b.rest) &&
                    a.words.size() == b.words.size();
  return same ? ""
              : Cat(a.where.ToString(), ": ", a.spelled, ' ', a.rest, " is not ", b.spelled, ' ',
                    b.rest, " of line ", b.where.line);
}

}  // namespace

std::string ReadCorpusFile(const std::string& path) {
  std::ifstream file(Cat(kCorpusDirectory, path), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

FileAccess CorpusAccess() {
  return CorpusAccess([](const std::string&, std::string text) { return text; });
}

FileAccess CorpusAccess(std::function<std::string(const std::string& path, std::string)> change) {
  FileAccess access;
  access.read = [change](const std::string& path) -> absl::StatusOr<std::string> {
    if (!std::filesystem::is_regular_file(Cat(kCorpusDirectory, path))) {
      return NotFound(Say<"cannot read {}: No such file or directory">(path));
    }
    return change(path, ReadCorpusFile(path));
  };
  access.glob = [](const std::string& pattern) {
    std::vector<std::string> found = RealFiles().glob(Cat(kCorpusDirectory, pattern));
    for (std::string& path : found) path.erase(0, sizeof kCorpusDirectory - 1);
    return found;
  };
  access.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "CONVOY_SECRET") return "from-the-environment";
    return std::nullopt;
  };
  return access;
}

std::vector<std::string> CorpusNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpusDirectory)) {
    if (entry.path().extension() == ".conf") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> CorpusFiles() {
  std::vector<std::string> files;
  for (const std::string& name : CorpusNames()) files.push_back(Cat(name, ".conf"));
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(Cat(kCorpusDirectory, "parts"))) {
    if (entry.is_regular_file()) {
      files.push_back(entry.path().string().substr(sizeof kCorpusDirectory - 1));
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool IsLenient(std::string_view text) {
  for (const std::string_view line : Split(text, '\n')) {
    if (line == "#lenient") return true;
  }
  return false;
}

std::string Difference(const Section& one, const Section& other) {
  if (one.kind != other.kind || one.argument != other.argument || one.scope != other.scope) {
    return Cat(one.where.ToString(), ": <", one.kind, ' ', one.argument, "> is not <", other.kind,
               ' ', other.argument, "> of line ", other.where.line);
  }
  if (one.settings.size() != other.settings.size() ||
      one.children.size() != other.children.size()) {
    return Cat(one.where.ToString(), ": more or fewer lines in <", one.kind, ">");
  }
  for (size_t i = 0; i < one.settings.size(); ++i) {
    if (auto found = Difference(one.settings[i], other.settings[i]); !found.empty()) return found;
  }
  for (size_t i = 0; i < one.children.size(); ++i) {
    if (auto found = Difference(one.children[i], other.children[i]); !found.empty()) return found;
  }
  return "";
}

}  // namespace convoy::config
