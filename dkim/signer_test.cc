#include "dkim/signer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "dkim/base64.h"
#include "dkim/rfc_vectors.h"
#include "dkim/tag_list.h"
#include "dkim/verifier.h"

namespace convoy::dkim {
namespace {

using mail::HeaderBlock;

// A message and everything needed to sign and verify it; tests change what they are about.
class Dkim : public testing::Test {
 protected:
  Dkim() {
    options_.domain = "football.example.com";
    options_.selector = "test";
  }

  std::string Field(const PrivateKey& key) {
    const auto field = Sign(key, options_, header_, BodyHash(options_.body, body_));
    EXPECT_TRUE(field.ok()) << field.status();
    return field.value_or("");
  }
  std::string Signed() { return Cat(Field(*rsa_), header_, "\r\n", body_); }

  // The verdicts of all signatures, such as "pass fail".
  static std::string Verdicts(std::string_view message) {
    std::string out;
    const auto lookup = [](std::string_view name) -> absl::StatusOr<std::string> {
      if (name == "test._domainkey.football.example.com") return std::string(vectors::kRsaRecord);
      if (name == "brisbane._domainkey.football.example.com") {
        return std::string(vectors::kEd25519Record);
      }
      return absl::NotFoundError("none");
    };
    for (const SignatureResult& result : VerifyMessage(message, lookup)) {
      CatTo(&out, out.empty() ? "" : " ", VerdictName(result.verdict));
    }
    return out;
  }

  // The value of a tag of a field, without white space.
  static std::string Tag(std::string_view field, std::string_view name) {
    const auto tags = TagList::Parse(field.substr(field.find(':') + 1));
    EXPECT_TRUE(tags.ok()) << tags.status();
    return WithoutWhiteSpace(tags->Get(name, "(none)"));
  }

  const PrivateKey::Ptr rsa_ = *PrivateKey::FromPem(vectors::kRsaPem);
  const PrivateKey::Ptr ed25519_ =
      *PrivateKey::FromEd25519Seed(*Base64Decode(vectors::kEd25519Seed));
  SignOptions options_;
  std::string header_ = std::string(vectors::kHeader);
  std::string body_ = std::string(vectors::kBody);
};

TEST_F(Dkim, Rfc8463A3ByteForByte) {
  const std::vector<std::string> names = {"from",       "to",   "subject", "date",
                                          "message-id", "from", "subject", "date"};
  EXPECT_EQ(Base64Encode(BodyHash(Canonicalization::kRelaxed, body_)), vectors::kBodyHash);
  const HeaderBlock header(header_);
  const auto by_ed25519 = CompleteSignature(*ed25519_, Canonicalization::kRelaxed, header, names,
                                            std::string(vectors::kEd25519Field));
  ASSERT_TRUE(by_ed25519.ok());
  EXPECT_EQ(Tag(*by_ed25519, "b"), vectors::kEd25519B);
  const auto by_rsa = CompleteSignature(*rsa_, Canonicalization::kRelaxed, header, names,
                                        std::string(vectors::kRsaField));
  ASSERT_TRUE(by_rsa.ok());
  EXPECT_EQ(Tag(*by_rsa, "b"), vectors::kRsaB);
}

TEST_F(Dkim, DK_01_Algorithms) {
  EXPECT_EQ(Tag(Field(*rsa_), "a"), "rsa-sha256");
  EXPECT_EQ(Tag(Field(*ed25519_), "a"), "ed25519-sha256");
  EXPECT_EQ(Verdicts(Signed()), "pass");
}

TEST_F(Dkim, DK_03_EveryCanonicalizationVerifies) {
  header_ = "FROM:  a@football.example.com \r\nsubject:\tfolded\r\n  text \r\nX: y\r\n";
  body_ = "two  blanks \r\n\ttab\r\n\r\n\r\n";
  for (const auto header : {Canonicalization::kSimple, Canonicalization::kRelaxed}) {
    for (const auto body : {Canonicalization::kSimple, Canonicalization::kRelaxed}) {
      options_.header = header;
      options_.body = body;
      EXPECT_EQ(Tag(Field(*rsa_), "c"),
                Cat(CanonicalizationName(header), '/', CanonicalizationName(body)));
      EXPECT_EQ(Verdicts(Signed()), "pass");
    }
  }
}

TEST_F(Dkim, DK_03_RelaxedSurvivesWhatSimpleDoesNot) {
  for (const auto c : {Canonicalization::kSimple, Canonicalization::kRelaxed}) {
    options_.header = options_.body = c;
    const std::string field = Field(*rsa_);
    const bool relaxed = c == Canonicalization::kRelaxed;
    std::string header = header_;
    header.replace(header.find("Subject: Is"), 11, "SUBJECT:  Is");
    EXPECT_EQ(Verdicts(Cat(field, header, "\r\n", body_)), relaxed ? "pass" : "fail");
    EXPECT_EQ(Verdicts(Cat(field, header_, "\r\n", "Hi. ", body_.substr(3))),
              relaxed ? "pass" : "fail");
  }
}

TEST_F(Dkim, DK_04_EmptyBody) {
  body_ = "";
  for (const auto c : {Canonicalization::kSimple, Canonicalization::kRelaxed}) {
    options_.body = c;
    EXPECT_EQ(Tag(Field(*rsa_), "bh"), c == Canonicalization::kSimple
                                           ? "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="
                                           : "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    EXPECT_EQ(Verdicts(Signed()), "pass");
  }
}

TEST_F(Dkim, DK_06_BodyHashIsOverContentBeforeDotStuffing) {
  body_ = ".\r\n..\r\n.a\r\n";
  const std::string field = Field(*rsa_);
  EXPECT_EQ(Verdicts(Cat(field, header_, "\r\n", body_)), "pass");
  EXPECT_EQ(Verdicts(Cat(field, header_, "\r\n..\r\n...\r\n..a\r\n")), "fail");
}

TEST_F(Dkim, DK_07_FromIsAlwaysSignedAndOversigned) {
  options_.headers = {"Subject"};
  options_.oversigned = {};
  EXPECT_EQ(Tag(Field(*rsa_), "h"), "From:Subject:From");
  options_.headers = {"subject", "from", "FROM"};
  options_.oversigned = {"from", "Cc"};
  EXPECT_EQ(Tag(Field(*rsa_), "h"), "subject:from:from:Cc");
}

TEST_F(Dkim, DK_07_OversignedFieldsCannotBeAdded) {
  const std::string signed_message = Signed();
  EXPECT_EQ(Verdicts(signed_message), "pass");
  for (const std::string_view added :
       {"From: x@evil.example\r\n", "Subject: x\r\n", "Cc: x@evil.example\r\n",
        "Reply-To: x@evil.example\r\n", "Date: x\r\n", "To: x\r\n", "Message-ID: <x@x>\r\n"}) {
    EXPECT_EQ(Verdicts(Cat(added, signed_message)), "fail") << added;
  }
  EXPECT_EQ(Verdicts(Cat("X-Spam: no\r\n", signed_message)), "pass");
}

TEST_F(Dkim, DK_08_RepeatedFieldsAreTakenBottomUp) {
  header_ = Cat("X-A: top\r\nX-A: middle\r\nX-A: bottom\r\n", vectors::kHeader);
  options_.headers = {"From", "X-A"};
  const std::string field = Field(*rsa_);
  EXPECT_EQ(Tag(field, "h"), "From:X-A:X-A:X-A:From:Reply-To:Subject:Date:To:Cc:Message-ID");
  EXPECT_EQ(Verdicts(Signed()), "pass");

  // One mention covers the lowest instance only.
  const std::vector<std::string> names = {"From", "X-A"};
  std::string up_to_b = field.substr(0, field.find(" h="));
  CatTo(&up_to_b, " h=From:X-A; bh=", Base64Encode(BodyHash(options_.body, body_)), "; b=");
  const auto one = CompleteSignature(*rsa_, options_.header, HeaderBlock(header_), names, up_to_b);
  ASSERT_TRUE(one.ok());
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string header = header_;
    header.replace(header.find(from), from.size(), to);
    return Verdicts(Cat(*one, header, "\r\n", body_));
  };
  EXPECT_EQ(with("top", "changed"), "pass");
  EXPECT_EQ(with("middle", "changed"), "pass");
  EXPECT_EQ(with("bottom", "changed"), "fail");
  EXPECT_EQ(with("X-A: bottom\r\n", ""), "fail");
}

TEST_F(Dkim, DK_09_OwnFieldIsHashedLastAndCoversItsTags) {
  options_.timestamp = WallTime{1528637909000000};
  std::string message = Signed();
  EXPECT_EQ(Verdicts(message), "pass");
  EXPECT_EQ(Tag(message.substr(0, message.find("\r\nFrom")), "h").find("DKIM"), std::string::npos);
  message.replace(message.find("t=1528637909"), 12, "t=1528637910");
  EXPECT_EQ(Verdicts(message), "fail");
}

TEST_F(Dkim, DK_10_IdentityIsInTheDomain) {
  for (const std::string_view good :
       {"@football.example.com", "joe@FOOTBALL.example.com", "@eu.football.example.com"}) {
    options_.identity = good;
    EXPECT_TRUE(CheckSignOptions(options_).ok()) << good;
    EXPECT_EQ(Tag(Field(*rsa_), "i"), good);
    EXPECT_EQ(Verdicts(Signed()), "pass");
  }
  for (const std::string_view bad :
       {"joe", "@example.com", "@xfootball.example.com", "@a..football.example.com",
        "@\xc3\xa4.football.example.com"}) {
    options_.identity = bad;
    EXPECT_TRUE(absl::IsInvalidArgument(CheckSignOptions(options_))) << bad;
  }
  options_.identity = "";
  options_.domain = "m\xc3\xbcnchen.example";
  EXPECT_TRUE(absl::IsInvalidArgument(CheckSignOptions(options_))) << "not an A-label";
  options_.domain = "xn--mnchen-3ya.example";
  EXPECT_TRUE(CheckSignOptions(options_).ok());
}

TEST_F(Dkim, DK_10_IdentityCannotBreakOutOfItsTag) {
  options_.identity = "a;b= \r\nc@football.example.com";
  const std::string field = Field(*rsa_);
  EXPECT_EQ(Tag(field, "i"), "a=3Bb=3D=20=0D=0Ac@football.example.com");
  EXPECT_EQ(Verdicts(Signed()), "pass");
}

TEST_F(Dkim, DK_11_ExpiryIsAfterTheTimestampAndLengthIsNeverSaid) {
  options_.timestamp = WallTime{1528637909000000};
  options_.expire_after = Days(7);
  EXPECT_TRUE(CheckSignOptions(options_).ok());
  const std::string field = Field(*rsa_);
  EXPECT_EQ(Tag(field, "t"), "1528637909");
  EXPECT_EQ(Tag(field, "x"), "1529242709");
  EXPECT_EQ(Tag(field, "l"), "(none)");
  options_.expire_after = Seconds(0);
  EXPECT_FALSE(CheckSignOptions(options_).ok());
  options_.expire_after = Days(7);
  options_.timestamp = {};
  EXPECT_FALSE(CheckSignOptions(options_).ok());
}

TEST_F(Dkim, DK_12_TwoSignaturesInEitherOrder) {
  const std::string by_rsa = Field(*rsa_);
  options_.selector = "brisbane";
  options_.headers = {"From", "Subject"};
  const std::string by_ed25519 = Field(*ed25519_);
  EXPECT_EQ(Verdicts(Cat(by_rsa, by_ed25519, header_, "\r\n", body_)), "pass pass");
  EXPECT_EQ(Verdicts(Cat(by_ed25519, by_rsa, header_, "\r\n", body_)), "pass pass");
}

TEST_F(Dkim, DK_13_TraceFieldsAboveDoNotMatter) {
  EXPECT_EQ(Verdicts(Cat("Received: from a by b; c\r\n", Signed())), "pass");
  EXPECT_EQ(Verdicts(Cat("Return-Path: <>\r\nReceived: x\r\n", Signed())), "pass");
}

TEST_F(Dkim, DK_14_DefaultFields) {
  header_ =
      "Return-Path: <b@x>\r\nReceived: r\r\nDKIM-Signature: v=1\r\nBcc: z@x\r\nX-Other: 1\r\n"
      "From: a@football.example.com\r\nReply-To: r@x\r\nSubject: s\r\nDate: d\r\nTo: t@x\r\n"
      "Cc: c@x\r\nMessage-ID: <m@x>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
      "Content-Transfer-Encoding: 8bit\r\nList-Unsubscribe: <https://x/u>\r\n"
      "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Id: l\r\nIn-Reply-To: <i@x>\r\n"
      "References: <i@x>\r\nFeedback-ID: f\r\n";
  EXPECT_EQ(Tag(Field(*rsa_), "h"),
            "From:Reply-To:Subject:Date:To:Cc:Message-ID:MIME-Version:Content-Type:"
            "Content-Transfer-Encoding:List-Unsubscribe:List-Unsubscribe-Post:List-Id:In-Reply-To:"
            "References:Feedback-ID:From:Reply-To:Subject:Date:To:Cc:Message-ID");
}

TEST_F(Dkim, DK_14_ChangingFieldsCannotBeConfigured) {
  for (const std::string_view name : {"DKIM-Signature", "return-path", "Received", "Bcc",
                                      "Resent-Bcc", "a b", "x:", "x;", "", "*"}) {
    options_.headers = {std::string(name)};
    EXPECT_EQ(CheckSignOptions(options_).ok(), name == "*") << name;
    options_.headers = {};
    options_.oversigned = {std::string(name)};
    EXPECT_EQ(CheckSignOptions(options_).ok(), name == "*") << name;
    options_.oversigned = {};
  }
  options_.oversigned = {"Content-*"};
  EXPECT_FALSE(CheckSignOptions(options_).ok()) << "a pattern cannot be over-signed";
}

TEST_F(Dkim, DK_14_AFieldNameOfTheMessageCannotAddATag) {
  header_.append("Content-A;b=x: y\r\nContent-Z: z\r\n");
  EXPECT_NE(Tag(Field(*rsa_), "h").find(":Content-Z:"), std::string::npos);
  EXPECT_EQ(Verdicts(Signed()), "pass");
}

TEST_F(Dkim, DK_14_APatternAddsALimitedNumberOfNames) {
  std::string many;
  for (int i = 0; i < 20000; ++i) CatTo(&many, "Content-X", i, ": y\r\n");
  header_.append(many);
  const std::string h = Tag(Field(*rsa_), "h");
  EXPECT_NE(h.find("Content-X31:"), std::string::npos);
  EXPECT_EQ(h.find("Content-X32:"), std::string::npos);
  EXPECT_EQ(Verdicts(Signed()), "pass");
}

TEST_F(Dkim, DK_15_LinesAreShort) {
  for (int i = 0; i < 40; ++i) {
    options_.headers.push_back(Cat("X-A-Header-Field-Number-", i));
    CatTo(&header_, "X-A-Header-Field-Number-", i, ": x\r\n");
  }
  options_.identity = Cat("@", std::string(60, 'a'), ".football.example.com");
  options_.timestamp = WallTime{1528637909000000};
  for (const PrivateKey::Ptr& key : {rsa_, ed25519_}) {
    const std::string field = Field(*key);
    ASSERT_TRUE(field.ends_with("\r\n"));
    for (std::string_view line : Split(std::string_view(field).substr(0, field.size() - 2), '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      EXPECT_EQ(line.find('\r'), std::string_view::npos);
      EXPECT_LE(line.size(), 86u) << line << " (i= alone needs it)";
      EXPECT_TRUE(line.size() <= 78 || line.find("i=") != std::string_view::npos) << line;
      EXPECT_FALSE(Trim(line).empty());
    }
  }
  EXPECT_EQ(Verdicts(Signed()), "pass");
}

TEST_F(Dkim, DK_15_ManyHeaderShapesStayVerifiable) {
  // The fold points move with every length, b= included.
  for (size_t length = 1; length <= 63; ++length) {
    options_.identity = Cat("@", std::string(length, 'a'), ".football.example.com");
    ASSERT_EQ(Verdicts(Signed()), "pass") << length;
  }
}

TEST_F(Dkim, DK_16_NeverSilentlyUnsigned) {
  header_ = "Subject: no author\r\n";
  EXPECT_TRUE(absl::IsInvalidArgument(
      Sign(*rsa_, options_, header_, BodyHash(options_.body, body_)).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Sign(*rsa_, options_, vectors::kHeader, "short").status()));
}

TEST_F(Dkim, DK_17_Ed25519SignsTheDigest) {
  options_.selector = "brisbane";
  const std::string field = Field(*ed25519_);
  EXPECT_EQ(Base64Decode(Tag(field, "b"))->size(), 64u);
  EXPECT_EQ(Verdicts(Cat(field, header_, "\r\n", body_)), "pass");
}

TEST_F(Dkim, OptionsThatAreNoNames) {
  options_.selector = "a b";
  EXPECT_FALSE(CheckSignOptions(options_).ok());
  options_.selector = "";
  EXPECT_FALSE(CheckSignOptions(options_).ok());
  options_.selector = "s1.eu";
  EXPECT_TRUE(CheckSignOptions(options_).ok());
  options_.domain = "exa;mple.com";
  EXPECT_FALSE(CheckSignOptions(options_).ok());
}

TEST_F(Dkim, SignatureIsTheSameEveryTime) {
  EXPECT_EQ(Field(*rsa_), Field(*rsa_));
  EXPECT_EQ(Field(*ed25519_), Field(*ed25519_));
}

}  // namespace
}  // namespace convoy::dkim
