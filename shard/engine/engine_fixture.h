// An engine on virtual time that owns everything, and a mail host that says what the test wants.
//
// Thread:    single-threaded
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "dns/table_resolver.h"
#include "mail/message.h"
#include "runtime/tls.h"
#include "runtime/virtual_network.h"
#include "shard/engine/engine.h"
#include "shard/spool/spool_fixture.h"

namespace convoy::shard {

// One policy for all queues, one virtual MTA "v".
class OnePolicyBook final : public PolicyBook {
 public:
  OnePolicyBook() { vmta_.hosts.push_back({std::nullopt, "v.shard.test"}); }
  DeliveryPolicyPtr PolicyFor(std::string_view, std::string_view) override { return policy; }
  const VmtaIdentity* FindVmta(std::string_view) override { return &vmta_; }
  std::string SiteOf(std::string_view domain) override { return std::string(domain); }
  uint32_t TotalMaxSmtpOut() override { return 100; }
  SourcePolicy SourceFor(const IpAddress&) override { return {}; }
  std::vector<std::string> MembersOf(std::string_view) override { return {"v"}; }
  std::string HostName() override { return "shard.test"; }
  std::vector<std::string> OwnNames() override { return {"Shard.test", vmta_.hosts[0].name}; }

  std::shared_ptr<DeliveryPolicy> policy = std::make_shared<DeliveryPolicy>();

 private:
  VmtaIdentity vmta_;
};

class NoSigner final : public SigningService {
 public:
  void Sign(SignRequest, SignDone done) override { done(absl::NotFoundError("no key")); }
  size_t depth() const override { return 0; }
};

// Takes everything, but for the steps a test has put into `says`: "greeting", "EHLO", "HELO",
// "STARTTLS", "AUTH" and "AUTH 2", "AUTH 3" (the lines that follow it), "MAIL", "RCPT", "DATA",
// ".", "RSET". It closes after a 421.
class ScriptedHost {
 public:
  ScriptedHost(VirtualNetwork& network, Endpoint where) {
    auto listener = network.Listen(where, [this](std::unique_ptr<Stream> stream) {
      ++connections;
      Spawn(Serve(std::move(stream)));
    });
    EXPECT_TRUE(listener.ok());
    listener_ = *std::move(listener);
  }

  std::map<std::string, std::string, std::less<>> says;  // replies without the final CRLF
  std::vector<std::string> extensions = {"PIPELINING"};  // of EHLO
  int connections = 0;
  int dots = 0;
  std::vector<std::string> commands;

 private:
  struct Session {
    std::unique_ptr<Stream> stream;
    std::string input;
    std::string line;
    int auth = 0;  // lines of an AUTH exchange seen; 0: none under way
    bool body = false;
  };

  std::string Reply(std::string_view step) const {
    if (const auto found = says.find(step); found != says.end()) return found->second;
    if (step == "greeting" || step == "STARTTLS") return "220 ok";
    if (step == "EHLO")
      return Cat("250-host\r\n250-", Join(extensions, "\r\n250-"), "\r\n250 HELP");
    if (step.starts_with("AUTH")) return "235 ok";
    return step == "DATA" ? "354 go ahead" : "250 ok";
  }

  std::string Step(Session& s) {
    if (s.body) return s.line == "." ? "." : "";
    if (s.auth > 0) return Cat("AUTH ", ++s.auth);
    commands.push_back(s.line);
    return s.line.substr(0, s.line.find(' '));
  }

  Task<bool> TakeLine(Session& s) {
    while (s.input.find("\r\n") == std::string::npos) {
      char buffer[4096];
      const absl::StatusOr<size_t> got = co_await s.stream->Read(buffer, sizeof buffer);
      if (!got.ok() || *got == 0) co_return false;
      s.input.append(buffer, *got);
    }
    const size_t end = s.input.find("\r\n");
    s.line = s.input.substr(0, end);
    s.input.erase(0, end + 2);
    co_return true;
  }

  Task<void> Serve(std::unique_ptr<Stream> stream) {
    Session s;
    s.stream = std::move(stream);
    std::string step = "greeting";
    bool open = true;
    while (open) {
      const std::string reply = Reply(step);
      s.stream->Send(Cat(reply, "\r\n"));
      s.auth = step.starts_with("AUTH") && reply.starts_with("3") ? std::max(s.auth, 1) : 0;
      s.body = step == "DATA" && reply.starts_with("354");
      const bool shake = step == "STARTTLS" && reply.starts_with("2");
      const absl::Status sent = co_await s.stream->Flush();
      if (!sent.ok() || reply.starts_with("421") || step == "QUIT") break;
      if (shake) {
        TlsRequest request;
        request.server = true;
        const absl::StatusOr<TlsInfo> tls = co_await s.stream->Handshake(std::move(request));
        if (!tls.ok()) break;
      }
      step.clear();
      while (open && step.empty()) {
        open = co_await TakeLine(s);
        if (open) step = Step(s);
      }
      if (step == ".") ++dots;
    }
    s.stream->Close();
  }

  std::unique_ptr<Listener> listener_;
};

class EngineFixture : public SpoolFixture {
 protected:
  EngineFixture() {
    policies_.policy->retry_interval = {Minutes(5)};
    policies_.policy->tls = smtp::TlsMode::kOff;
    resolver_.AddMx("x.test", 10, "mx.x.test");
    resolver_.AddAddress("mx.x.test", kHostAddress);
    EXPECT_TRUE(view_.Apply(std::make_shared<AssignmentTable>(SoleOwnerTable("me", {"v"}))).ok());
  }

  void StartEngine() {
    engine_ = std::make_unique<Engine>(Engine::Deps{.loop = loop_,
                                                    .network = network_,
                                                    .resolver = resolver_,
                                                    .spool = *spool_,
                                                    .policies = policies_,
                                                    .signer = signer_,
                                                    .suppressions = suppressions_,
                                                    .assignment = view_,
                                                    .lease = lease_,
                                                    .tls = *TlsContext::Client({}),
                                                    .sts = sts_});
    engine_->OwnershipChanged();
  }

  // A message with one recipient, due now.
  NewMessage Letter(const std::string& sender, const std::string& rcpt,
                    const std::string& header = "Subject: hi\r\n") {
    const std::string domain = rcpt.substr(rcpt.find('@') + 1);
    const int64_t now_ms = loop_.WallNow().unix_ms();
    NewMessage letter = Mail(++letters_, domain, 1, now_ms);
    letter.message->envelope.sender = sender;
    letter.message->envelope.header_bytes = static_cast<uint32_t>(header.size() + 2);
    letter.message->envelope.eight_bit = mail::Has8bit(header);
    letter.message->content = SharedBytes(Cat(header, "\r\nbody\r\n"));
    letter.rows[0].value.rcpt = rcpt;
    letter.rows[0].value.accepted_ms = now_ms;
    return letter;
  }
  void Send(NewMessage letter) {
    AcceptRequest request;
    request.messages.push_back(std::move(letter));
    spool_->Accept(std::move(request), [this](absl::StatusOr<std::vector<SpoolRow>> rows) {
      ASSERT_TRUE(rows.ok());
      engine_->RowsAccepted(*rows);
    });
  }
  void Send(const std::string& rcpt) { Send(Letter("s@s.test", rcpt)); }

  // The accounting records so far, in their order.
  std::vector<AccountEvent> Events() const {
    std::vector<AccountEvent> events;
    for (const auto& [key, value] : disk_.tables[static_cast<size_t>(Cf::kOutbox)]) {
      events.push_back(*DecodeEvent(value));
    }
    return events;
  }

  static inline const IpAddress kHostAddress = IpAddress::V4(192, 0, 2, 25);

  VirtualNetwork network_{loop_, Rng(1)};
  dns::TableResolver resolver_{loop_};
  OnePolicyBook policies_;
  NoSigner signer_;
  SuppressionBook suppressions_;
  AssignmentView view_{"me"};
  LeaseView lease_;
  sts::PolicyBook* sts_ = nullptr;
  ScriptedHost host_{network_, {kHostAddress, 25}};
  std::unique_ptr<Engine> engine_;
  int letters_ = 0;
};

}  // namespace convoy::shard
