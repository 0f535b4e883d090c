#include "mail/sanitize.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/text.h"
#include "mail/mailbox_list.h"

namespace convoy::mail {
namespace {

constexpr std::string_view kSingletons[] = {
    "Date",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "Subject",
    "In-Reply-To",
    "References",
    "Return-Path",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-ID",
    "Content-Description",
};
constexpr std::string_view kJoined[] = {"To", "Cc", "Reply-To"};
constexpr std::string_view kUntouched[] = {"Received", "DKIM-Signature", "Authentication-Results"};

template <size_t N>
bool IsIn(const std::string_view (&names)[N], std::string_view name) {
  return std::any_of(std::begin(names), std::end(names),
                     [&](std::string_view s) { return EqualsIgnoreCase(s, name); });
}

bool IsControl(char c) { return (static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127; }

// The lines of a raw value: control characters blanked, blank continuations dropped, no CRLF.
std::vector<std::string> CleanLines(std::string_view value, bool* blanked, bool* dropped) {
  std::vector<std::string> lines;
  size_t start = 0;
  while (start <= value.size()) {
    const size_t at = std::min(value.find("\r\n", start), value.size());
    std::string line(value.substr(start, at - start));
    for (char& c : line) {
      if (!IsControl(c)) continue;
      c = ' ';
      *blanked = true;
    }
    if (Trim(line).empty() && !lines.empty()) {
      *dropped = true;
    } else {
      lines.push_back(std::move(line));
    }
    start = at + 2;
  }
  return lines;
}

// Breaks one line into pieces of at most kFoldColumns where it has blanks, and in any case of less
// than kLineBytesMax. Every piece but the first begins with white space.
std::vector<std::string> Fold(std::string_view line) {
  std::vector<std::string> pieces;
  std::string piece;
  while (!line.empty()) {
    const size_t blanks = std::min(line.find_first_not_of(" \t"), line.size());
    const size_t end = std::min(line.find_first_of(" \t", blanks), line.size());
    std::string_view word = line.substr(0, end);
    line.remove_prefix(end);
    const bool has_text = !Trim(piece).empty();
    if (has_text && blanks > 0 && piece.size() + word.size() > kFoldColumns) {
      pieces.push_back(std::exchange(piece, std::string()));
    }
    while (piece.size() + word.size() >= kLineBytesMax) {
      const size_t room = kLineBytesMax - 1 - std::min(piece.size(), kLineBytesMax - 1);
      piece.append(word.substr(0, room));
      word.remove_prefix(room);
      pieces.push_back(std::exchange(piece, std::string(" ")));
    }
    piece.append(word);
  }
  if (!piece.empty()) pieces.push_back(std::move(piece));
  // A piece of nothing but white space would look like the end of the header to careless readers.
  std::erase_if(pieces, [](const std::string& p) { return Trim(p).empty(); });
  return pieces;
}

class Sanitizer {
 public:
  explicit Sanitizer(const HeaderBlock& header) : header_(header) {}

  SanitizedHeader Run() {
    for (const HeaderField& field : header_.fields()) {
      if (field.name.empty()) {
        Note(Cat("removed the line '", Escape(field.raw.substr(0, 40)), "', which is no field"));
      } else if (IsIn(kUntouched, field.name) || StartsWithIgnoreCase(field.name, "ARC-")) {
        kept_.push_back({std::string(field.name), std::string(field.raw), true});
      } else {
        Repair(field);
      }
    }
    for (const Kept& kept : kept_) {
      if (kept.verbatim) {
        out_.text.append(kept.value);
        if (!kept.value.ends_with("\r\n")) out_.text.append("\r\n");
      } else {
        Emit(kept);
      }
    }
    return std::move(out_);
  }

 private:
  struct Kept {
    std::string name;
    std::string value;  // lines joined by CRLF, as after the colon; the raw field if verbatim
    bool verbatim = false;
  };

  void Note(std::string text) { out_.repairs.push_back(std::move(text)); }

  void Repair(const HeaderField& field) {
    bool blanked = false;
    bool dropped = false;
    const std::string value = Join(CleanLines(field.value, &blanked, &dropped), "\r\n");
    if (Trim(value).empty() && !field.Is("Subject")) {
      Note(Cat("removed the empty field ", field.name));
      return;
    }
    if (blanked) Note(Cat("blanked control characters in ", field.name));
    if (dropped) Note(Cat("removed a blank continuation line of ", field.name));
    if (field.raw[field.name.size()] != ':') {
      Note(Cat("removed blanks before the colon of ", field.name));
    }
    if (IsSingleton(field.name) && !KeepFirst(field, value)) return;
    kept_.push_back({std::string(field.name), value, false});
  }

  // False if the field stood before, and this one is dropped or joined to it.
  bool KeepFirst(const HeaderField& field, const std::string& value) {
    const auto [it, first] = first_at_.try_emplace(Lower(field.name), kept_.size());
    if (first) return true;
    if (IsIn(kJoined, field.name)) {
      const bool blank = !value.empty() && IsSpace(value.front());
      kept_[it->second].value.append(blank ? "," : ", ").append(value);
      Note(Cat("joined a second ", field.name, " to the first"));
    } else {
      Note(Cat("removed a second ", field.name));
    }
    return false;
  }

  void Emit(const Kept& kept) {
    std::string text = Cat(kept.name, ':', kept.value);
    bool folded = false;
    size_t start = 0;
    while (start < text.size()) {
      const size_t end = std::min(text.find("\r\n", start), text.size());
      const std::string_view line = std::string_view(text).substr(start, end - start);
      if (line.size() <= kLineBytesMax) {
        CatTo(&out_.text, line, "\r\n");
      } else {
        folded = true;
        for (const std::string& piece : Fold(line)) CatTo(&out_.text, piece, "\r\n");
      }
      start = end + 2;
    }
    if (folded) Note(Cat("folded a line of ", kept.name, " longer than 998 octets"));
  }

  const HeaderBlock& header_;
  SanitizedHeader out_;
  std::vector<Kept> kept_;
  absl::flat_hash_map<std::string, size_t> first_at_;  // lower-case singleton -> index in kept_
};

}  // namespace

SanitizedHeader SanitizeHeader(const HeaderBlock& header) { return Sanitizer(header).Run(); }

bool IsSingleton(std::string_view name) { return IsIn(kSingletons, name); }

absl::Status CheckHeader(const HeaderBlock& header) {
  for (const HeaderField& field : header.fields()) {
    if (field.name.empty()) {
      return absl::InvalidArgumentError(Cat("header line '", Escape(field.raw.substr(0, 60)),
                                            "' is not 'Name: value' (RFC 5322 2.2)"));
    }
    if (IsSingleton(field.name) && &field != header.Find(field.name)) {
      return absl::InvalidArgumentError(Cat("header field ", Escape(field.name),
                                            " stands more than once (RFC 5322 3.6): keep one"));
    }
  }
  const HeaderField* from = header.Find("From");
  if (from == nullptr) {
    return absl::InvalidArgumentError("header field From is missing (RFC 5322 3.6)");
  }
  const std::vector<Mailbox> authors = ParseMailboxList(from->value);
  if (authors.empty()) {
    return absl::InvalidArgumentError(
        Cat("header field From has no address: '", Escape(from->value.substr(0, 80)), "'"));
  }
  if (authors.size() > 1 && header.Find("Sender") == nullptr) {
    return absl::InvalidArgumentError(
        "header field From has several addresses: add a Sender (RFC 5322 3.6.2)");
  }
  return absl::OkStatus();
}

}  // namespace convoy::mail
