#include "smtp/reply.h"

#include "base/text.h"

namespace convoy::smtp {
namespace {

constexpr size_t kReplyTextBytesMax = 500;  // with code and CRLF within RFC 5321 4.5.3.1.5

// Length of 1 to 3 digits at the front of `s`, 0 if there are none.
size_t DigitsAtFront(std::string_view s) {
  size_t n = 0;
  while (n < s.size() && n < 3 && IsDigit(s[n])) ++n;
  return n;
}

}  // namespace

std::string_view LeadingEnhancedCode(int code, std::string_view text) {
  if (text.size() < 5 || text[1] != '.' || text[0] != '0' + code / 100) return {};
  if (text[0] != '2' && text[0] != '4' && text[0] != '5') return {};
  const size_t subject = DigitsAtFront(text.substr(2));
  const size_t dot = 2 + subject;
  if (subject == 0 || dot >= text.size() || text[dot] != '.') return {};
  const size_t detail = DigitsAtFront(text.substr(dot + 1));
  const size_t end = dot + 1 + detail;
  if (detail == 0 || (end < text.size() && !IsBlank(text[end]))) return {};
  return text.substr(0, end);
}

std::string Reply::EnhancedOrDerived() const {
  if (!enhanced.empty() || empty()) return enhanced;
  return Cat(code / 100, ".0.0");
}

std::string Reply::Text() const {
  std::string out;
  for (const std::string& line : lines) {
    std::string_view text = line;
    if (!out.empty() && !enhanced.empty() && LeadingEnhancedCode(code, text) == enhanced) {
      text = Trim(text.substr(enhanced.size()));
    }
    if (text.empty()) continue;
    if (!out.empty()) out.push_back(' ');
    out.append(text);
  }
  return out;
}

std::string Reply::ToString() const {
  if (empty()) return {};
  const std::string text = Text();
  return text.empty() ? Cat(code) : Cat(code, ' ', text);
}

std::string Reply::Encode() const {
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    CatTo(&out, code, i + 1 < lines.size() ? '-' : ' ');
    for (const char c : std::string_view(lines[i]).substr(0, kReplyTextBytesMax)) {
      out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    }
    out.append("\r\n");
  }
  if (lines.empty()) CatTo(&out, code, " \r\n");
  return out;
}

Reply MakeReply(int code, std::string_view enhanced, std::string_view text) {
  Reply reply;
  reply.code = code;
  reply.enhanced = std::string(enhanced);
  for (const std::string_view line : Split(text, '\n')) {
    reply.lines.push_back(enhanced.empty() ? std::string(line) : Cat(enhanced, ' ', line));
  }
  return reply;
}

}  // namespace convoy::smtp
