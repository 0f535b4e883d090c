#include "bench/grpc_source.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/text.h"
#include "proto/submission.grpc.pb.h"

namespace convoy::bench {
namespace {

using mta::v1::SubmitRequest;
using mta::v1::SubmitResponse;

class StreamSource {
 public:
  StreamSource(const GrpcSourceOptions& options, const SourcePlan& plan, SourceLedger& ledger,
               const std::function<std::optional<uint64_t>()>& next)
      : options_(options), plan_(plan), ledger_(ledger), next_(next) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
    channel_ =
        grpc::CreateCustomChannel(options.server, grpc::InsecureChannelCredentials(), arguments);
    stub_ = mta::v1::Submission::NewStub(channel_);
  }

  void Run() {
    while (!finished_ || !retry_.empty()) {
      const gpr_timespec deadline = gpr_time_add(
          gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_seconds(options_.patience_s, GPR_TIMESPAN));
      if (!channel_->WaitForConnected(deadline)) return GiveUp();
      OneStream();
    }
  }

 private:
  struct Pending {
    std::string id;
    std::string rcpt;
    std::string vmta;
    MonoTime start;
  };

  void OneStream() {
    grpc::ClientContext context;
    auto stream = stub_->SubmitStream(&context);
    std::thread reader([&] { ReadAnswers(*stream); });
    while (const std::optional<uint64_t> number = NextNumber()) {
      const SubmitRequest request = Request(*number);
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    reader.join();
    static_cast<void>(stream->Finish());
    Settle();
  }

  std::optional<uint64_t> NextNumber() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return pending_.size() < options_.window || broken_; });
    if (broken_) return {};
    if (!retry_.empty()) {
      const uint64_t number = retry_.front();
      retry_.pop_front();
      return number;
    }
    const std::optional<uint64_t> number = next_();
    if (!number.has_value()) finished_ = true;
    return number;
  }

  SubmitRequest Request(uint64_t number) {
    PlannedMessage message = PlanMessage(plan_, number);
    SubmitRequest request;
    request.set_client_tag(number);
    request.set_mail_from(plan_.mail_from);
    request.add_recipients(message.rcpt);
    request.set_virtual_mta(message.vmta);
    if (options_.idempotency_keys) request.set_idempotency_key(message.id);
    request.set_message(std::move(message.content));
    const std::lock_guard lock(mutex_);
    pending_[number] = {message.id, message.rcpt, message.vmta, SystemClock().MonoNow()};
    return request;
  }

  void ReadAnswers(grpc::ClientReaderWriter<SubmitRequest, SubmitResponse>& stream) {
    SubmitResponse answer;
    while (stream.Read(&answer)) {
      const std::lock_guard lock(mutex_);
      const auto found = pending_.find(answer.client_tag());
      if (found == pending_.end()) continue;
      const bool accepted = answer.error_code() == 0 && answer.recipients_size() == 1 &&
                            answer.recipients(0).state() == mta::v1::RECIPIENT_STATE_QUEUED;
      const std::string text = answer.error_code() != 0 ? answer.error_message()
                               : accepted               ? answer.message_id()
                                                        : answer.recipients(0).detail();
      Tell(found->second, accepted ? Fate::kAccepted : Fate::kRefused, text);
      pending_.erase(found);
      room_.notify_one();
    }
    const std::lock_guard lock(mutex_);
    broken_ = true;
    room_.notify_one();
  }

  // After a stream: what was not answered is sent again (with keys) or stays unknown.
  void Settle() {
    const std::lock_guard lock(mutex_);
    broken_ = false;
    for (const auto& [number, pending] : pending_) {
      if (options_.idempotency_keys) {
        retry_.push_back(number);
      } else {
        Tell(pending, Fate::kUnknown, "stream lost before the answer");
      }
    }
    pending_.clear();
  }

  void GiveUp() {
    for (const uint64_t number : retry_) {
      Tell({Cat(plan_.run, '-', number), "", "", SystemClock().MonoNow()}, Fate::kUnknown,
           "server away");
    }
    while (const std::optional<uint64_t> number = next_()) {
      Tell({Cat(plan_.run, '-', *number), "", "", SystemClock().MonoNow()}, Fate::kRefused,
           "server away");
    }
  }

  void Tell(const Pending& pending, Fate fate, std::string_view answer) {
    ledger_.Record(fate, pending.id, pending.rcpt, pending.vmta, answer,
                   (SystemClock().MonoNow() - pending.start).us);
  }

  const GrpcSourceOptions& options_;
  const SourcePlan& plan_;
  SourceLedger& ledger_;
  const std::function<std::optional<uint64_t>()>& next_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<mta::v1::Submission::Stub> stub_;

  std::mutex mutex_;
  std::condition_variable room_;
  std::map<uint64_t, Pending> pending_;
  std::deque<uint64_t> retry_;
  bool broken_ = false;
  bool finished_ = false;
};

}  // namespace

void RunGrpcSource(const GrpcSourceOptions& options, const SourcePlan& plan, SourceLedger& ledger,
                   const std::function<std::optional<uint64_t>()>& next) {
  StreamSource(options, plan, ledger, next).Run();
}

}  // namespace convoy::bench
