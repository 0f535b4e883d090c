#include "mail/mailbox_list.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace convoy::mail {
namespace {

// "name<address>" joined by '|'.
std::string All(std::string_view value) {
  std::string out;
  for (const Mailbox& mailbox : ParseMailboxList(value)) {
    CatTo(&out, out.empty() ? "" : "|", mailbox.display_name, mailbox.address.ToPath());
  }
  return out;
}

std::string Domain(std::string_view from) {
  const std::string header = Cat("Subject: x\r\nFrom:", from, "\r\n");
  const absl::StatusOr<std::string> domain = FromDomain(HeaderBlock(header));
  return domain.ok() ? *domain : "(none)";
}

TEST(MailboxList, OrdinaryForms) {
  EXPECT_EQ(All(" a@x.y"), "<a@x.y>");
  EXPECT_EQ(All(" Joe Doe <joe@x.y>"), "Joe Doe<joe@x.y>");
  EXPECT_EQ(All(" \"Doe, \\\"J\\\"\" <joe@x.y>, b@x.y"), "Doe, \"J\"<joe@x.y>|<b@x.y>");
  EXPECT_EQ(All(" =?utf-8?q?J=C3=B6rg?= <j@x.y>"), "=?utf-8?q?J=C3=B6rg?=<j@x.y>");
  EXPECT_EQ(All("<a@x.y>"), "<a@x.y>");
  EXPECT_EQ(All(" Joe\r\n\t<joe@x.y>"), "Joe<joe@x.y>");
}

TEST(MailboxList, CommentsAnywhere) {
  EXPECT_EQ(All("(c) a (c(nested \\) ) c) @ (c) x.y (the end"), "<a@x.y>");
  EXPECT_EQ(All("Joe (not <x@evil.example>) <joe@x.y>"), "Joe<joe@x.y>");
  EXPECT_EQ(All("a@x.y (a, b@c.d)"), "<a@x.y>");
}

TEST(MailboxList, Groups) {
  EXPECT_EQ(All("Friends: a@x.y, B <b@x.y>; , c@x.y"), "<a@x.y>|B<b@x.y>|<c@x.y>");
  EXPECT_EQ(All("undisclosed-recipients:;"), "");
}

TEST(MailboxList, ObsoleteForms) {
  EXPECT_EQ(All("<@a.b,@c.d:u@x.y>"), "<u@x.y>");
  EXPECT_EQ(All("joe . doe @ x . y"), "<joe.doe@x.y>");
  EXPECT_EQ(All(",, a@x.y ,,b@x.y,"), "<a@x.y>|<b@x.y>");
  EXPECT_EQ(All("\"a b\" . c @ x.y"), "") << "5322 has it, no SMTP path can say it";
  EXPECT_EQ(All("a@[192.0.2.1]"), "<a@[192.0.2.1]>");
}

TEST(MailboxList, BrokenOnesAreSkippedToTheNextComma) {
  EXPECT_EQ(All("nobody, a@x.y"), "<a@x.y>");
  EXPECT_EQ(All("<a@b@c>, a@x.y"), "<a@b>|<a@x.y>") << "what follows a domain is skipped";
  EXPECT_EQ(All("<>, <a>, a@, @b, a@x.y"), "<a@x.y>");
  EXPECT_EQ(All("Joe <joe@x.y"), "Joe<joe@x.y>") << "no closing bracket";
  EXPECT_EQ(All("Joe, Doe <joe@x.y>"), "Doe<joe@x.y>") << "an unquoted comma";
  EXPECT_EQ(All("\"open <a@x.y>"), "");
  EXPECT_EQ(All(""), "");
  EXPECT_EQ(All(std::string(200, '(')), "");
}

TEST(FromDomain, FirstAuthorLowerCaseAscii) {
  EXPECT_EQ(Domain(" Joe <joe@EXAMPLE.com>"), "example.com");
  EXPECT_EQ(Domain(" a@first.example, b@second.example"), "first.example");
  EXPECT_EQ(Domain(" \"joe@trap.example\" <joe@real.example>"), "real.example");
  EXPECT_EQ(Domain(" joe@trap.example <joe@real.example>"), "real.example")
      << "an unquoted address as display name";
  EXPECT_EQ(Domain(" a@M\xc3\xbcnchen.example"), "xn--mnchen-3ya.example");
  EXPECT_EQ(Domain(" nobody"), "(none)");
  EXPECT_EQ(FromDomain(HeaderBlock("To: a@x.y\r\n")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace convoy::mail
