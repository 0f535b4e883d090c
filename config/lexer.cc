#include "config/lexer.h"

#include "base/text.h"
#include "config/directive_table.h"

namespace convoy::config {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";
constexpr std::string_view kSectionStops = " \t\r\v\f>";

bool TakesRegex(std::string_view name) {
  for (const std::string_view known :
       {"reply", "header", "mail-from", "rcpt-to", "address", "relay-address"}) {
    if (EqualsIgnoreCase(name, known)) return true;
  }
  return false;
}

class Lexer {
 public:
  Lexer(std::string_view file, std::string_view text, std::vector<Diagnostic>* diagnostics,
        bool lenient)
      : file_(file), text_(text), diagnostics_(diagnostics), lenient_(lenient) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  std::vector<Statement> Run() {
    while (NextLine()) Line();
    if (continued_) Finish();
    return std::move(statements_);
  }

 private:
  bool NextLine() {
    if (at_ >= text_.size()) return false;
    const size_t end = std::min(text_.find('\n', at_), text_.size());
    line_ = text_.substr(at_, end - at_);
    at_ = end + 1;
    ++number_;
    const size_t comment = line_.find('#');
    commented_ = comment != std::string_view::npos;
    line_ = line_.substr(0, comment);
    column_ = 0;
    return true;
  }

  void Report(Severity severity, int column, Said message, Said hint) {
    diagnostics_->push_back(
        {severity, {std::string(file_), number_, column}, std::move(message), std::move(hint)});
  }

  void Error(int column, Said message, Said hint = {}) {
    Report(Severity::kError, column, std::move(message), std::move(hint));
  }

  void SkipBlanks() {
    while (column_ < line_.size() && IsSpace(line_[column_])) ++column_;
  }

  void Line() {
    SkipBlanks();
    if (column_ == line_.size()) return;
    if (continued_ && EndsList()) Finish();
    if (line_[column_] == '<') return Section();
    if (!continued_) {
      current_ = {};
      if (line_[column_] == '/') {
        current_.name = {"/re/", number_, static_cast<int>(column_) + 1};
      } else if (!TakeWord(&current_.name, kBlanks)) {
        return;
      }
    }
    SkipBlanks();
    const std::string_view rest = Trim(line_.substr(std::min(column_, line_.size())));
    if (!current_.rest.empty() && !rest.empty()) current_.rest += ' ';
    current_.rest += rest;
    if (!TakeWords()) return Abandon();
    continued_ = (!current_.rest.empty() && current_.rest.back() == ',') || IsMacroName();
    if (!continued_) Finish();
    if (column_ < line_.size()) Section();  // a nested list begins behind its line
  }

  // "domain-macro NAME" and nothing else.
  bool IsMacroName() const {
    return current_.words.size() == 1 && EqualsIgnoreCase(current_.name.text, "domain-macro");
  }

  // A list that ends with a comma goes on, unless the next line is clearly something else.
  bool EndsList() {
    if (line_[column_] == '<') return true;
    const std::string_view line = Trim(line_.substr(column_));
    const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
    if (FindDirective(word) == nullptr || word.size() == line.size()) return false;
    Report(Severity::kWarning, static_cast<int>(column_) + 1,
           Say<"the list of line {} ends with a comma, and here is '{}'">(current_.name.line, word),
           Say<"the list is taken to end there; remove the comma">());
    return true;
  }

  bool TakeWords() {
    const bool regex = current_.name.text == "/re/" || TakesRegex(current_.name.text);
    bool had_regex = false;
    while (column_ < line_.size()) {
      Word word;
      if (regex && !had_regex && line_[column_] == '/') {
        if (!TakeRegex(&word)) return false;
        had_regex = true;
      } else if (regex && line_[column_] == '<') {
        return true;
      } else if (!TakeWord(&word, kBlanks)) {
        return false;
      }
      current_.words.push_back(std::move(word));
      SkipBlanks();
    }
    return true;
  }

  void Finish() {
    continued_ = false;
    statements_.push_back(std::move(current_));
    current_ = {};
  }

  void Abandon() {
    continued_ = false;
    current_ = {};
  }

  // A word up to one of `stops`; quoted text may hold them.
  bool TakeWord(Word* word, std::string_view stops) {
    word->line = number_;
    word->column = static_cast<int>(column_) + 1;
    while (column_ < line_.size() && stops.find(line_[column_]) == std::string_view::npos) {
      if (line_[column_] != '"' || (!word->text.empty() && !word->quoted)) {
        word->text.push_back(line_[column_++]);
        continue;
      }
      if (!TakeQuoted(word)) return false;
    }
    word->end = static_cast<int>(column_) + 1;
    return true;
  }

  bool TakeQuoted(Word* word) {
    const int start = static_cast<int>(column_) + 1;
    word->quoted = true;
    ++column_;
    while (column_ < line_.size()) {
      const char c = line_[column_++];
      const char next = column_ < line_.size() ? line_[column_] : '\0';
      if ((c == '\\' && next == '"') || (c == '"' && next == '"')) {
        word->text.push_back('"');
        ++column_;
      } else if (c == '"') {
        return true;
      } else {
        word->text.push_back(c);
      }
    }
    Error(start, Say<"the quote is never closed">(),
          commented_ ? Say<"a # begins a comment, even inside quotes">()
                     : Say<"end the value with \" on the same line">());
    return false;
  }

  bool TakeRegex(Word* word) {
    word->line = number_;
    word->column = static_cast<int>(column_) + 1;
    word->regex = true;
    ++column_;
    if (TakeRegexPart(word)) {
      word->end = static_cast<int>(column_) + 1;
      return AfterRegex(word->column);
    }
    const int first = number_;
    if (lenient_ && !commented_ && NextLine()) {
      SkipBlanks();
      while (!word->text.empty() && IsSpace(word->text.back())) word->text.pop_back();
      word->text.push_back(' ');
      if (column_ < line_.size() && line_[column_] != '<' && TakeRegexPart(word)) {
        Report(Severity::kWarning, 1,
               Say<"the regex of line {} ends here: joined by a blank">(first),
               Say<"write it on one line">());
        return AfterRegex(static_cast<int>(column_));
      }
    }
    diagnostics_->push_back(
        {Severity::kError,
         {std::string(file_), first, word->column},
         Say<"the regex is never closed">(),
         commented_ ? Say<"a # begins a comment, even inside a regex: write \\x23">()
                    : Say<"end it with / on the same line; was it broken over two lines?">()});
    if (!lenient_ && !commented_) SkipRestOfRegex();
    return false;
  }

  // Up to the closing slash. False at the end of the line.
  bool TakeRegexPart(Word* word) {
    while (column_ < line_.size()) {
      const char c = line_[column_++];
      if (c == '/') return true;
      word->text.push_back(c);
      if (c == '\\' && column_ < line_.size()) word->text.push_back(line_[column_++]);
    }
    return false;
  }

  // If the next line looks like the second half of a broken regex, one error is enough for both.
  void SkipRestOfRegex() {
    const size_t at = at_;
    const int number = number_;
    if (!NextLine()) return;
    SkipBlanks();
    const std::string_view line = line_.substr(column_);
    const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
    const bool half = !line.empty() && line[0] != '/' && line[0] != '<' &&
                      line.find('/') != std::string_view::npos && FindDirective(word) == nullptr;
    column_ = line_.size();
    if (half) return;
    at_ = at;
    number_ = number;
  }

  bool AfterRegex(int column) {
    if (column_ == line_.size() || IsSpace(line_[column_])) return true;
    Error(column, Say<"the regex ends inside a word">(),
          Say<"a / inside a regex is written \\/">());
    return false;
  }

  void Section() {
    const int start = static_cast<int>(column_) + 1;
    Statement statement;
    ++column_;
    statement.kind = Statement::Kind::kOpen;
    if (column_ < line_.size() && line_[column_] == '/') {
      statement.kind = Statement::Kind::kClose;
      ++column_;
    }
    SkipBlanks();
    bool whole = TakeWord(&statement.name, kSectionStops);
    statement.name.column = start;
    SkipBlanks();
    const size_t rest = column_;
    while (whole && column_ < line_.size() && line_[column_] != '>') {
      Word word;
      whole = TakeWord(&word, kSectionStops);
      statement.words.push_back(std::move(word));
      SkipBlanks();
    }
    if (whole && column_ == line_.size()) {
      Error(start, Say<"section <{} is not closed with '>'">(statement.name.text),
            Say<"write the whole <...> on one line">());
      whole = false;
    }
    statement.rest = Trim(line_.substr(std::min(rest, line_.size()), column_ - rest));
    if (whole) AfterSection();
    if (!statement.name.text.empty()) {
      statements_.push_back(std::move(statement));
    } else if (whole) {
      Error(start, Say<"section without a name">(), Say<"write <NAME ...>">());
    }
  }

  void AfterSection() {
    ++column_;
    SkipBlanks();
    if (column_ < line_.size()) {
      Error(static_cast<int>(column_) + 1, Say<"text after '>'">(),
            Say<"put it on a line of its own">());
    }
  }

  const std::string_view file_;
  const std::string_view text_;
  std::vector<Diagnostic>* const diagnostics_;
  const bool lenient_;
  std::vector<Statement> statements_;
  std::string_view line_;
  size_t at_ = 0;
  size_t column_ = 0;
  int number_ = 0;
  bool commented_ = false;
  Statement current_;
  bool continued_ = false;
};

}  // namespace

std::vector<Statement> Lex(std::string_view file, std::string_view text,
                           std::vector<Diagnostic>* diagnostics, bool lenient) {
  return Lexer(file, text, diagnostics, lenient).Run();
}

}  // namespace convoy::config
