#include "dkim/verifier.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "dkim/base64.h"
#include "dkim/canonical.h"
#include "dkim/header_hash.h"
#include "dkim/key.h"
#include "dkim/sha256.h"
#include "dkim/tag_list.h"
#include "mail/address.h"
#include "mail/message.h"

namespace convoy::dkim {
namespace {

// What a signature says, read from its tags.
struct Claim {
  std::string domain;
  std::string selector;
  std::string identity;
  std::string algorithm;
  Canonicalization header = Canonicalization::kSimple;
  Canonicalization body = Canonicalization::kSimple;
  std::vector<std::string> names;
  std::string body_hash;
  std::string signature;
  std::optional<uint64_t> body_length;
  std::optional<int64_t> timestamp;
  std::optional<int64_t> expires;
};

// A step that ends the check of one signature; nullopt lets it go on.
struct End {
  Verdict verdict;
  std::string reason;
};
using Step = std::optional<End>;

Step Permanent(std::string reason) { return End{Verdict::kPermError, std::move(reason)}; }
Step Fail(std::string reason) { return End{Verdict::kFail, std::move(reason)}; }

std::string_view MessageOf(const absl::Status& status) {
  const absl::string_view text = status.message();
  return {text.data(), text.size()};
}

Step ReadCanonicalization(std::string_view c, Claim* claim) {
  const size_t slash = c.find('/');
  const auto header = ParseCanonicalization(c.substr(0, slash));
  const auto body = slash == std::string_view::npos ? std::optional(Canonicalization::kSimple)
                                                    : ParseCanonicalization(c.substr(slash + 1));
  if (!header || !body) return Permanent("c= is not supported");
  claim->header = *header;
  claim->body = *body;
  return {};
}

// t=, x= and l= are decimal numbers; an absent one stays nullopt.
Step ReadNumbers(const TagList& tags, Claim* claim) {
  if (const auto l = tags.Find("l")) {
    claim->body_length = ParseUint(*l);
    if (!claim->body_length) return Permanent("l= is not a number");
  }
  if (const auto t = tags.Find("t")) {
    claim->timestamp = ParseInt(*t);
    if (!claim->timestamp || *claim->timestamp < 0) return Permanent("t= is not a number");
  }
  if (const auto x = tags.Find("x")) {
    claim->expires = ParseInt(*x);
    if (!claim->expires || *claim->expires < 0) return Permanent("x= is not a number");
  }
  if (claim->timestamp && claim->expires && *claim->expires <= *claim->timestamp) {
    return Permanent("x= is not after t=");
  }
  return {};
}

Step ReadNames(std::string_view h, Claim* claim) {
  const std::string packed = WithoutWhiteSpace(h);
  for (const std::string_view name : Split(packed, ':')) {
    if (!mail::IsFieldName(name)) return Permanent("h= has something that is no field name");
    claim->names.emplace_back(name);
  }
  const bool has_from =
      std::any_of(claim->names.begin(), claim->names.end(),
                  [](const std::string& n) { return EqualsIgnoreCase(n, "From"); });
  if (!has_from) return Permanent("h= does not have From");
  return {};
}

Step ReadIdentity(const TagList& tags, Claim* claim) {
  claim->identity = tags.Get("i", Cat('@', claim->domain));
  const size_t at = claim->identity.rfind('@');
  if (at == std::string::npos) return Permanent("i= has no '@'");
  const std::string domain = Lower(std::string_view(claim->identity).substr(at + 1));
  const std::string parent = Lower(claim->domain);
  if (domain != parent && !domain.ends_with(Cat('.', parent))) {
    return Permanent("i= is not in the domain of d=");
  }
  return {};
}

Step ReadClaim(const TagList& tags, Claim* claim) {
  claim->domain = tags.Get("d", "");
  claim->selector = tags.Get("s", "");
  claim->algorithm = tags.Get("a", "");
  for (const std::string_view required : {"v", "a", "b", "bh", "d", "h", "s"}) {
    if (tags.Get(required, "").empty()) return Permanent(Cat(required, "= is missing"));
  }
  if (tags.Get("v", "") != "1") return Permanent("v= is not 1");
  if (!mail::DomainToAscii(claim->domain).ok() || !mail::DomainToAscii(claim->selector).ok()) {
    return Permanent("d= or s= is no domain name");
  }
  if (claim->algorithm != AlgorithmName(Algorithm::kRsaSha256) &&
      claim->algorithm != AlgorithmName(Algorithm::kEd25519Sha256)) {
    return Permanent(Cat("a=", Escape(claim->algorithm), " is not supported (RFC 8301 3.1)"));
  }
  const std::string query = WithoutWhiteSpace(tags.Get("q", "dns/txt"));
  const std::vector<std::string_view> methods = Split(query, ':');
  if (std::find(methods.begin(), methods.end(), "dns/txt") == methods.end()) {
    return Permanent("q= does not have dns/txt");
  }
  const auto body_hash = Base64Decode(tags.Get("bh", ""));
  const auto signature = Base64Decode(tags.Get("b", ""));
  if (!body_hash || body_hash->size() != kSha256Bytes) return Permanent("bh= is no SHA-256 hash");
  if (!signature) return Permanent("b= is not base64");
  claim->body_hash = *body_hash;
  claim->signature = *signature;
  if (Step end = ReadCanonicalization(tags.Get("c", "simple/simple"), claim)) return end;
  if (Step end = ReadNumbers(tags, claim)) return end;
  if (Step end = ReadNames(tags.Get("h", ""), claim)) return end;
  return ReadIdentity(tags, claim);
}

// The field without the value of b=, white space around it included.
std::string WithoutB(const mail::HeaderField& field, std::string_view b_value) {
  // The tag list refers to the field's text, so the value's place is known exactly.
  const std::string_view raw = field.raw;
  size_t start = static_cast<size_t>(b_value.data() - raw.data());
  while (raw[start - 1] != '=') --start;
  const size_t end = std::min(raw.find(';', start), raw.size());
  return Cat(raw.substr(0, start), raw.substr(end));
}

Step FetchKey(const Claim& claim, const KeyLookup& lookup, std::optional<PublicKey>* key) {
  const absl::StatusOr<std::string> record =
      lookup(Cat(claim.selector, "._domainkey.", claim.domain));
  if (absl::IsNotFound(record.status())) return Permanent("no key record");
  if (!record.ok()) return End{Verdict::kTempError, Escape(MessageOf(record.status()))};
  absl::StatusOr<PublicKey> parsed = PublicKey::FromRecord(*record);
  if (!parsed.ok()) return Permanent(std::string(MessageOf(parsed.status())));
  key->emplace(*std::move(parsed));
  if (AlgorithmName((*key)->algorithm()) != claim.algorithm) {
    return Permanent("the key record is for another algorithm");
  }
  if ((*key)->strict_identity()) {
    const size_t at = claim.identity.rfind('@');
    if (!EqualsIgnoreCase(std::string_view(claim.identity).substr(at + 1), claim.domain)) {
      return Permanent("the key record (t=s) does not allow a subdomain in i=");
    }
  }
  return {};
}

Step CheckBody(const Claim& claim, std::string_view body) {
  BodyHasher hasher(claim.body, claim.body_length);
  hasher.Update(body);
  const std::string hash = hasher.Finish();
  if (claim.body_length && *claim.body_length > hasher.canonical_bytes()) {
    return Permanent("l= is longer than the body");
  }
  if (hash != claim.body_hash) return Fail("the body hash does not match");
  return {};
}

class Verifier {
 public:
  Verifier(std::string_view message, const KeyLookup& lookup, std::optional<WallTime> now)
      : parts_(mail::SplitMessage(message)), header_(parts_.header), lookup_(lookup), now_(now) {}

  std::vector<SignatureResult> Run() {
    std::vector<SignatureResult> results;
    for (const mail::HeaderField& field : header_.fields()) {
      if (!field.Is("DKIM-Signature") || results.size() == kSignaturesMax) continue;
      results.push_back(CheckField(field));
    }
    return results;
  }

 private:
  SignatureResult CheckField(const mail::HeaderField& field) {
    SignatureResult result;
    Claim claim;
    const Step end = Check(field, &claim, &result.testing);
    result.verdict = end ? end->verdict : Verdict::kPass;
    result.reason = end ? end->reason : "";
    result.domain = std::move(claim.domain);
    result.selector = std::move(claim.selector);
    result.identity = std::move(claim.identity);
    result.algorithm = std::move(claim.algorithm);
    return result;
  }

  Step Check(const mail::HeaderField& field, Claim* claim, bool* testing) {
    const absl::StatusOr<TagList> tags = TagList::Parse(field.value);
    if (!tags.ok()) return Permanent(std::string(MessageOf(tags.status())));
    if (Step end = ReadClaim(*tags, claim)) return end;
    if (now_ && claim->expires && now_->unix_seconds() > *claim->expires) {
      return Permanent("the signature has expired (x=)");
    }
    std::optional<PublicKey> key;
    if (Step end = FetchKey(*claim, lookup_, &key)) return end;
    *testing = key->testing();
    if (Step end = CheckBody(*claim, parts_.body)) return end;
    const std::string without_b = WithoutB(field, *tags->Find("b"));
    const std::string hash = HeaderHash(claim->header, header_, claim->names, without_b, &field);
    if (!key->Verify(hash, claim->signature)) return Fail("the signature does not verify");
    return {};
  }

  const mail::MessageParts parts_;
  const mail::HeaderBlock header_;
  const KeyLookup& lookup_;
  const std::optional<WallTime> now_;
};

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kPermError:
      return "permerror";
    case Verdict::kTempError:
      return "temperror";
  }
  return "";
}

std::vector<SignatureResult> VerifyMessage(std::string_view message, const KeyLookup& lookup,
                                           std::optional<WallTime> now) {
  return Verifier(message, lookup, now).Run();
}

}  // namespace convoy::dkim
