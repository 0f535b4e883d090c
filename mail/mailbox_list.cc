#include "mail/mailbox_list.h"

#include <utility>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::mail {
namespace {

// A lexical token of 5322 3.2. Comments and white space never become tokens.
struct Token {
  enum class Kind { kEnd, kWord, kQuoted, kLiteral, kSpecial };
  Kind kind = Kind::kEnd;
  std::string_view text;  // quotes and brackets included

  bool Is(char special) const { return kind == Kind::kSpecial && text.front() == special; }
  bool IsWord() const { return kind == Kind::kWord || kind == Kind::kQuoted; }
};

bool IsSpecial(char c) { return std::string_view("<>@,;:").find(c) != std::string_view::npos; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { Advance(); }
  const Token& peek() const { return next_; }
  Token Take() {
    Token taken = next_;
    Advance();
    return taken;
  }

 private:
  void Advance() {
    SkipBlanksAndComments();
    if (text_.empty()) {
      next_ = Token();
    } else if (text_.front() == '"') {
      next_ = Cut(Token::Kind::kQuoted, DelimitedLength('"'));
    } else if (text_.front() == '[') {
      next_ = Cut(Token::Kind::kLiteral, DelimitedLength(']'));
    } else if (IsSpecial(text_.front())) {
      next_ = Cut(Token::Kind::kSpecial, 1);
    } else {
      next_ = Cut(Token::Kind::kWord, WordLength());
    }
  }

  Token Cut(Token::Kind kind, size_t length) {
    const Token token{kind, text_.substr(0, length)};
    text_.remove_prefix(length);
    return token;
  }

  // Of the quoted string or domain literal at the front; an unclosed one reaches to the end.
  size_t DelimitedLength(char close) const {
    for (size_t i = 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == close) {
        return i + 1;
      }
    }
    return text_.size();
  }

  size_t WordLength() const {
    size_t i = 1;
    while (i < text_.size() && !IsSpace(text_[i]) && !IsSpecial(text_[i]) && text_[i] != '"' &&
           text_[i] != '(' && text_[i] != '[') {
      ++i;
    }
    return i;
  }

  void SkipBlanksAndComments() {
    while (!text_.empty()) {
      if (IsSpace(text_.front())) {
        text_.remove_prefix(1);
      } else if (text_.front() == '(') {
        text_.remove_prefix(CommentLength());
      } else {
        return;
      }
    }
  }

  size_t CommentLength() const {
    size_t depth = 0;
    for (size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '(') {
        if (++depth > kCommentDepthMax) return text_.size();
      } else if (text_[i] == ')' && --depth == 0) {
        return i + 1;
      }
    }
    return text_.size();
  }

  std::string_view text_;
  Token next_;
};

std::string Unquoted(std::string_view quoted) {
  std::string out;
  if (quoted.size() >= 2) quoted = quoted.substr(1, quoted.size() - 2);
  for (size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '\\' && i + 1 < quoted.size()) ++i;
    if (quoted[i] != '\r' && quoted[i] != '\n') out.push_back(quoted[i]);
  }
  return out;
}

std::string Phrase(const std::vector<Token>& words) {
  std::string out;
  for (const Token& word : words) {
    if (!out.empty()) out.push_back(' ');
    out.append(word.kind == Token::Kind::kQuoted ? Unquoted(word.text) : std::string(word.text));
  }
  return out;
}

class ListReader {
 public:
  explicit ListReader(std::string_view value) : lexer_(value) {}

  std::vector<Mailbox> Read() {
    while (lexer_.peek().kind != Token::Kind::kEnd && out_.size() < kMailboxesMax) ReadOne();
    return std::move(out_);
  }

 private:
  // One mailbox, one group opening, or one separator; whatever is left of a broken one is skipped.
  void ReadOne() {
    std::vector<Token> words;
    while (lexer_.peek().IsWord()) words.push_back(lexer_.Take());
    if (lexer_.peek().Is('@') && !words.empty()) {
      ReadBare(std::move(words));
    } else if (lexer_.peek().Is('<')) {
      ReadAngle(Phrase(words));
    } else if (lexer_.peek().Is(':')) {
      lexer_.Take();  // the words were a group's name
      return;
    }
    SkipToSeparator();
  }

  // word* "@" domain without brackets. The words are the local part (obsolete blanks around dots),
  // but words that do not join by a dot are stray text before it.
  void ReadBare(std::vector<Token> words) {
    lexer_.Take();
    size_t first = words.size() - 1;
    while (first > 0 && (words[first].text.front() == '.' || words[first - 1].text.back() == '.')) {
      --first;
    }
    std::string local;
    for (size_t i = first; i < words.size(); ++i) local.append(words[i].text);
    words.resize(first);
    const std::string domain = ReadDomain();
    if (lexer_.peek().Is('<')) {
      // An unquoted address as the display name of another: the bracketed one is what is shown and
      // used.
      ReadAngle(Cat(Phrase(words), words.empty() ? "" : " ", local, '@', domain));
    } else {
      Add(Phrase(words), local, domain);
    }
  }

  void ReadAngle(std::string display_name) {
    lexer_.Take();
    SkipRoute();
    std::string local;
    while (lexer_.peek().IsWord()) local.append(lexer_.Take().text);
    if (!lexer_.peek().Is('@')) return;
    lexer_.Take();
    Add(std::move(display_name), local, ReadDomain());
    if (lexer_.peek().Is('>')) lexer_.Take();
  }

  // "@a,@b:" inside the brackets.
  void SkipRoute() {
    if (!lexer_.peek().Is('@') && !lexer_.peek().Is(',')) return;
    while (lexer_.peek().Is('@') || lexer_.peek().Is(',') || lexer_.peek().IsWord()) lexer_.Take();
    if (lexer_.peek().Is(':')) lexer_.Take();
  }

  // Words are joined while one of each two has the dot: "example . com" is one domain, what follows
  // a complete one is not part of it.
  std::string ReadDomain() {
    if (lexer_.peek().kind == Token::Kind::kLiteral) return std::string(lexer_.Take().text);
    std::string domain;
    while (lexer_.peek().kind == Token::Kind::kWord &&
           (domain.empty() || domain.back() == '.' || lexer_.peek().text.front() == '.')) {
      domain.append(lexer_.Take().text);
    }
    return domain;
  }

  void Add(std::string display_name, std::string_view local, std::string_view domain) {
    absl::StatusOr<Address> address = ParseAddress(Cat(local, '@', domain));
    if (address.ok()) out_.push_back({std::move(display_name), *std::move(address)});
  }

  void SkipToSeparator() {
    while (lexer_.peek().kind != Token::Kind::kEnd) {
      const Token token = lexer_.Take();
      if (token.Is(',') || token.Is(';')) return;
    }
  }

  Lexer lexer_;
  std::vector<Mailbox> out_;
};

}  // namespace

std::vector<Mailbox> ParseMailboxList(std::string_view value) { return ListReader(value).Read(); }

absl::StatusOr<Address> FromAddress(const HeaderBlock& header) {
  const HeaderField* from = header.Find("From");
  if (from == nullptr) return absl::InvalidArgumentError("the message has no From field");
  std::vector<Mailbox> authors = ParseMailboxList(from->value);
  if (authors.empty()) {
    return absl::InvalidArgumentError(
        Cat("the From field has no address: '", Escape(from->value.substr(0, 80)), "'"));
  }
  return std::move(authors.front().address);
}

absl::StatusOr<std::string> FromDomain(const HeaderBlock& header) {
  ASSIGN_OR_RETURN(Address author, FromAddress(header));
  return author.DomainKey();
}

}  // namespace convoy::mail
