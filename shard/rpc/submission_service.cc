#include "shard/rpc/submission_service.h"

#include <deque>
#include <string>
#include <utility>

#include "base/text.h"
#include "proto/submission.grpc.pb.h"

namespace convoy::shard {
namespace {

using mta::v1::SubmitRequest;
using mta::v1::SubmitResponse;

// "ipv4:127.0.0.1:1234" or "ipv6:%5B::1%5D:1234", as gRPC names a peer.
IpAddress PeerAddress(std::string_view peer) {
  const size_t scheme = peer.find(':');
  std::string text(scheme == std::string_view::npos ? peer : peer.substr(scheme + 1));
  if (text.starts_with("%5B")) text = Cat('[', std::string_view(text).substr(3));
  const size_t close = text.find("%5D");
  if (close != std::string::npos) text.replace(close, 3, "]");
  const auto endpoint = Endpoint::Parse(text);
  return endpoint.ok() ? endpoint->ip : IpAddress();
}

Submission SubmissionFrom(SubmitRequest&& request, const IpAddress& client) {
  Submission out;
  out.source.kind = SourceKind::kApi;
  out.source.client = client;
  out.source.protocol = "gRPC";
  out.mail_from = std::move(*request.mutable_mail_from());
  for (std::string& rcpt : *request.mutable_recipients()) out.recipients.push_back(std::move(rcpt));
  out.content = std::move(*request.mutable_message());
  out.virtual_mta = std::move(*request.mutable_virtual_mta());
  out.job_id = std::move(*request.mutable_job_id());
  out.envelope_id = std::move(*request.mutable_envelope_id());
  out.idempotency_key = std::move(*request.mutable_idempotency_key());
  return out;
}

mta::v1::RecipientState StateOf(RecipientState state) {
  switch (state) {
    case RecipientState::kQueued:
      return mta::v1::RECIPIENT_STATE_QUEUED;
    case RecipientState::kSuppressed:
      return mta::v1::RECIPIENT_STATE_SUPPRESSED;
    case RecipientState::kInvalid:
      return mta::v1::RECIPIENT_STATE_INVALID;
  }
  return mta::v1::RECIPIENT_STATE_UNSPECIFIED;
}

void FillResponse(const SubmitResult& result, const std::vector<std::string>& addresses,
                  SubmitResponse* out) {
  out->set_message_id(result.id.ToString());
  out->set_duplicate(result.duplicate);
  for (size_t i = 0; i < result.recipients.size(); ++i) {
    mta::v1::RecipientResult* one = out->add_recipients();
    one->set_address(addresses[i]);
    one->set_state(StateOf(result.recipients[i].state));
    one->set_detail(result.recipients[i].detail);
  }
}

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// One stream. Lives from its first read until gRPC is done with it and no message is unanswered.
class StreamReactor final : public grpc::ServerBidiReactor<SubmitRequest, SubmitResponse> {
 public:
  StreamReactor(EventLoop& loop, const RpcHooks& hooks, IpAddress client)
      : loop_(loop), hooks_(hooks), client_(client) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    loop_.Post([this, ok] { Read(ok); });
  }
  void OnWriteDone(bool ok) override {
    loop_.Post([this, ok] { Written(ok); });
  }
  void OnDone() override {
    loop_.Post([this] { delete this; });
  }

 private:
  void Read(bool ok) {
    if (!ok) {
      reads_done_ = true;
      return MaybeFinish();
    }
    const uint64_t tag = request_.client_tag();
    Submission submission = SubmissionFrom(std::move(request_), client_);
    request_.Clear();
    ++unanswered_;
    std::vector<std::string> addresses = submission.recipients;
    hooks_.submit(std::move(submission),
                  [this, tag, addresses = std::move(addresses)](SubmitResult result) {
                    Answer(tag, addresses, std::move(result));
                  });
    waiting_to_read_ = true;
    MaybeRead();
  }

  void MaybeRead() {
    if (!waiting_to_read_ || reads_done_ || unanswered_ >= kUnansweredMax) return;
    if (hooks_.congested()) {
      if (timer_ == TimerId()) {
        ++unanswered_;  // the timer needs this object
        timer_ = loop_.CallAfter(kCongestedPause, [this] {
          timer_ = TimerId();
          --unanswered_;
          MaybeRead();
          MaybeFinish();
        });
      }
      return;
    }
    waiting_to_read_ = false;
    StartRead(&request_);
  }

  void Answer(uint64_t tag, const std::vector<std::string>& addresses, SubmitResult result) {
    SubmitResponse response;
    response.set_client_tag(tag);
    if (result.status.ok()) {
      FillResponse(result, addresses, &response);
    } else {
      response.set_error_code(static_cast<int>(result.status.code()));
      response.set_error_message(std::string(result.status.message()));
    }
    --unanswered_;
    answers_.push_back(std::move(response));
    Write();
    MaybeRead();
    MaybeFinish();
  }

  void Write() {
    if (broken_) answers_.clear();
    if (writing_ || answers_.empty()) return;
    writing_ = true;
    current_ = std::move(answers_.front());
    answers_.pop_front();
    StartWrite(&current_);
  }

  void Written(bool ok) {
    writing_ = false;
    if (!ok) broken_ = true;
    Write();
    MaybeFinish();
  }

  void MaybeFinish() {
    if (finished_ || !reads_done_ || unanswered_ > 0 || writing_ || !answers_.empty()) return;
    finished_ = true;
    Finish(grpc::Status::OK);
  }

  EventLoop& loop_;
  const RpcHooks& hooks_;
  const IpAddress client_;
  SubmitRequest request_;
  SubmitResponse current_;
  std::deque<SubmitResponse> answers_;
  uint32_t unanswered_ = 0;
  TimerId timer_;
  bool waiting_to_read_ = false;
  bool reads_done_ = false;
  bool writing_ = false;
  bool broken_ = false;
  bool finished_ = false;
};

class SubmissionService final : public mta::v1::Submission::CallbackService {
 public:
  SubmissionService(EventLoop& loop, const RpcHooks& hooks) : loop_(loop), hooks_(hooks) {}

  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context,
                                   const SubmitRequest* request,
                                   SubmitResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    Submission submission = SubmissionFrom(SubmitRequest(*request), PeerAddress(context->peer()));
    loop_.Post([this, reactor, response, tag = request->client_tag(),
                submission = std::move(submission)]() mutable {
      std::vector<std::string> addresses = submission.recipients;
      hooks_.submit(std::move(submission), [reactor, response, tag,
                                            addresses = std::move(addresses)](SubmitResult result) {
        response->set_client_tag(tag);
        if (result.status.ok()) FillResponse(result, addresses, response);
        reactor->Finish(ToGrpc(result.status));
      });
    });
    return reactor;
  }

  grpc::ServerBidiReactor<SubmitRequest, SubmitResponse>* SubmitStream(
      grpc::CallbackServerContext* context) override {
    return new StreamReactor(loop_, hooks_, PeerAddress(context->peer()));
  }

 private:
  EventLoop& loop_;
  const RpcHooks& hooks_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSubmissionService(EventLoop& loop, const RpcHooks& hooks) {
  return std::make_unique<SubmissionService>(loop, hooks);
}

}  // namespace convoy::shard
