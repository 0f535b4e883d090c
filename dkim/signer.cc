#include "dkim/signer.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"
#include "dkim/base64.h"
#include "dkim/header_hash.h"
#include "dkim/sha256.h"
#include "mail/address.h"

namespace convoy::dkim {
namespace {

// Removed, added or changed on the way: a signature over them would break.
constexpr std::string_view kNeverSigned[] = {"DKIM-Signature", "Return-Path", "Received", "Bcc",
                                             "Resent-Bcc"};

bool IsPattern(std::string_view name) { return name.size() > 1 && name.back() == '*'; }

bool IsNamed(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& n) { return EqualsIgnoreCase(n, name); });
}

// Adds each distinct name in the block that begins like `pattern` ("Content-*"), in order, up to
// kPatternNamesMax of them: a message with thousands must not make signing quadratic. A name with
// ';' would end h= and cannot be signed.
void AddMatching(const mail::HeaderBlock& header, std::string_view pattern,
                 std::vector<std::string>* names) {
  pattern.remove_suffix(1);
  const size_t names_max = names->size() + kPatternNamesMax;
  for (const mail::HeaderField& field : header.fields()) {
    if (names->size() == names_max) return;
    if (StartsWithIgnoreCase(field.name, pattern) && !IsNamed(*names, field.name) &&
        field.name.find(';') == std::string_view::npos) {
      names->emplace_back(field.name);
    }
  }
}

absl::Status CheckNames(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string_view plain =
        IsPattern(name) ? std::string_view(name).substr(0, name.size() - 1) : name;
    if (!mail::IsFieldName(plain) || plain.find(';') != std::string_view::npos) {
      return absl::InvalidArgumentError(
          Cat("DKIM: '", Escape(name), "' is no header field name to sign"));
    }
    for (const std::string_view never : kNeverSigned) {
      if (EqualsIgnoreCase(name, never)) {
        return absl::InvalidArgumentError(
            Cat("DKIM: ", name, " changes on the way and must not be signed (RFC 6376 5.4.1)"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckIdentity(const SignOptions& options) {
  if (options.identity.empty()) return absl::OkStatus();
  const size_t at = options.identity.rfind('@');
  if (at == std::string::npos) {
    return absl::InvalidArgumentError(
        Cat("DKIM: identity '", Escape(options.identity), "' has no '@'"));
  }
  const std::string domain = Lower(std::string_view(options.identity).substr(at + 1));
  const std::string parent = Lower(options.domain);
  if (domain != parent && !domain.ends_with(Cat('.', parent))) {
    return absl::InvalidArgumentError(Cat("DKIM: identity '", Escape(options.identity),
                                          "' is not in ", options.domain, " (RFC 6376 3.5)"));
  }
  if (!mail::DomainToAscii(domain).ok() || mail::Has8bit(domain)) {
    return absl::InvalidArgumentError(
        Cat("DKIM: the domain of identity '", Escape(options.identity), "' is not in ASCII form"));
  }
  return absl::OkStatus();
}

// 6376 2.11: what may not stand in a tag value as it is becomes =XX.
std::string QuotedPrintable(std::string_view s) {
  std::string out;
  for (const char c : s) {
    const bool plain = c > 32 && c < 127 && c != ';' && c != '=';
    out.append(plain ? std::string(1, c) : Cat('=', Upper(HexEncode(std::string_view(&c, 1)))));
  }
  return out;
}

// Lays tags out in lines of at most mail::kFoldColumns.
class FieldWriter {
 public:
  explicit FieldWriter(std::string_view start) : out_(start), column_(start.size()) {}

  // " text", on a new line if it does not fit on this one.
  void Tag(std::string_view text) {
    if (column_ + 1 + text.size() > mail::kFoldColumns) NewLine();
    Append(Cat(' ', text));
  }
  // `text` directly after what stands there, or on a new line after one blank.
  void Join(std::string_view text) {
    if (column_ + text.size() > mail::kFoldColumns) {
      NewLine();
      Append(" ");
    }
    Append(text);
  }
  std::string Take() { return std::move(out_); }

 private:
  void NewLine() {
    out_.append("\r\n");
    column_ = 0;
  }
  void Append(std::string_view text) {
    out_.append(text);
    column_ += text.size();
  }

  std::string out_;
  size_t column_;
};

std::string FieldUpToB(const PrivateKey& key, const SignOptions& options,
                       const std::vector<std::string>& names, std::string_view body_hash) {
  FieldWriter field("DKIM-Signature:");
  field.Tag("v=1;");
  field.Tag(Cat("a=", AlgorithmName(key.algorithm()), ';'));
  field.Tag(Cat("c=", CanonicalizationName(options.header), '/', CanonicalizationName(options.body),
                ';'));
  field.Tag(Cat("d=", options.domain, ';'));
  if (!options.identity.empty()) field.Tag(Cat("i=", QuotedPrintable(options.identity), ';'));
  field.Tag(Cat("s=", options.selector, ';'));
  if (options.timestamp) {
    field.Tag(Cat("t=", options.timestamp->unix_seconds(), ';'));
    if (options.expire_after) {
      field.Tag(Cat("x=", (*options.timestamp + *options.expire_after).unix_seconds(), ';'));
    }
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const char end = i + 1 < names.size() ? ':' : ';';
    if (i == 0) {
      field.Tag(Cat("h=", names[i], end));
    } else {
      field.Join(Cat(names[i], end));
    }
  }
  field.Tag(Cat("bh=", Base64Encode(body_hash), ';'));
  field.Tag("b=");
  return field.Take();
}

// The signature in lines: white space inside b= is ignored by every verifier (6376 3.5).
void AppendFolded(std::string_view base64, std::string* field) {
  const size_t line_start = field->rfind('\n') + 1;  // npos + 1 is 0
  size_t column = field->size() - line_start;
  while (!base64.empty()) {
    const size_t room = column < mail::kFoldColumns ? mail::kFoldColumns - column : 0;
    const std::string_view piece = base64.substr(0, room);
    field->append(piece);
    base64.remove_prefix(piece.size());
    if (base64.empty()) break;
    field->append("\r\n ");
    column = 1;
  }
}

}  // namespace

const std::vector<std::string>& DefaultSignedHeaders() {
  static const auto& names = *new std::vector<std::string>{
      "From",
      "Reply-To",
      "Subject",
      "Date",
      "To",
      "Cc",
      "Message-ID",
      "MIME-Version",
      "Content-*",
      "List-Unsubscribe",
      "List-Unsubscribe-Post",
      "List-Id",
      "In-Reply-To",
      "References",
      "Feedback-ID",
  };
  return names;
}

const std::vector<std::string>& DefaultOversignedHeaders() {
  static const auto& names = *new std::vector<std::string>{
      "From", "Reply-To", "Subject", "Date", "To", "Cc", "Message-ID",
  };
  return names;
}

absl::Status CheckSignOptions(const SignOptions& options) {
  for (const std::string* name : {&options.domain, &options.selector}) {
    if (mail::Has8bit(*name) || !mail::DomainToAscii(*name).ok()) {
      return absl::InvalidArgumentError(
          Cat("DKIM: ", name == &options.domain ? "domain '" : "selector '", Escape(*name),
              "' is not a domain name in ASCII (A-label) form"));
    }
  }
  RETURN_IF_ERROR(CheckIdentity(options));
  RETURN_IF_ERROR(CheckNames(options.headers));
  RETURN_IF_ERROR(CheckNames(options.oversigned));
  if (std::any_of(options.oversigned.begin(), options.oversigned.end(),
                  [](const std::string& name) { return IsPattern(name); })) {
    return absl::InvalidArgumentError("DKIM: over-signed names cannot be patterns");
  }
  if (options.expire_after && (!options.timestamp || options.expire_after->seconds() < 1)) {
    return absl::InvalidArgumentError(
        "DKIM: expiry needs a timestamp and at least one second (RFC 6376 3.5: x= after t=)");
  }
  return absl::OkStatus();
}

std::vector<std::string> SignedNames(const mail::HeaderBlock& header, const SignOptions& options) {
  std::vector<std::string> distinct;
  if (!IsNamed(options.headers, "From")) distinct.push_back("From");
  for (const std::string& name : options.headers) {
    if (IsPattern(name)) {
      AddMatching(header, name, &distinct);
    } else if (!IsNamed(distinct, name)) {
      distinct.push_back(name);
    }
  }
  std::vector<std::string> names;
  for (const std::string& name : distinct) {
    names.insert(names.end(), header.Count(name), name);
  }
  if (!IsNamed(options.oversigned, "From")) names.push_back("From");
  names.insert(names.end(), options.oversigned.begin(), options.oversigned.end());
  return names;
}

absl::StatusOr<std::string> CompleteSignature(const PrivateKey& key, Canonicalization c,
                                              const mail::HeaderBlock& header,
                                              const std::vector<std::string>& names,
                                              std::string field_up_to_b) {
  const std::string hash = HeaderHash(c, header, names, field_up_to_b);
  ASSIGN_OR_RETURN(const std::string signature, key.Sign(hash));
  AppendFolded(Base64Encode(signature), &field_up_to_b);
  field_up_to_b.append("\r\n");
  return field_up_to_b;
}

absl::StatusOr<std::string> Sign(const PrivateKey& key, const SignOptions& options,
                                 std::string_view header_block, std::string_view body_hash) {
  if (body_hash.size() != kSha256Bytes) {
    return absl::InvalidArgumentError(
        Cat("DKIM: the body hash has ", body_hash.size(), " octets, not ", kSha256Bytes));
  }
  const mail::HeaderBlock header(header_block);
  if (header.Find("From") == nullptr) {
    return absl::InvalidArgumentError("DKIM: the message has no From field to sign");
  }
  const std::vector<std::string> names = SignedNames(header, options);
  return CompleteSignature(key, options.header, header, names,
                           FieldUpToB(key, options, names, body_hash));
}

}  // namespace convoy::dkim
