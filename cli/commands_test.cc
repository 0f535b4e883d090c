// The command line against a real coordinator over gRPC, with one shard that answers and one that
// is gone.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "cli/arguments.h"
#include "coordinator/services/server.h"
#include "coordinator/store/memory_store.h"
#include "proto/admin.grpc.pb.h"
#include "proto/submission.grpc.pb.h"
#include "runtime/kernel_loop.h"

namespace convoy::cli {
namespace {

using coordinator::CoordinatorServer;

// One shard's services. 45 queues: d0 .. d44, the later the larger.
class FakeShard final : public mta::v1::ShardAdmin::Service, public mta::v1::Submission::Service {
 public:
  FakeShard() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<mta::v1::ShardAdmin::Service*>(this));
    builder.RegisterService(static_cast<mta::v1::Submission::Service*>(this));
    server_ = builder.BuildAndStart();
  }
  ~FakeShard() override { server_->Shutdown(); }
  std::string address() const { return Cat("127.0.0.1:", port_); }
  const mta::v1::SubmitRequest& submitted() const { return submitted_; }
  const std::vector<mta::v1::QueueMode>& modes() const { return modes_; }

 private:
  grpc::Status GetStatus(grpc::ServerContext*, const mta::v1::GetShardStatusRequest*,
                         mta::v1::ShardStatus* response) override {
    response->set_shard("shard-a");
    response->set_queued_recipients(41);
    return grpc::Status::OK;
  }
  grpc::Status ListQueues(grpc::ServerContext*, const mta::v1::ListQueuesRequest* request,
                          mta::v1::ListQueuesResponse* response) override {
    const int first =
        request->has_after() ? static_cast<int>(request->after().recipients()) - 1 : 44;
    for (int i = first; i >= 0; --i) {
      if (response->queues_size() == static_cast<int>(std::min(request->page_size(), 10u))) {
        response->set_more(true);
        break;
      }
      mta::v1::QueueRow* row = response->add_queues();
      row->set_shard("shard-a");
      row->set_domain(Cat("d", i, ".example"));
      row->set_virtual_mta("v1");
      row->set_recipients(static_cast<uint64_t>(i));
    }
    return grpc::Status::OK;
  }
  grpc::Status PauseQueue(grpc::ServerContext*, const mta::v1::ChangeQueueRequest* request,
                          mta::v1::ChangeShardQueueResponse* response) override {
    EXPECT_EQ(request->request_id().size(), 32u);
    EXPECT_EQ(request->selector().domain(), "gmail.com") << "lower case";
    EXPECT_EQ(request->selector().virtual_mta(), "V1");
    response->set_matched(1);
    return grpc::Status::OK;
  }
  grpc::Status SetQueueMode(grpc::ServerContext*, const mta::v1::ChangeQueueRequest* request,
                            mta::v1::ChangeShardQueueResponse*) override {
    modes_.push_back(request->mode());
    return grpc::Status::OK;
  }
  grpc::Status Submit(grpc::ServerContext*, const mta::v1::SubmitRequest* request,
                      mta::v1::SubmitResponse* response) override {
    submitted_ = *request;
    response->set_message_id(std::string(32, '5'));
    for (const std::string& to : request->recipients()) {
      mta::v1::RecipientResult* result = response->add_recipients();
      result->set_address(to);
      result->set_state(to.starts_with("stop") ? mta::v1::RECIPIENT_STATE_SUPPRESSED
                                               : mta::v1::RECIPIENT_STATE_QUEUED);
    }
    return grpc::Status::OK;
  }

  int port_ = 0;
  std::vector<mta::v1::QueueMode> modes_;
  mta::v1::SubmitRequest submitted_;
  std::unique_ptr<grpc::Server> server_;
};

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() : store_(loop_, disk_), node_(loop_, store_, NodeOptions()) {
    EXPECT_TRUE(node_.Start().ok());
    server_ = *CoordinatorServer::Start("127.0.0.1:0", loop_, node_,
                                        {.version = "test", .config_fingerprint = ""});
    address_ = server_->address();
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~CommandsTest() override {
    StopCoordinator();
    loop_.Stop();
    thread_.join();
    loop_.RunUntilTrue([] { return true; }, loop_.MonoNow());
  }
  static coordinator::CoordinatorNode::Options NodeOptions() {
    return {.lease = {.length = Seconds(60)}, .on_fatal = [](const absl::Status&) {}};
  }
  void StopCoordinator() {
    if (server_ != nullptr) server_->Shutdown(Seconds(5));
    server_.reset();
  }
  void Register(const std::string& name, const std::string& address) {
    std::promise<void> registered;
    loop_.Post([&] {
      coordinator::Announcement a{
          .shard = {.name = name, .uid = std::string(32, 'a'), .incarnation = 1},
          .rpc_address = address,
          .smtp_address = "",
          .host_id = "h",
          .egress = {{.vmta = "v1", .source_ips = {}}},
          .config_fingerprint = ""};
      node_.Register({}, a, [&](const auto& answer) {
        EXPECT_TRUE(answer.ok());
        registered.set_value();
      });
    });
    registered.get_future().wait();
  }
  Outcome Run(std::vector<std::string> arguments) {
    return cli::Run(arguments, address_, SystemClock(), 1);
  }
  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = Cat(std::getenv("TEST_TMPDIR"), "/", name);
    std::ofstream(path) << text;
    return path;
  }

  coordinator::MemoryDisk disk_;
  KernelLoop loop_;
  coordinator::MemoryStore store_;
  coordinator::CoordinatorNode node_;
  std::unique_ptr<CoordinatorServer> server_;
  std::thread thread_;
  std::string address_;
  FakeShard shard_;
};

TEST_F(CommandsTest, StatusNamesTheShardThatDidNotAnswer) {
  Register("shard-a", shard_.address());
  Outcome whole = Run({"show", "status"});
  EXPECT_EQ(whole.code, ExitCode::kDone) << whole.error;
  EXPECT_NE(whole.out.find("recipients 41"), std::string::npos) << whole.out;
  Register("gone", "127.0.0.1:1");
  const Outcome part = Run({"show", "status"});
  EXPECT_EQ(part.code, ExitCode::kPartial);
  EXPECT_EQ(part.error.rfind("convoy: gone is missing in this answer: 127.0.0.1:1: ", 0), 0u)
      << part.error;
}

TEST_F(CommandsTest, JsonHasEveryFieldByItsName) {
  Register("shard-a", shard_.address());
  const Outcome outcome = Run({"--json", "show", "shards"});
  ASSERT_EQ(outcome.code, ExitCode::kDone) << outcome.error;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["shards"][0]["name"], "shard-a");
  EXPECT_EQ(json["shards"][0]["slots"], 4096);
  EXPECT_EQ(json["shards"][0]["slots_pending"], 0) << "also what is zero";
  EXPECT_TRUE(json["shards"][0]["lease_left_ms"].is_number());
  EXPECT_EQ(Run({"show", "shards", "--json"}).out[0], '{') << "the flag may stand anywhere";
}

TEST_F(CommandsTest, QueuesByPageAndAll) {
  Register("shard-a", shard_.address());
  const Outcome page = Run({"show", "queues", "--maxitems", "3"});
  EXPECT_EQ(page.code, ExitCode::kDone);
  EXPECT_NE(page.out.find("d44.example/v1"), std::string::npos);
  EXPECT_EQ(page.out.find("d41.example/v1"), std::string::npos);
  EXPECT_NE(page.out.find("More queues follow"), std::string::npos);
  const auto all = nlohmann::json::parse(Run({"show", "queues", "--all", "--json"}).out);
  EXPECT_EQ(all["queues"].size(), 45u);
  const auto direct = nlohmann::json::parse(
      Run({"--shard", shard_.address(), "show", "topqueues", "--all", "--json"}).out);
  EXPECT_EQ(direct["queues"], all["queues"]);
}

TEST_F(CommandsTest, PauseTakesAQueueName) {
  Register("shard-a", shard_.address());
  const Outcome done = Run({"pause", "queue", "GMail.com/V1"});
  EXPECT_EQ(done.code, ExitCode::kDone) << done.error;
  EXPECT_EQ(done.out, "GMail.com/V1 paused on 1 shards (shard-a), queues with mail: 1\n");
  for (const char* bad : {"gmail.com", "/v1", "gmail.com/"}) {
    EXPECT_EQ(Run({"pause", "queue", bad}).code, ExitCode::kUsage) << bad;
  }
  EXPECT_EQ(Run({"pause", "queue", "*/*"}).code, ExitCode::kRefused);
  EXPECT_EQ(Run({"resume", "queue", "a.example/v1"}).code, ExitCode::kPartial)
      << "this shard does not implement it";
}

TEST_F(CommandsTest, SetTakesAQueueNameAndAMode) {
  Register("shard-a", shard_.address());
  EXPECT_EQ(Run({"set", "queue", "--mode=backoff", "gmail.com/v1"}).out,
            "gmail.com/v1 set to backoff mode on 1 shards (shard-a), queues with mail: 0\n");
  EXPECT_EQ(Run({"set", "queue", "--mode=normal", "gmail.com/*"}).out,
            "gmail.com/* set to normal mode on 1 shards (shard-a), queues with mail: 0\n");
  EXPECT_EQ(
      Run({"--shard", shard_.address(), "set", "queue", "--mode=normal", "a.example/v1"}).code,
      ExitCode::kDone);
  EXPECT_EQ(shard_.modes(), (std::vector<mta::v1::QueueMode>{mta::v1::QUEUE_MODE_BACKOFF,
                                                             mta::v1::QUEUE_MODE_NORMAL,
                                                             mta::v1::QUEUE_MODE_NORMAL}));
  EXPECT_EQ(Run({"set", "queue", "gmail.com/v1"}).code, ExitCode::kUsage) << "no mode";
  EXPECT_EQ(Run({"set", "queue", "--mode=paused", "gmail.com/v1"}).code, ExitCode::kUsage);
  EXPECT_EQ(Run({"set", "queue", "--mode=normal", "gmail.com"}).code, ExitCode::kUsage);
}

TEST_F(CommandsTest, SubmitTakesTheEnvelopeFromTheHeaderOrTheOptions) {
  Register("shard-a", shard_.address());
  const std::string file =
      WriteFile("message",
                "From: \"A, B\" <news@a.example>\nTo: x@b.example, Y <y@c.example>\n"
                "Cc: x@b.example\n\nTo: not@header.example\n");
  Outcome sent = Run({"submit", file, "--vmta", "v1", "--idempotency-key", "k"});
  EXPECT_EQ(sent.code, ExitCode::kDone) << sent.error;
  EXPECT_EQ(shard_.submitted().mail_from(), "news@a.example");
  ASSERT_EQ(shard_.submitted().recipients_size(), 2);
  EXPECT_EQ(shard_.submitted().recipients(1), "y@c.example");
  EXPECT_EQ(shard_.submitted().virtual_mta(), "v1");
  EXPECT_EQ(shard_.submitted().idempotency_key(), "k");

  sent = Run({"--shard", shard_.address(), "submit", file, "--from", "<>", "--to", "z@b.example",
              "--to", "stop@b.example"});
  EXPECT_EQ(sent.code, ExitCode::kPartial) << "one recipient was not queued";
  EXPECT_EQ(shard_.submitted().mail_from(), "");
  EXPECT_EQ(shard_.submitted().recipients_size(), 2);

  EXPECT_EQ(Run({"submit", "/no/such/file"}).code, ExitCode::kRefused);
  const std::string nobody = WriteFile("nobody", "From: a@a.example\n\nhi\n");
  EXPECT_EQ(Run({"submit", nobody}).error,
            Cat("convoy: ", nobody, " has no address in To, Cc or Bcc: give --to ADDRESS\n"));
}

TEST_F(CommandsTest, ForgetOfALiveShardIsRefusedWithTheReason) {
  Register("shard-a", shard_.address());
  const Outcome refused = Run({"shard", "forget", "shard-a"});
  EXPECT_EQ(refused.code, ExitCode::kRefused);
  EXPECT_NE(refused.error.find("stop it first"), std::string::npos) << refused.error;
}

TEST_F(CommandsTest, UnreachableCoordinatorSaysWhatToDo) {
  StopCoordinator();
  const Outcome outcome = Run({"show", "status"});
  EXPECT_EQ(outcome.code, ExitCode::kUnreachable);
  EXPECT_EQ(outcome.error.rfind(Cat("convoy: cannot reach the coordinator at ", address_, ": "), 0),
            0u);
  EXPECT_NE(outcome.error.find("CONVOY_COORDINATOR"), std::string::npos);
  EXPECT_NE(outcome.error.find("--shard HOST:PORT"), std::string::npos);
  const Outcome direct = Run({"--shard", shard_.address(), "show", "status"});
  EXPECT_EQ(direct.code, ExitCode::kDone) << "one shard can still be asked";
}

TEST(ArgumentsTest, WrongOnesAreUsageErrors) {
  const auto code = [](std::vector<std::string> arguments) {
    return cli::Run(arguments, "", SystemClock(), 1).code;
  };
  EXPECT_EQ(code({}), ExitCode::kUsage);
  EXPECT_EQ(code({"show"}), ExitCode::kUsage);
  EXPECT_EQ(code({"show", "nothing"}), ExitCode::kUsage);
  EXPECT_EQ(code({"show", "queues", "--maxitems", "0"}), ExitCode::kUsage);
  EXPECT_EQ(code({"show", "status"}), ExitCode::kUsage) << "no coordinator is known";
  EXPECT_EQ(code({"--shard", "x:1", "show", "shards"}), ExitCode::kUsage);
  EXPECT_EQ(code({"--help"}), ExitCode::kDone);
}

TEST(ConfigCommandTest, CheckAndExplain) {
  const std::string path = Cat(std::getenv("TEST_TMPDIR"), "/ok.conf");
  std::ofstream(path) << "<domain *>\n  max-smtp-out 7\n</domain>\n";
  const auto run = [](std::vector<std::string> arguments) {
    return cli::Run(arguments, "", SystemClock(), 1);
  };
  EXPECT_EQ(run({"config", "check", path}).code, ExitCode::kDone);
  const Outcome explained = run({"config", "explain", path, "x.example/{default}"});
  EXPECT_EQ(explained.code, ExitCode::kDone) << explained.error;
  EXPECT_NE(explained.out.find(Cat(path, ":2:")), std::string::npos) << explained.out;
  EXPECT_EQ(run({"config", "explain", path, "nonsense"}).code, ExitCode::kRefused);

  const std::string bad = Cat(std::getenv("TEST_TMPDIR"), "/bad.conf");
  std::ofstream(bad) << "<domain *>\n  max-smtpout 7\n</domain>\n";
  const Outcome checked = run({"config", "check", bad});
  EXPECT_EQ(checked.code, ExitCode::kRefused);
  EXPECT_NE(checked.out.find(Cat(bad, ":2:3")), std::string::npos) << checked.out;
}

TEST(ConfigCommandTest, HelpOfADirective) {
  const auto run = [](std::vector<std::string> arguments) {
    return cli::Run(arguments, "", SystemClock(), 1);
  };
  const Outcome help = run({"config", "help", "Use-StartTLS"});
  EXPECT_EQ(help.code, ExitCode::kDone);
  EXPECT_EQ(help.out,
            "use-starttls yes|no\n"
            "  does      TLS when it is offered\n"
            "  stands in <domain>\n"
            "  default   yes\n"
            "  effect    effective\n"
            "  follows   RFC 3207\n");
  const Outcome both = run({"config", "help", "max-smtp-out"});
  EXPECT_NE(both.out.find("<virtual-mta>"), std::string::npos) << both.out;
  EXPECT_NE(both.out.find("<domain>"), std::string::npos) << both.out;
  const Outcome json = run({"--json", "config", "help", "route"});
  EXPECT_EQ(nlohmann::json::parse(json.out)[0]["alias_of"], "smtp-hosts");
  const Outcome unknown = run({"config", "help", "max-smtpout"});
  EXPECT_EQ(unknown.code, ExitCode::kRefused);
  EXPECT_EQ(unknown.error,
            "convoy: no directive is named 'max-smtpout'; did you mean 'max-smtp-out'?\n");
  EXPECT_EQ(run({"config", "help", "throttle"}).error,
            "convoy: no directive is named 'throttle': write 'max-msg-rate N/h' in <domain>\n");
}

TEST(ConfigCommandTest, LenientCheckSkipsWhatIsNotKnown) {
  const std::string path = Cat(std::getenv("TEST_TMPDIR"), "/lenient.conf");
  std::ofstream(path) << "<domain *>\n  max-smtpout 7\n</domain>\n";
  EXPECT_EQ(cli::Run({"config", "check", path}, "", SystemClock(), 1).code, ExitCode::kRefused);
  EXPECT_EQ(cli::Run({"config", "check", "--lenient", path}, "", SystemClock(), 1).code,
            ExitCode::kDone);
}

// The script completes what the parser takes: bash runs it.
TEST(CompletionTest, Bash) {
  const std::string path = Cat(std::getenv("TEST_TMPDIR"), "/completion.bash");
  std::ofstream(path) << cli::Run({"completion", "bash"}, "", SystemClock(), 1).out;
  const auto complete = [&](const std::string& words, int at) {
    const std::string out = Cat(std::getenv("TEST_TMPDIR"), "/completed");
    const std::string command =
        Cat("bash -c 'source ", path, "; COMP_WORDS=(", words, "); COMP_CWORD=", at,
            "; _convoy; echo \"${COMPREPLY[*]}\"' > ", out, " 2>&1");
    EXPECT_EQ(std::system(command.c_str()), 0) << words;
    std::ifstream file(out);
    std::string line;
    std::getline(file, line);
    return line;
  };
  EXPECT_EQ(complete("convoy conf", 1), "config");
  EXPECT_EQ(complete("convoy config he", 2), "help");
  EXPECT_EQ(complete("convoy config help site-max-s", 3), "site-max-smtp-out");
  EXPECT_EQ(complete("convoy config li", 2), "lint");
  EXPECT_EQ(complete("convoy config fmt --ch", 3), "--check");
  EXPECT_EQ(complete("convoy config migrate --ou", 3), "--output");
  EXPECT_EQ(complete("convoy --json show queues --max", 4), "--maxitems");
}

}  // namespace
}  // namespace convoy::cli
