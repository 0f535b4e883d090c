// One whole shard on virtual time for tests of what is handed in: the SMTP listener, ingest, a
// spool in memory, the engine, and the next hop, a server session that keeps what it is given.
//
//     client --Dialogue/Submit--> shard at 192.0.2.1 --> next hop at 192.0.2.25, MX of every domain
//                                                        known to dns_ (x.example at first)
//
// Thread:    single-threaded
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "dns/table_resolver.h"
#include "runtime/task.h"
#include "runtime/virtual_loop.h"
#include "runtime/virtual_network.h"
#include "shard/engine/engine.h"
#include "shard/forward/new_mail_forwarder.h"
#include "shard/ingest/ingest.h"
#include "shard/listen/smtp_listener.h"
#include "shard/spool/memory_kv_store.h"
#include "shard/spool/record_codec.h"
#include "shard/spool/spool.h"
#include "smtp/server_session.h"

namespace convoy::shard {

class TablePolicyBook final : public PolicyBook {
 public:
  TablePolicyBook() {
    source.may_relay = true;
    source.default_virtual_mta = "v";
    vmta_.hosts.push_back({std::nullopt, "v.example"});
  }
  DeliveryPolicyPtr PolicyFor(std::string_view, std::string_view) override { return policy_; }
  const VmtaIdentity* FindVmta(std::string_view) override { return &vmta_; }
  std::string SiteOf(std::string_view domain) override { return std::string(domain); }
  uint32_t TotalMaxSmtpOut() override { return 1000; }
  SourcePolicy SourceFor(const IpAddress&) override { return source; }
  std::vector<std::string> MembersOf(std::string_view) override { return {"v"}; }
  std::string HostName() override { return "shard.example"; }
  std::vector<std::string> OwnNames() override { return {"shard.example", "v.example"}; }

  SourcePolicy source;

 private:
  DeliveryPolicyPtr policy_ = std::make_shared<DeliveryPolicy>();
  VmtaIdentity vmta_;
};

// No policy asks for a signature.
class NoSigner final : public SigningService {
 public:
  explicit NoSigner(EventLoop& loop) : loop_(loop) {}
  void Sign(SignRequest, SignDone done) override {
    loop_.Post([done = std::move(done)]() mutable { done(absl::NotFoundError("no key")); });
  }
  size_t depth() const override { return 0; }

 private:
  EventLoop& loop_;
};

class NextHop final : public smtp::SubmissionHandler {
 public:
  smtp::ConnectionPolicy OnConnect(const smtp::SubmissionPeer&) override {
    smtp::ConnectionPolicy policy;
    policy.host_name = "mx.example";
    return policy;
  }
  smtp::Reply OnMail(const smtp::SubmissionPeer&, const mail::Address&,
                     const smtp::MailParameters&) override {
    return smtp::MakeReply(250, "2.1.0", "ok");
  }
  smtp::Reply OnRcpt(const smtp::SubmissionPeer&, const smtp::Envelope&,
                     const smtp::EnvelopeRecipient&) override {
    return smtp::MakeReply(250, "2.1.5", "ok");
  }
  Task<smtp::Reply> OnMessage(const smtp::SubmissionPeer&, smtp::Envelope envelope,
                              std::string) override {
    envelopes.push_back(std::move(envelope));
    co_return smtp::MakeReply(250, "2.0.0", "ok");
  }

  std::vector<smtp::Envelope> envelopes;
};

class ShardFixture : public testing::Test {
 protected:
  // What was sent is kept. `owner` answers it; without one nobody does.
  class Peers final : public PeerChannel {
   public:
    explicit Peers(EventLoop& loop) : loop_(loop) {}
    void Forward(const std::string&, std::shared_ptr<const ForwardBatch> batch, Duration,
                 ForwardDone done) override {
      sent.push_back(batch);
      if (owner != nullptr) return owner->Receive(std::move(batch), std::move(done));
      loop_.Post(
          [done = std::move(done)]() mutable { done(absl::UnavailableError("nobody there")); });
    }

    std::vector<std::shared_ptr<const ForwardBatch>> sent;
    Ingest* owner = nullptr;

   private:
    EventLoop& loop_;
  };

  ShardFixture() {
    dns_.AddMx("x.example", 10, "mx.example");
    dns_.AddMx("shard.example", 10, "mx.example");
    dns_.AddAddress("mx.example", kNextHop.ip);
    GiveAllTo("s");
    lease_.OnGranted(loop_.MonoNow(), {.length = Hours(1)});
    EXPECT_TRUE(engine_.Recover().ok());
    engine_.OwnershipChanged();
    engine_.LeaseChanged();
    EXPECT_TRUE(listener_.Listen(kShard).ok());
    next_listener_ = *network_.Listen(kNextHop, [this](std::unique_ptr<Stream> stream) {
      Spawn(ServeNextHop(std::move(stream)));
    });
  }

  // "s" is this shard.
  void GiveAllTo(std::string_view shard) {
    AssignmentTable table = SoleOwnerTable(shard, {"v"});
    table.version.version = ++tables_;
    EXPECT_TRUE(view_.Apply(std::make_shared<AssignmentTable>(std::move(table))).ok());
  }
  // All that the shard answers to `text`, which is sent at once after EHLO and ended with QUIT.
  std::string Dialogue(std::string_view text) {
    std::string answer;
    Spawn(Talk(Cat("EHLO client.example\r\n", text, "QUIT\r\n"), &answer));
    Run();
    return answer;
  }
  SubmitResult Submit(Submission submission) {
    SubmitResult result;
    result.status = absl::UnknownError("not answered");
    ingest_.Submit(std::move(submission), [&](SubmitResult r) { result = std::move(r); });
    Run();
    return result;
  }
  static Submission Mail(std::vector<std::string> recipients) {
    Submission out;
    out.source.client = IpAddress::V4(192, 0, 2, 7);
    out.mail_from = "a@s.example";
    out.recipients = std::move(recipients);
    out.content = "From: a@s.example\r\nSubject: s\r\n\r\nbody\r\n";
    return out;
  }
  // Sessions are left to their idle time, so that everything has come to rest.
  void Run() { loop_.RunFor(Minutes(5)); }

  std::vector<AccountEvent> Events(EventType type) const {
    std::vector<AccountEvent> out;
    for (const auto& [key, value] : disk_.tables[static_cast<size_t>(Cf::kOutbox)]) {
      AccountEvent event = *DecodeEvent(value);
      if (event.type == type) out.push_back(std::move(event));
    }
    return out;
  }
  size_t MessagesOnDisk() const { return disk_.tables[static_cast<size_t>(Cf::kMessage)].size(); }

  const Endpoint kShard{IpAddress::V4(192, 0, 2, 1), 25};
  const Endpoint kNextHop{IpAddress::V4(192, 0, 2, 25), 25};

  VirtualLoop loop_;
  MemoryKvStore::Disk disk_;
  MemoryKvStore store_{loop_, &disk_, {}};
  Spool spool_{loop_, store_, {}};
  VirtualNetwork network_{loop_, Rng(1)};
  dns::TableResolver dns_{loop_};
  TablePolicyBook policies_;
  SuppressionBook suppressions_;
  AssignmentView view_{"s"};
  LeaseView lease_;
  Peers peers_{loop_};
  NewMailForwarder forwarder_{loop_, peers_, "s", std::string(32, '0')};
  NoSigner signer_{loop_};
  Engine engine_{{.loop = loop_,
                  .network = network_,
                  .resolver = dns_,
                  .spool = spool_,
                  .policies = policies_,
                  .signer = signer_,
                  .suppressions = suppressions_,
                  .assignment = view_,
                  .lease = lease_,
                  .tls = nullptr}};
  Ingest ingest_{{.loop = loop_,
                  .spool = spool_,
                  .engine = engine_,
                  .policies = policies_,
                  .suppressions = suppressions_,
                  .assignment = view_,
                  .forwarder = forwarder_}};
  SmtpListener listener_{
      {.loop = loop_,
       .network = network_,
       .policies = policies_,
       .submit = [this](Submission s,
                        SubmitDone done) { ingest_.Submit(std::move(s), std::move(done)); },
       .congested = [] { return false; }}};
  NextHop next_hop_;
  std::unique_ptr<Listener> next_listener_;

 private:
  uint64_t tables_ = 0;

  Task<void> ServeNextHop(std::unique_ptr<Stream> stream) {
    smtp::ServerSession session(loop_, *stream, next_hop_, {});
    co_await session.Run();
  }
  Task<void> Talk(std::string text, std::string* answer) {
    ConnectRequest request;
    request.peer = kShard;
    auto stream = co_await Connect(network_, request);
    EXPECT_TRUE(stream.ok()) << stream.status();
    if (!stream.ok()) co_return;
    (*stream)->Send(std::move(text));
    char buffer[4096];
    for (;;) {
      const auto size = co_await (*stream)->Read(buffer, sizeof buffer);
      if (!size.ok() || *size == 0) break;
      answer->append(buffer, *size);
    }
  }
};

}  // namespace convoy::shard
