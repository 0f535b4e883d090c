#include "cli/cluster.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>

#include <optional>
#include <utility>

#include "base/rng.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/render.h"
#include "cli/render_config.h"
#include "config/diagnostic.h"
#include "proto/admin.grpc.pb.h"
#include "proto/config.grpc.pb.h"
#include "proto/submission.grpc.pb.h"

namespace convoy::cli {
namespace {

using google::protobuf::Message;

// At most this many pages of one `--all`.
constexpr int kPagesMax = 100'000;
constexpr uint32_t kPageSize = 1000;

struct CallContext : grpc::ClientContext {
  // A time span is counted from when the call starts.
  explicit CallContext(Duration deadline = kCallDeadline) {
    set_deadline(gpr_time_from_micros(deadline.us, GPR_TIMESPAN));
  }
};

// "domain[/vmta]".
mta::v1::QueueSelector ToSelector(std::string_view queue) {
  mta::v1::QueueSelector selector;
  const size_t slash = queue.find('/');
  selector.set_domain(Lower(queue.substr(0, slash)));
  if (slash != std::string_view::npos) {
    selector.set_virtual_mta(std::string(queue.substr(slash + 1)));
  }
  return selector;
}

mta::v1::QueueMode ToMode(std::string_view mode) {
  if (mode == "normal") return mta::v1::QUEUE_MODE_NORMAL;
  if (mode == "backoff") return mta::v1::QUEUE_MODE_BACKOFF;
  if (mode == "paused") return mta::v1::QUEUE_MODE_PAUSED;
  return mta::v1::QUEUE_MODE_UNSPECIFIED;
}

bool AllQueued(const mta::v1::SubmitResponse& answer) {
  for (const mta::v1::RecipientResult& r : answer.recipients()) {
    if (r.state() != mta::v1::RECIPIENT_STATE_QUEUED) return false;
  }
  return true;
}

class GrpcCluster final : public Cluster {
 public:
  GrpcCluster(Target target, const Clock& clock, uint64_t seed)
      : target_(std::move(target)), clock_(clock), rng_(seed) {}

  Outcome ShowStatus() override {
    if (direct()) {
      mta::v1::ShardStatus status;
      const grpc::Status called =
          CallShard(&ShardStub::GetStatus, mta::v1::GetShardStatusRequest(), &status);
      if (!called.ok()) return Failed(called);
      return Done(status, RenderShardStatus(status, clock_.WallNow()));
    }
    mta::v1::ShowStatusResponse status;
    const grpc::Status called =
        CallAdmin(&AdminStub::ShowStatus, mta::v1::ShowStatusRequest(), &status);
    if (!called.ok()) return Failed(called);
    return DoneInPart(status, RenderStatus(status), status.unreachable());
  }

  Outcome ShowShards() override {
    mta::v1::ShowShardsResponse shards;
    const grpc::Status called =
        CallAdmin(&AdminStub::ShowShards, mta::v1::ShowShardsRequest(), &shards);
    return called.ok() ? Done(shards, RenderShards(shards)) : Failed(called);
  }

  Outcome ShowQueues(const QueueQuery& query) override {
    mta::v1::ShowQueuesRequest request;
    *request.mutable_selector() = ToSelector(query.queue);
    request.set_order(query.sort == "name" ? mta::v1::QUEUE_ORDER_NAME
                                           : mta::v1::QUEUE_ORDER_RECIPIENTS);
    request.set_page_size(query.all ? kPageSize : query.items_max);
    request.set_mode(ToMode(query.mode));
    mta::v1::ShowQueuesResponse gathered;
    for (int page = 0; page < kPagesMax; ++page) {
      mta::v1::ShowQueuesResponse answer;
      const grpc::Status called = QueuePage(request, &answer);
      if (!called.ok()) return Failed(called);
      gathered.clear_unreachable();
      gathered.clear_next();
      gathered.MergeFrom(answer);
      if (!query.all || !answer.has_next()) break;
      *request.mutable_after() = answer.next();
    }
    return DoneInPart(gathered, RenderQueues(gathered, clock_.WallNow()), gathered.unreachable());
  }

  Outcome ShowAssignment(const std::string& site) override {
    mta::v1::ShowAssignmentRequest request;
    request.set_site(site);
    mta::v1::ShowAssignmentResponse assignment;
    const grpc::Status called = CallAdmin(&AdminStub::ShowAssignment, request, &assignment);
    return called.ok() ? Done(assignment, RenderAssignment(assignment)) : Failed(called);
  }

  Outcome ChangeQueue(QueueChange change, const std::string& queue) override {
    const QueueVerb verb = VerbOf(change);
    mta::v1::ChangeQueueRequest request;
    request.set_request_id(RequestId());
    *request.mutable_selector() = ToSelector(queue);
    request.set_mode(verb.mode);
    mta::v1::ChangeQueueResponse changed;
    grpc::Status called;
    if (direct()) {
      mta::v1::ChangeShardQueueResponse one;
      called = CallShard(verb.on_shard, request, &one);
      changed.set_matched(one.matched());
      changed.add_applied(target_.shard);
    } else {
      called = CallAdmin(verb.on_admin, request, &changed);
    }
    if (!called.ok()) return Failed(called);
    return DoneInPart(changed, RenderChange(verb.done, queue, changed), changed.unreachable());
  }

  Outcome ForgetShard(const std::string& name) override {
    mta::v1::ForgetShardRequest request;
    request.set_request_id(RequestId());
    request.set_name(name);
    mta::v1::ForgetShardResponse answer;
    const grpc::Status called = CallAdmin(&AdminStub::ForgetShard, request, &answer);
    if (!called.ok()) return Failed(called);
    return Done(answer, Cat("Shard ", name, " forgotten; ", answer.slots_moved(),
                            " slots went to others (table ", answer.version(), ").\n"));
  }

  Outcome Reload(const std::string& who, const std::string& comment) override {
    mta::v1::ReloadRequest request;
    request.set_who(config::Printable(who));
    request.set_comment(config::Printable(comment));
    mta::v1::ReloadResponse answer;
    return Reloaded(CallConfig(&ConfigStub::Reload, request, &answer), answer);
  }

  Outcome RollbackConfig(uint64_t version, const std::string& who,
                         const std::string& comment) override {
    mta::v1::RollbackRequest request;
    request.set_version(version);
    request.set_who(config::Printable(who));
    request.set_comment(config::Printable(comment));
    mta::v1::ReloadResponse answer;
    return Reloaded(CallConfig(&ConfigStub::Rollback, request, &answer), answer);
  }

  Outcome ConfigHistory() override {
    mta::v1::HistoryResponse history;
    const grpc::Status called =
        CallConfig(&ConfigStub::History, mta::v1::HistoryRequest(), &history);
    return called.ok() ? Done(history, RenderHistory(history)) : Failed(called);
  }

  Outcome ShowConfig() override {
    mta::v1::ShowConfigResponse config;
    const grpc::Status called =
        CallConfig(&ConfigStub::ShowConfig, mta::v1::ShowConfigRequest(), &config);
    if (!called.ok()) return Failed(called);
    Outcome outcome = Done(config, RenderConfig(config));
    for (const mta::v1::ShardConfig& shard : config.shards()) {
      if (!shard.unreachable().empty()) outcome.code = ExitCode::kPartial;
    }
    return outcome;
  }

  Outcome Submit(const Submission& submission) override {
    std::string address = target_.shard;
    if (!direct()) {
      std::optional<Outcome> none = FindLiveShard(&address);
      if (none.has_value()) return *std::move(none);
    }
    mta::v1::SubmitRequest request;
    request.set_mail_from(submission.mail_from);
    for (const std::string& recipient : submission.recipients) request.add_recipients(recipient);
    request.set_message(submission.message);
    request.set_virtual_mta(submission.virtual_mta);
    request.set_job_id(submission.job_id);
    request.set_idempotency_key(submission.idempotency_key);
    CallContext context;
    mta::v1::SubmitResponse answer;
    const auto stub = mta::v1::Submission::NewStub(Channel(address));
    const grpc::Status called = stub->Submit(&context, request, &answer);
    if (!called.ok()) return Failed(called, Cat("the shard at ", address));
    Outcome outcome = Done(answer, RenderSubmit(answer));
    if (!AllQueued(answer)) outcome.code = ExitCode::kPartial;
    return outcome;
  }

 private:
  using AdminStub = mta::v1::Admin::Stub;
  using ShardStub = mta::v1::ShardAdmin::Stub;
  using ConfigStub = mta::v1::ConfigAdmin::Stub;

  bool direct() const { return !target_.shard.empty(); }

  static std::shared_ptr<grpc::Channel> Channel(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(64 << 20);
    arguments.SetMaxSendMessageSize(-1);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  // How a change of a queue is asked for, and what is said when it is done.
  struct QueueVerb {
    grpc::Status (AdminStub::*on_admin)(grpc::ClientContext*, const mta::v1::ChangeQueueRequest&,
                                        mta::v1::ChangeQueueResponse*);
    grpc::Status (ShardStub::*on_shard)(grpc::ClientContext*, const mta::v1::ChangeQueueRequest&,
                                        mta::v1::ChangeShardQueueResponse*);
    mta::v1::QueueMode mode;
    std::string_view done;
  };
  static QueueVerb VerbOf(QueueChange change) {
    switch (change) {
      case QueueChange::kPause:
        return {&AdminStub::PauseQueue, &ShardStub::PauseQueue, {}, "paused"};
      case QueueChange::kResume:
        return {&AdminStub::ResumeQueue, &ShardStub::ResumeQueue, {}, "resumed"};
      case QueueChange::kNormal:
        return {&AdminStub::SetQueueMode, &ShardStub::SetQueueMode, mta::v1::QUEUE_MODE_NORMAL,
                "set to normal mode"};
      case QueueChange::kBackoff:
        break;
    }
    return {&AdminStub::SetQueueMode, &ShardStub::SetQueueMode, mta::v1::QUEUE_MODE_BACKOFF,
            "set to backoff mode"};
  }

  template <typename Request, typename Response>
  grpc::Status CallAdmin(grpc::Status (AdminStub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                         const Request& request, Response* response) {
    if (admin_ == nullptr) admin_ = mta::v1::Admin::NewStub(Channel(target_.coordinator));
    CallContext context;
    return (admin_.get()->*method)(&context, request, response);
  }

  template <typename Request, typename Response>
  grpc::Status CallShard(grpc::Status (ShardStub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                         const Request& request, Response* response) {
    if (shard_ == nullptr) shard_ = mta::v1::ShardAdmin::NewStub(Channel(target_.shard));
    CallContext context;
    return (shard_.get()->*method)(&context, request, response);
  }

  template <typename Request, typename Response>
  grpc::Status CallConfig(grpc::Status (ConfigStub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                          const Request& request, Response* response) {
    const auto stub = mta::v1::ConfigAdmin::NewStub(Channel(target_.coordinator));
    CallContext context(kReloadDeadline);
    return (stub.get()->*method)(&context, request, response);
  }

  Outcome Reloaded(const grpc::Status& called, const mta::v1::ReloadResponse& answer) const {
    if (!called.ok()) return Failed(called);
    Outcome outcome = Done(answer, RenderReload(answer));
    if (!answer.applied()) {
      outcome.code = ExitCode::kRefused;
      if (!target_.json) outcome.error = std::exchange(outcome.out, "");
      return outcome;
    }
    for (const mta::v1::ShardReload& shard : answer.shards()) {
      if (!shard.running()) outcome.code = ExitCode::kPartial;
    }
    return outcome;
  }

  // One page, from the coordinator or from the shard itself in the same form.
  grpc::Status QueuePage(const mta::v1::ShowQueuesRequest& request,
                         mta::v1::ShowQueuesResponse* answer) {
    if (!direct()) return CallAdmin(&AdminStub::ShowQueues, request, answer);
    mta::v1::ListQueuesRequest list;
    *list.mutable_selector() = request.selector();
    list.set_order(request.order());
    list.set_page_size(request.page_size());
    list.set_mode(request.mode());
    if (request.has_after()) *list.mutable_after() = request.after();
    mta::v1::ListQueuesResponse page;
    const grpc::Status called = CallShard(&ShardStub::ListQueues, list, &page);
    if (!called.ok()) return called;
    answer->mutable_queues()->Swap(page.mutable_queues());
    if (!page.more() || answer->queues().empty()) return called;
    const mta::v1::QueueRow& last = *answer->queues().rbegin();
    answer->mutable_next()->set_recipients(last.recipients());
    answer->mutable_next()->set_domain(last.domain());
    answer->mutable_next()->set_virtual_mta(last.virtual_mta());
    answer->mutable_next()->set_shard(last.shard());
    return called;
  }

  // Sets `address`, or returns why there is none.
  std::optional<Outcome> FindLiveShard(std::string* address) {
    mta::v1::ShowShardsResponse shards;
    const grpc::Status called =
        CallAdmin(&AdminStub::ShowShards, mta::v1::ShowShardsRequest(), &shards);
    if (!called.ok()) return Failed(called);
    for (const mta::v1::ShardRow& row : shards.shards()) {
      if (row.state() != mta::v1::SHARD_STATE_LIVE) continue;
      *address = row.rpc_address();
      return std::nullopt;
    }
    return Outcome{.code = ExitCode::kUnreachable,
                   .out = "",
                   .error =
                       "convoy: no shard is live, so nobody can take the message; see "
                       "`convoy show shards`\n"};
  }

  Outcome Done(const Message& message, std::string text) const {
    return {.code = ExitCode::kDone,
            .out = target_.json ? ToJson(message) : std::move(text),
            .error = ""};
  }

  Outcome DoneInPart(const Message& message, std::string text,
                     const google::protobuf::RepeatedPtrField<mta::v1::ShardError>& missing) const {
    Outcome outcome = Done(message, std::move(text));
    if (missing.empty()) return outcome;
    outcome.code = ExitCode::kPartial;
    outcome.error = RenderUnreachable(missing);
    return outcome;
  }

  Outcome Failed(const grpc::Status& status) const {
    return Failed(status, direct() ? Cat("the shard at ", target_.shard)
                                   : Cat("the coordinator at ", target_.coordinator));
  }

  Outcome Failed(const grpc::Status& status, std::string_view who) const {
    const grpc::StatusCode code = status.error_code();
    const std::string why = Escape(status.error_message());
    const bool silent = code == grpc::StatusCode::DEADLINE_EXCEEDED;
    if (code != grpc::StatusCode::UNAVAILABLE && !silent) {
      const std::string said =
          why.empty() ? Cat(who, " does not know this call: is it the address of another process?")
                      : why;
      return {.code = ExitCode::kRefused, .out = "", .error = Cat("convoy: ", said, "\n")};
    }
    const std::string advice =
        direct()
            ? "  Is it running, and is this its gRPC address? See `convoy show shards`.\n"
            : "  Is it running, and is the address right (--coordinator or CONVOY_COORDINATOR)?\n"
              "  Mail flows without it; to ask one shard directly: convoy --shard HOST:PORT ...\n";
    return {
        .code = ExitCode::kUnreachable,
        .out = "",
        .error = Cat("convoy: cannot reach ", who, ": ", silent ? "no answer" : why, "\n", advice)};
  }

  std::string RequestId() {
    std::string bytes;
    for (int i = 0; i < 2; ++i) {
      const uint64_t half = rng_.Next();
      bytes.append(reinterpret_cast<const char*>(&half), sizeof half);
    }
    return HexEncode(bytes);
  }

  const Target target_;
  const Clock& clock_;
  Rng rng_;
  std::unique_ptr<AdminStub> admin_;
  std::unique_ptr<ShardStub> shard_;
};

}  // namespace

std::unique_ptr<Cluster> Cluster::Make(Target target, const Clock& clock, uint64_t seed) {
  return std::make_unique<GrpcCluster>(std::move(target), clock, seed);
}

}  // namespace convoy::cli
