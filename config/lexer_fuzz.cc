// Foreign bytes as a configuration file, cut into statements.
//
// How it works: every statement has a name; each word stands where its place says, and each
// diagnostic has a place within the text; no word but a regex or a quoted one holds a blank; a
// diagnostic's text is printable; the values of words go through every parser of units, and what is
// a value is one again when its parts are written out.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "config/domain_rules.h"
#include "config/lexer.h"
#include "config/regex.h"
#include "config/units.h"

namespace {

using convoy::config::Diagnostic;
using convoy::config::Lex;
using convoy::config::Statement;
using convoy::config::Word;

// The lines of a text, without its byte order mark.
std::vector<std::string_view> LinesOf(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return convoy::Split(text, '\n');
}

// What stands at a place; places count from 1, and may be one behind the end of a line.
std::string_view At(const std::vector<std::string_view>& lines, int line, int column) {
  CHECK(line >= 1 && static_cast<size_t>(line) <= lines.size());
  const std::string_view text = lines[static_cast<size_t>(line) - 1];
  CHECK(column >= 1 && static_cast<size_t>(column) <= text.size() + 1);
  return text.substr(static_cast<size_t>(column) - 1);
}

void CheckWord(const Word& word, const std::vector<std::string_view>& lines) {
  const std::string_view written = At(lines, word.line, word.column);
  if (word.regex) CHECK(written.starts_with('/'));
  if (word.quoted) CHECK(written.starts_with('"'));
  if (!word.regex && !word.quoted) CHECK(written.starts_with(word.text));
  if (!word.regex && !word.quoted) CHECK(word.text.find_first_of(" \t\n") == std::string::npos);
}

// A section's place is its '<'; "/re/" stands for a line that begins with a regex.
void CheckName(const Statement& statement, const std::vector<std::string_view>& lines) {
  const Word& name = statement.name;
  if (statement.kind != Statement::Kind::kDirective) {
    CHECK(At(lines, name.line, name.column).starts_with('<'));
  } else if (!statement.words.empty() && statement.words[0].regex && name.text == "/re/") {
    CHECK(At(lines, name.line, name.column).starts_with('/'));
  } else {
    CheckWord(name, lines);
  }
}

void CheckValues(const std::string& text) {
  namespace config = convoy::config;
  if (const auto time = config::ParseTime(text); time.ok()) {
    CHECK(*time >= convoy::Duration{});
    CHECK(*config::ParseTime(convoy::Cat(time->seconds(), "s")) == *time);
  }
  if (const auto rate = config::ParseRate(text); rate.ok() && rate->interval.us > 0) {
    CHECK(*config::ParseRate(convoy::Cat(rate->count, "/", rate->interval.seconds(), "s")) ==
          *rate);
  }
  if (const auto volume = config::ParseVolumeRate(text); volume.ok()) CHECK(volume->bytes >= 0);
  if (const auto size = config::ParseSize(text); size.ok()) CHECK(*size >= 0);
  if (const auto range = config::ParseCidr(text); range.ok()) {
    CHECK(*config::ParseCidr(range->ToString()) == *range);
  }
  if (const auto counts = config::ParseDailyCounts(text); counts.ok()) CHECK(!counts->empty());
  if (const auto times = config::ParseTimeList(text); times.ok()) CHECK(times->size() <= 30);
  if (const auto pattern = config::ParseDomainPattern(text); pattern.ok()) {
    CHECK(pattern->name.size() <= 259);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string_view> lines = LinesOf(text);
  std::vector<Diagnostic> diagnostics;
  const std::vector<Statement> statements = Lex("f", text, &diagnostics);
  int regexes = 0;
  for (const Statement& statement : statements) {
    CHECK(!statement.name.text.empty() || statement.name.quoted);
    CheckName(statement, lines);
    for (const Word& word : statement.words) {
      CheckWord(word, lines);
      CheckValues(word.text);
      if (word.regex && ++regexes <= 4) {
        const auto regex = convoy::config::Regex::Compile(word.text);
        if (regex.ok()) (*regex)->Match(text);
      }
    }
  }
  for (const Diagnostic& diagnostic : diagnostics) {
    At(lines, diagnostic.where.line, diagnostic.where.column);
    for (const char c : diagnostic.ToString()) {
      CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
  }
  std::vector<Diagnostic> mended;
  Lex("f", text, &mended, /*lenient=*/true);
  return 0;
}
