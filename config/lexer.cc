#include "config/lexer.h"

#include "base/text.h"

namespace convoy::config {
namespace {

class Lexer {
 public:
  Lexer(std::string_view file, std::string_view text, std::vector<Diagnostic>* diagnostics)
      : file_(file), text_(text), diagnostics_(diagnostics) {}

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
    line_ = line_.substr(0, line_.find('#'));
    column_ = 0;
    return true;
  }

  void Error(int column, std::string message, std::string hint) {
    diagnostics_->push_back({Severity::kError,
                             {std::string(file_), number_, column},
                             std::move(message),
                             std::move(hint)});
  }

  void SkipBlanks() {
    while (column_ < line_.size() && IsSpace(line_[column_])) ++column_;
  }

  void Line() {
    SkipBlanks();
    if (column_ == line_.size()) return;
    if (!continued_ && line_[column_] == '<') return Section();
    if (!continued_) {
      current_ = {};
      if (!TakeWord(&current_.name, " \t\r")) return;
    }
    SkipBlanks();
    const std::string_view rest = Trim(line_.substr(std::min(column_, line_.size())));
    if (!current_.rest.empty() && !rest.empty()) current_.rest += ' ';
    current_.rest += rest;
    while (column_ < line_.size()) {
      Word word;
      if (!TakeWord(&word, " \t\r")) return Abandon();
      current_.words.push_back(std::move(word));
      SkipBlanks();
    }
    continued_ = !current_.rest.empty() && current_.rest.back() == ',';
    if (!continued_) Finish();
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
    Error(start, "the quote is never closed", "end the value with \" on the same line");
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
    if (!TakeWord(&statement.name, " \t\r>")) return;
    statement.name.column = start;
    SkipBlanks();
    const size_t rest = column_;
    while (column_ < line_.size() && line_[column_] != '>') {
      Word word;
      if (!TakeWord(&word, " \t\r>")) return;
      statement.words.push_back(std::move(word));
      SkipBlanks();
    }
    if (column_ == line_.size()) {
      return Error(start, Cat("section <", statement.name.text, " is not closed with '>'"),
                   "write the whole <...> on one line");
    }
    statement.rest = Trim(line_.substr(rest, column_ - rest));
    ++column_;
    SkipBlanks();
    if (column_ < line_.size()) {
      return Error(static_cast<int>(column_) + 1, "text after '>'", "put it on a line of its own");
    }
    if (statement.name.text.empty()) return Error(start, "section without a name", "");
    statements_.push_back(std::move(statement));
  }

  const std::string_view file_;
  const std::string_view text_;
  std::vector<Diagnostic>* const diagnostics_;
  std::vector<Statement> statements_;
  std::string_view line_;
  size_t at_ = 0;
  size_t column_ = 0;
  int number_ = 0;
  Statement current_;
  bool continued_ = false;
};

}  // namespace

std::vector<Statement> Lex(std::string_view file, std::string_view text,
                           std::vector<Diagnostic>* diagnostics) {
  return Lexer(file, text, diagnostics).Run();
}

}  // namespace convoy::config
