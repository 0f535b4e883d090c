#include "mail/message.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/text.h"

namespace convoy::mail {
namespace {

std::string_view WithoutCrlf(std::string_view line) {
  if (line.size() >= 2 && line.substr(line.size() - 2) == "\r\n") line.remove_suffix(2);
  return line;
}

// The first line of `text` with its CRLF; all of `text` if there is none.
std::string_view TakeLine(std::string_view text) {
  const size_t at = text.find("\r\n");
  return text.substr(0, at == std::string_view::npos ? text.size() : at + 2);
}

size_t FieldLength(std::string_view text) {
  size_t length = TakeLine(text).size();
  while (length < text.size() && IsBlank(text[length])) {
    length += TakeLine(text.substr(length)).size();
  }
  return length;
}

HeaderField MakeView(std::string_view raw, size_t offset) {
  HeaderField field;
  field.raw = raw;
  field.offset = offset;
  field.value = WithoutCrlf(raw);
  const size_t colon = raw.find(':');
  if (colon == std::string_view::npos) return field;
  std::string_view name = raw.substr(0, colon);
  while (!name.empty() && IsBlank(name.back())) name.remove_suffix(1);  // 5322 4.5.8
  if (!IsFieldName(name)) return field;
  field.name = name;
  field.value = WithoutCrlf(raw.substr(colon + 1));
  return field;
}

}  // namespace

bool IsFieldName(std::string_view s) {
  return !s.empty() &&
         std::all_of(s.begin(), s.end(), [](char c) { return c > 32 && c < 127 && c != ':'; });
}

bool Has8bit(std::string_view s) {
  constexpr uint64_t kHighBits = 0x8080808080808080ull;
  size_t i = 0;
  for (; i + 8 <= s.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, s.data() + i, 8);
    if (word & kHighBits) return true;
  }
  for (; i < s.size(); ++i) {
    if (static_cast<unsigned char>(s[i]) >= 0x80) return true;
  }
  return false;
}

bool HeaderField::Is(std::string_view other) const { return EqualsIgnoreCase(name, other); }

std::string HeaderField::Unfolded() const {
  std::string out;
  const std::string_view text = Trim(value);
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool fold =
        i + 2 < text.size() && text[i] == '\r' && text[i + 1] == '\n' && IsBlank(text[i + 2]);
    if (fold) {
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

MessageParts SplitMessage(std::string_view message) {
  if (message.substr(0, 2) == "\r\n") return {{}, message.substr(2), true};
  const size_t at = message.find("\r\n\r\n");
  if (at == std::string_view::npos) return {message, {}, false};
  return {message.substr(0, at + 2), message.substr(at + 4), true};
}

HeaderBlock::HeaderBlock(std::string_view header) : text_(header) {
  size_t offset = 0;
  while (offset < header.size()) {
    const size_t length = FieldLength(header.substr(offset));
    fields_.push_back(MakeView(header.substr(offset, length), offset));
    offset += length;
  }
}

const HeaderField* HeaderBlock::Find(std::string_view name) const {
  for (const HeaderField& field : fields_) {
    if (field.Is(name)) return &field;
  }
  return nullptr;
}

size_t HeaderBlock::Count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(fields_.begin(), fields_.end(),
                                           [&](const HeaderField& f) { return f.Is(name); }));
}

std::string HeaderBlock::Value(std::string_view name) const {
  const HeaderField* field = Find(name);
  return field == nullptr ? std::string() : field->Unfolded();
}

std::string RewriteHeader(const HeaderBlock& header, const HeaderEdit& edit) {
  std::string out = edit.prepend;
  out.reserve(edit.prepend.size() + header.text().size() + 2 + edit.append.size());
  for (const HeaderField& field : header.fields()) {
    const bool gone = std::any_of(edit.remove.begin(), edit.remove.end(),
                                  [&](const std::string& name) { return field.Is(name); });
    if (!gone) out.append(field.raw);
  }
  // A message cut off inside its header must not swallow what is appended.
  const bool open = !out.empty() && !out.ends_with("\r\n");
  if (open && !edit.append.empty()) out.append("\r\n");
  out.append(edit.append);
  return out;
}

const std::vector<std::string>& NeverSentFields() {
  static const auto& names = *new std::vector<std::string>{"Bcc", "Resent-Bcc", "Return-Path"};
  return names;
}

absl::StatusOr<std::string> MakeField(std::string_view name, std::string_view value) {
  if (!IsFieldName(name)) {
    return absl::InvalidArgumentError(
        Cat("'", Escape(name), "' is no header field name: use printable ASCII without ':'"));
  }
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return absl::InvalidArgumentError(
        Cat("the value of header field ", name, " has CR, LF or NUL: '", Escape(value), "'"));
  }
  std::string out = Cat(name, ':');
  size_t line_start = 0;
  for (std::string_view rest = Trim(value); !rest.empty();) {
    const size_t blanks = std::min(rest.find_first_not_of(" \t"), rest.size());
    const size_t end = std::min(rest.find_first_of(" \t", blanks), rest.size());
    const std::string_view word = rest.substr(0, end);  // with the blanks before it
    const bool first = out.size() == name.size() + 1;
    if (!first && out.size() - line_start + word.size() > kFoldColumns) {
      out.append("\r\n");
      line_start = out.size();
    }
    if (first) out.push_back(' ');
    out.append(word);
    if (out.size() - line_start > kLineBytesMax) {
      return absl::InvalidArgumentError(Cat("header field ", name, " has a word longer than ",
                                            kLineBytesMax, " octets, which cannot be folded"));
    }
    rest.remove_prefix(end);
  }
  out.append("\r\n");
  return out;
}

size_t HeaderCollector::Feed(std::string_view chunk) {
  size_t taken = 0;
  while (!done_ && !too_long() && taken < chunk.size()) {
    const std::string_view rest = chunk.substr(taken);
    const size_t newline = rest.find('\n');
    const std::string_view piece =
        rest.substr(0, newline == std::string_view::npos ? rest.size() : newline + 1)
            .substr(0, kHeaderBytesMax + 1 - header_.size());
    header_.append(piece);
    taken += piece.size();
    done_ = header_ == "\r\n" || header_.ends_with("\r\n\r\n");
  }
  if (done_ && taken > 0) header_.resize(header_.size() - 2);
  return taken;
}

}  // namespace convoy::mail
