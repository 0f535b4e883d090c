#include "dkim/verifier.h"

#include <gtest/gtest.h>

#include <map>

#include "base/text.h"
#include "dkim/rfc_vectors.h"

namespace convoy::dkim {
namespace {

class DkimVerifier : public testing::Test {
 protected:
  std::vector<SignatureResult> Verify(std::string_view message, std::optional<WallTime> now = {}) {
    const auto lookup = [this](std::string_view name) -> absl::StatusOr<std::string> {
      asked_.emplace_back(name);
      if (resolver_down_) return absl::UnavailableError("SERVFAIL");
      const auto it = records_.find(std::string(name));
      if (it == records_.end()) return absl::NotFoundError("NXDOMAIN");
      return it->second;
    };
    return VerifyMessage(message, lookup, now);
  }
  // "pass", or "fail: reason", for the first signature.
  std::string First(std::string_view message, std::optional<WallTime> now = {}) {
    const std::vector<SignatureResult> results = Verify(message, now);
    if (results.empty()) return "none";
    const SignatureResult& r = results.front();
    return r.reason.empty() ? std::string(VerdictName(r.verdict))
                            : Cat(VerdictName(r.verdict), ": ", r.reason);
  }
  // The RFC 8463 message with its first signature changed.
  static std::string With(std::string_view from, std::string_view to) {
    std::string message = vectors::SignedByBoth();
    message.replace(message.find(from), from.size(), to);
    return message;
  }

  std::map<std::string, std::string> records_ = {
      {"brisbane._domainkey.football.example.com", std::string(vectors::kEd25519Record)},
      {"test._domainkey.football.example.com", std::string(vectors::kRsaRecord)},
      {"brisbane._domainkey.example.com", std::string(vectors::kRfc6376Record)},
  };
  std::vector<std::string> asked_;
  bool resolver_down_ = false;
};

TEST_F(DkimVerifier, Rfc8463A3) {
  const std::vector<SignatureResult> results = Verify(vectors::SignedByBoth());
  ASSERT_EQ(results.size(), 2u);
  for (const SignatureResult& result : results) {
    EXPECT_EQ(result.verdict, Verdict::kPass) << result.reason;
    EXPECT_EQ(result.domain, "football.example.com");
    EXPECT_EQ(result.identity, "@football.example.com");
  }
  EXPECT_EQ(results[0].algorithm, "ed25519-sha256");
  EXPECT_EQ(results[0].selector, "brisbane");
  EXPECT_EQ(results[1].algorithm, "rsa-sha256");
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(DkimVerifier, Rfc6376A2) { EXPECT_EQ(First(vectors::kRfc6376Message), "pass"); }

TEST_F(DkimVerifier, Rfc6376A2IsSimpleSoEveryOctetCounts) {
  std::string message(vectors::kRfc6376Message);
  message.replace(message.find("com  [192"), 9, "com [192");
  EXPECT_EQ(First(message), "fail: the signature does not verify");
}

TEST_F(DkimVerifier, NoSignature) {
  EXPECT_EQ(First("From: a@b\r\n\r\nx\r\n"), "none");
  EXPECT_EQ(First(""), "none");
}

TEST_F(DkimVerifier, ChangedMessageFails) {
  EXPECT_EQ(First(With("We lost", "We won")), "fail: the body hash does not match");
  EXPECT_EQ(First(With("dinner", "supper")), "fail: the signature does not verify");
  EXPECT_EQ(First(With("b=/gCrin", "b=/gDrin")), "fail: the signature does not verify");
}

TEST_F(DkimVerifier, DK_01_Sha1IsRefused) {
  EXPECT_EQ(First(With("a=ed25519-sha256", "a=rsa-sha1")),
            "permerror: a=rsa-sha1 is not supported (RFC 8301 3.1)");
}

TEST_F(DkimVerifier, DK_07_FromMustBeSigned) {
  EXPECT_EQ(First(With("h=from : to :\r\n subject : date : message-id : from", "h=to : x")),
            "permerror: h= does not have From");
}

TEST_F(DkimVerifier, DK_10_IdentityMustBeInTheDomain) {
  EXPECT_EQ(First(With("i=@football", "i=@baseball")), "permerror: i= is not in the domain of d=");
  EXPECT_EQ(First(With("i=@football.example.com", "i=football")), "permerror: i= has no '@'");
  records_["brisbane._domainkey.example.com"].append("; t=s");
  EXPECT_EQ(First(vectors::kRfc6376Message),
            "permerror: the key record (t=s) does not allow a subdomain in i=");
}

TEST_F(DkimVerifier, DK_11_ExpiryAndItsOrder) {
  const std::string message = With("t=1528637909;", "t=1528637909; x=1528637910;");
  EXPECT_EQ(First(message, WallTime{1528637911'000000}),
            "permerror: the signature has expired (x=)");
  EXPECT_EQ(First(message, WallTime{1528637910'000000}), "fail: the signature does not verify");
  EXPECT_EQ(First(With("t=1528637909;", "t=1528637909; x=1528637909;")),
            "permerror: x= is not after t=");
}

TEST_F(DkimVerifier, LengthTag) {
  EXPECT_EQ(First(With("t=1528637909;", "t=1528637909; l=100000;")),
            "permerror: l= is longer than the body");
  EXPECT_EQ(First(With("t=1528637909;", "t=1528637909; l=-1;")), "permerror: l= is not a number");
  EXPECT_EQ(First(With("t=1528637909;", "t=1528637909; l=2;")),
            "fail: the body hash does not match");
}

TEST_F(DkimVerifier, DamagedTags) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"v=1;", "v=2;"},
      {"v=1;", ""},
      {"c=relaxed/relaxed", "c=nowsp"},
      {"c=relaxed/relaxed", "c=relaxed/x"},
      {"d=football.example.com;", ""},
      {"d=football.example.com", "d=a b"},
      {"s=brisbane", "s=a/b"},
      {"q=dns/txt", "q=http"},
      {"bh=2jUS", "bh=2j"},
      {"t=1528637909", "t=now"},
      {"h=from :", "h=from ::"},
      {"i=@", "i=@x;i=@"},
      {"; s=bris", "; ; s=bris"},
      {" b=/gCr", " b=*gCr"},
  };
  for (const auto& [from, to] : cases) {
    std::string message = vectors::SignedByBoth();
    const size_t at = message.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    message.replace(at, from.size(), to);
    EXPECT_TRUE(First(message).starts_with("permerror: ")) << from << " -> " << to;
    EXPECT_EQ(Verify(message).at(1).verdict, Verdict::kPass) << "the other one is still good";
  }
}

TEST_F(DkimVerifier, Keys) {
  resolver_down_ = true;
  EXPECT_EQ(First(vectors::SignedByBoth()), "temperror: SERVFAIL");
  resolver_down_ = false;
  const std::string name = "brisbane._domainkey.football.example.com";
  records_[name] = std::string(vectors::kRsaRecord);
  EXPECT_EQ(First(vectors::SignedByBoth()), "permerror: the key record is for another algorithm");
  records_[name] = "v=DKIM1; k=ed25519; p=";
  EXPECT_EQ(First(vectors::SignedByBoth()), "permerror: key record: the key is revoked (empty p=)");
  records_[name] = Cat(vectors::kEd25519Record, "; t=y");
  EXPECT_TRUE(Verify(vectors::SignedByBoth()).front().testing);
  records_.erase(name);
  EXPECT_EQ(First(vectors::SignedByBoth()), "permerror: no key record");
}

TEST_F(DkimVerifier, ForeignTextIsEscaped) {
  const std::string reason = First(With("a=ed25519-sha256", "a=\x1b[31m"));
  EXPECT_EQ(reason, "permerror: a=\\x1b[31m is not supported (RFC 8301 3.1)");
}

TEST_F(DkimVerifier, LimitOfSignatures) {
  std::string message;
  for (int i = 0; i < 100; ++i) message.append("DKIM-Signature: v=1\r\n");
  EXPECT_EQ(Verify(Cat(message, "From: a@b\r\n\r\n")).size(), kSignaturesMax);
}

}  // namespace
}  // namespace convoy::dkim
