#include "tests/effects/effect_file.h"

#include <utility>

#include "base/text.h"

namespace convoy::effects {
namespace {

constexpr std::string_view kPlace = "{}";
constexpr std::string_view kIndent = "    ";

// `kind` of "<kind argument>". 0: a section without directives.
uint32_t ScopeOf(std::string_view kind) {
  for (uint32_t scope = 1; scope != 0; scope <<= 1) {
    if (config::ScopeText(scope) == Cat("<", kind, ">")) return scope;
  }
  return 0;
}

std::string_view FirstWord(std::string_view text) {
  text = Trim(text);
  return text.substr(0, text.find_first_of(" \t>"));
}

// Finds the line with {} and where it stands.
absl::Status Locate(Experiment* experiment) {
  std::vector<uint32_t> scopes = {config::kGlobal};
  int places = 0;
  for (const std::string& line : experiment->config) {
    const std::string_view text = Trim(line);
    if (text.starts_with("</")) {
      if (scopes.size() > 1) scopes.pop_back();
    } else if (text.starts_with('<')) {
      scopes.push_back(ScopeOf(FirstWord(text.substr(1))));
    } else if (text.find(kPlace) != std::string_view::npos) {
      ++places;
      experiment->directive = IsDigit(text.front()) ? std::string(kBackoffLine) : FirstWord(text);
      experiment->scope = scopes.back();
    }
  }
  if (places == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(Cat("a configuration has ", places, " lines with {}, not 1"));
}

class Parser {
 public:
  absl::Status Line(std::string_view text, size_t number) {
    if (text.empty()) {
      block_ = nullptr;
      return absl::OkStatus();
    }
    if (text[0] == '#') return absl::OkStatus();
    if (!text.starts_with(kIndent)) return Begin(text, number);
    if (block_ == nullptr) return Wrong("an indented line outside a block", number);
    block_->emplace_back(text.substr(kIndent.size()));
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Experiment>> Finish() {
    for (Experiment& experiment : experiments_) {
      if (experiment.values.size() < 2) {
        return absl::InvalidArgumentError("an experiment needs two values");
      }
      if (absl::Status located = Locate(&experiment); !located.ok()) return located;
      for (auto& [name, lines] : file_lines_[&experiment - experiments_.data()]) {
        experiment.files[name] = Join(lines, "\n") + "\n";
      }
    }
    return std::move(experiments_);
  }

 private:
  static absl::Status Wrong(std::string_view what, size_t number) {
    return absl::InvalidArgumentError(Cat("line ", number + 1, ": ", what));
  }
  absl::Status Begin(std::string_view text, size_t number) {
    const std::string_view word = FirstWord(text);
    const std::string argument(Trim(text.substr(word.size())));
    if (word == "config" || text == "whole config") {
      experiments_.emplace_back().whole = word == "whole";
      file_lines_.emplace_back();
      block_ = &experiments_.back().config;
      return absl::OkStatus();
    }
    if (experiments_.empty()) return Wrong("the first block must be 'config'", number);
    Experiment& experiment = experiments_.back();
    if (word == "scenario") {
      block_ = &experiment.scenario;
    } else if (word == "file") {
      block_ = &file_lines_.back()[argument];
    } else if (word == "key") {
      experiment.keys.push_back(argument);
    } else if (word == "value") {
      experiment.values.push_back({argument, {}, number});
      block_ = &experiment.values.back().expected;
    } else {
      return Wrong(Cat("'", word, "' begins no block"), number);
    }
    return absl::OkStatus();
  }

  std::vector<Experiment> experiments_;
  std::vector<std::map<std::string, std::vector<std::string>>> file_lines_;  // by experiment
  std::vector<std::string>* block_ = nullptr;
};

}  // namespace

std::string Experiment::ConfigWith(const Value& value) const {
  std::string text;
  for (const std::string& line : config) {
    const size_t place = line.find(kPlace);
    if (place == std::string::npos) {
      CatTo(&text, line, "\n");
    } else if (value.text != kAbsent) {
      CatTo(&text, line.substr(0, place), value.text, line.substr(place + kPlace.size()), "\n");
    }
  }
  return text;
}

absl::StatusOr<EffectFile> EffectFile::Parse(std::string_view text) {
  EffectFile file;
  for (const std::string_view line : Split(text, '\n')) file.lines.emplace_back(line);
  if (!file.lines.empty() && file.lines.back().empty()) file.lines.pop_back();
  Parser parser;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    if (absl::Status read = parser.Line(file.lines[i], i); !read.ok()) return read;
  }
  auto experiments = parser.Finish();
  if (!experiments.ok()) return experiments.status();
  file.experiments = *std::move(experiments);
  return file;
}

std::string EffectFile::With(const std::vector<std::vector<std::string>>& observations) const {
  std::string text;
  size_t next = 0;
  bool expected = false;  // inside what was expected
  for (const std::string& line : lines) {
    if (expected && line.starts_with(kIndent)) continue;
    CatTo(&text, line, "\n");
    expected = line.starts_with("value ") && next < observations.size();
    if (!expected) continue;
    for (const std::string& seen : observations[next]) CatTo(&text, kIndent, seen, "\n");
    ++next;
  }
  return text;
}

}  // namespace convoy::effects
