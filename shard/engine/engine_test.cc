// The engine against mail hosts that say whatever they like.

#include "shard/engine/engine.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "base/text.h"
#include "shard/engine/engine_fixture.h"

namespace convoy::shard {
namespace {

using EngineTest = EngineFixture;

TEST_F(EngineTest, Delivers) {
  StartEngine();
  Send("a@x.test");
  Run();
  EXPECT_EQ(Outbox(), "d:a@x.test");
  EXPECT_EQ(host_.dots, 1);
}

TEST_F(EngineTest, MX10_NeverConnectsToItself) {
  StartEngine();
  engine_->SetListeners({{kHostAddress, 25}});
  resolver_.AddMx("name.test", 10, "shard.test");
  resolver_.AddAddress("shard.test", IpAddress::V4(192, 0, 2, 99));
  resolver_.AddMx("source.test", 10, "v.shard.test");
  resolver_.AddAddress("v.shard.test", IpAddress::V4(192, 0, 2, 99));
  for (const char* rcpt : {"a@name.test", "a@source.test", "a@x.test"}) Send(rcpt);
  Run();
  EXPECT_EQ(network_.connections_opened(), 0);
  EXPECT_EQ(host_.connections, 0);
  int bounces = 0;
  for (const AccountEvent& event : Events()) {
    if (event.type != EventType::kBounce) continue;
    EXPECT_TRUE(event.dsn_status.starts_with("5.4.6")) << event.dsn_status;
    ++bounces;
  }
  EXPECT_EQ(bounces, 3);
}

constexpr char kPlainHeader[] = "Subject: hi\r\n";
constexpr char kUtf8Header[] = "Subject: h\xc3\xad\r\n";

struct Utf8Case {
  std::string name;
  std::string sender;
  std::string rcpt;
  std::string header;
  bool said_by_client;
  bool needed;
};

class Utf8Test : public EngineFixture, public testing::WithParamInterface<Utf8Case> {
 protected:
  void SendIt() {
    host_.extensions.push_back("8BITMIME");
    StartEngine();
    NewMessage letter = Letter(GetParam().sender, GetParam().rcpt, GetParam().header);
    letter.message->envelope.smtp_utf8 = GetParam().said_by_client;
    Send(std::move(letter));
    Run();
  }
};

TEST_P(Utf8Test, HostWithoutSmtpUtf8) {
  SendIt();
  EXPECT_EQ(Outbox(), Cat(GetParam().needed ? "b:" : "d:", GetParam().rcpt));
  if (GetParam().needed) EXPECT_TRUE(Events()[0].dsn_status.starts_with("5.6.7"));
  EXPECT_EQ(host_.dots, GetParam().needed ? 0 : 1);
  for (const std::string& command : host_.commands) EXPECT_FALSE(mail::Has8bit(command));
}

TEST_P(Utf8Test, HostWithSmtpUtf8) {
  host_.extensions.push_back("SMTPUTF8");
  SendIt();
  EXPECT_EQ(Outbox(), Cat("d:", GetParam().rcpt));
  ASSERT_GE(host_.commands.size(), 2u);
  EXPECT_EQ(host_.commands[1].ends_with(" SMTPUTF8"), GetParam().needed) << host_.commands[1];
}

INSTANTIATE_TEST_SUITE_P(
    All, Utf8Test,
    testing::Values(Utf8Case{"plain", "s@s.test", "a@x.test", kPlainHeader, false, false},
                    Utf8Case{"plain_but_said", "s@s.test", "a@x.test", kPlainHeader, true, false},
                    Utf8Case{"sender", "\xc3\xad@s.test", "a@x.test", kPlainHeader, false, true},
                    Utf8Case{"rcpt", "s@s.test", "\xc3\xad@x.test", kPlainHeader, false, true},
                    Utf8Case{"header", "s@s.test", "a@x.test", kUtf8Header, true, true},
                    Utf8Case{"raw_header", "s@s.test", "a@x.test", kUtf8Header, false, false}),
    [](const auto& info) { return info.param.name; });

class ClosingTest : public EngineFixture, public testing::WithParamInterface<std::string> {};

// RFC 5321 3.8: 421 ends the session at any time. Said about a mail it is an attempt like others.
TEST_P(ClosingTest, SM_17_421FromRcptOnIsARecordedAttempt) {
  host_.says[GetParam()] = "421 4.3.2 closing";
  StartEngine();
  Send("a@x.test");
  loop_.RunFor(Minutes(4));
  EXPECT_EQ(host_.connections, 1);
  EXPECT_EQ(host_.dots, GetParam() == "." ? 1 : 0);
  EXPECT_EQ(Outbox(), "t:a@x.test");
  EXPECT_EQ(Events()[0].attempts, 1u);
  EXPECT_EQ(Events()[0].dsn_diag, "smtp;421 4.3.2 closing");

  // The next mail of the queue is not held up.
  Send("b@x.test");
  Run();
  EXPECT_EQ(host_.connections, 2);

  host_.says.clear();
  loop_.RunFor(Minutes(1));
  EXPECT_EQ(Outbox(), "t:a@x.test t:b@x.test d:a@x.test");
}

INSTANTIATE_TEST_SUITE_P(All, ClosingTest, testing::Values("RCPT", "DATA", "."),
                         [](const auto& info) { return info.param == "." ? "dot" : info.param; });

TEST_F(EngineTest, SM_17_421ToMailSaysNothingOfTheRecipient) {
  host_.says["MAIL"] = "421 4.3.2 closing";
  StartEngine();
  Send("a@x.test");
  Run();
  EXPECT_EQ(Outbox(), "");
  EXPECT_EQ(host_.connections, 10);  // mx-connection-attempts, then the queue waits
}

// One reply too many is read as the one to STARTTLS, before that command has left.
TEST_F(EngineTest, SM_05_SurplusReplyBeforeStartTls) {
  policies_.policy->tls = smtp::TlsMode::kRequired;
  host_.says["EHLO"] = "250-host\r\n250 STARTTLS\r\n220 go ahead";
  StartEngine();
  Send("a@x.test");
  loop_.RunFor(Minutes(1));
  EXPECT_EQ(DiskRows(Cf::kQueue), 1u);
  EXPECT_GE(host_.connections, 1);
}

// A step of the dialogue, and the code said there.
class AnyReply : public EngineFixture,
                 public testing::WithParamInterface<std::tuple<std::string, int>> {};

// A host may say anything anywhere: the shard lives, and only what is a refusal of the mail by the
// book (5yz from MAIL on) ends it.
TEST_P(AnyReply, SM_05_NeverStopsTheShard) {
  const auto& [where, code] = GetParam();
  const bool login = where.starts_with("LOGIN");
  const std::string step = login ? Cat("AUTH", where.substr(5)) : where;
  const bool secure = step == "STARTTLS" || step.starts_with("AUTH");
  if (secure) {
    host_.extensions = {"STARTTLS", login ? "AUTH LOGIN" : "AUTH PLAIN"};
    policies_.policy->tls = smtp::TlsMode::kRequired;
    policies_.policy->auth_user = "user";
    policies_.policy->auth_password = "password";
  }
  if (login) {
    host_.says["AUTH"] = "334 VXNlcm5hbWU6";
    host_.says["AUTH 2"] = "334 UGFzc3dvcmQ6";
  }
  host_.says[step] = Cat(code, " as I like");
  if (step == "HELO") host_.says["EHLO"] = "502 what";
  StartEngine();
  Send("a@x.test");
  loop_.RunFor(Minutes(1));

  const int expected = step == "DATA" || (login && step != "AUTH 3") ? 3 : 2;
  const bool about_mail = step == "MAIL" || step == "RCPT" || step == "DATA" || step == ".";
  const bool delivered = code / 100 == expected;
  const bool bounced = about_mail && code / 100 == 5;
  if (step == "EHLO" && code / 100 == 5) {  // HELO is tried, and taken
    EXPECT_EQ(Outbox(), "d:a@x.test");
    return;
  }
  ExpectSound();
  EXPECT_EQ(DiskRows(Cf::kQueue), delivered || bounced ? 0u : 1u);
  int finished = 0;
  for (const AccountEvent& event : Events()) {
    if (event.type == EventType::kDelivery) EXPECT_TRUE(delivered) << event.dsn_diag;
    if (event.type == EventType::kBounce) EXPECT_TRUE(bounced) << event.dsn_diag;
    if (event.type == EventType::kDelivery || event.type == EventType::kBounce) ++finished;
  }
  EXPECT_EQ(finished, delivered || bounced ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(All, AnyReply,
                         testing::Combine(testing::Values("greeting", "EHLO", "HELO", "STARTTLS",
                                                          "AUTH", "LOGIN", "LOGIN 2", "LOGIN 3",
                                                          "MAIL", "RCPT", "DATA", "."),
                                          testing::Values(154, 254, 354, 454, 554)),
                         [](const auto& info) {
                           std::string name =
                               std::get<0>(info.param) == "." ? "dot" : std::get<0>(info.param);
                           std::erase(name, ' ');
                           return Cat(name, std::get<1>(info.param));
                         });

}  // namespace
}  // namespace convoy::shard
