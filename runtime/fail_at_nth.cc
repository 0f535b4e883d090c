#include "runtime/fail_at_nth.h"

#include <utility>

#include "base/check.h"

namespace convoy {
namespace {

absl::Status Struck() { return absl::UnavailableError("connection lost (injected)"); }

class FailingStream final : public Stream {
 public:
  FailingStream(std::unique_ptr<Stream> inner, EventLoop& loop, FailAtNth& plan)
      : inner_(std::move(inner)), loop_(loop), plan_(plan) {}
  ~FailingStream() override { CHECK(failures_posted_ == 0); }

  void StartRead(char* buffer, size_t size, IoDone done) override {
    if (Fails()) {
      Fail<absl::StatusOr<size_t>>(std::move(done));
      return;
    }
    inner_->StartRead(buffer, size, Watched<absl::StatusOr<size_t>>(std::move(done)));
  }
  using Stream::Send;
  void Send(SharedBytes bytes) override { inner_->Send(std::move(bytes)); }
  void StartFlush(size_t queued_bytes_max, StatusDone done) override {
    if (Fails()) {
      Fail<absl::Status>(std::move(done));
      return;
    }
    inner_->StartFlush(queued_bytes_max, Watched<absl::Status>(std::move(done)));
  }
  void StartTls(TlsRequest request, TlsDone done) override {
    if (Fails()) {
      Fail<absl::StatusOr<TlsInfo>>(std::move(done));
      return;
    }
    inner_->StartTls(std::move(request), Watched<absl::StatusOr<TlsInfo>>(std::move(done)));
  }
  void SetDeadline(MonoTime when) override { inner_->SetDeadline(when); }
  void Close() override {
    closed_ = true;
    inner_->Close();
  }
  size_t queued_bytes() const override { return inner_->queued_bytes(); }
  Endpoint local() const override { return inner_->local(); }
  Endpoint peer() const override { return inner_->peer(); }

 private:
  bool Fails() {
    if (plan_.Strike() && !closed_) {
      struck_ = true;
      inner_->Close();
    }
    return struck_ && !closed_;
  }
  template <typename Result, typename Done>
  void Fail(Done done) {
    ++failures_posted_;
    loop_.Post([this, done = std::move(done)]() mutable {
      --failures_posted_;
      done(Result(Struck()));
    });
  }
  // What was pending when another operation was struck must not look like the owner's Close.
  template <typename Result, typename Done>
  Done Watched(Done done) {
    return [this, done = std::move(done)](Result result) mutable {
      const bool lost = struck_ && !closed_ && !Ok(result);
      done(lost ? Result(Struck()) : std::move(result));
    };
  }
  static bool Ok(const absl::Status& status) { return status.ok(); }
  template <typename T>
  static bool Ok(const absl::StatusOr<T>& result) {
    return result.ok();
  }

  const std::unique_ptr<Stream> inner_;
  EventLoop& loop_;
  FailAtNth& plan_;
  bool struck_ = false;
  bool closed_ = false;
  int failures_posted_ = 0;
};

}  // namespace

std::unique_ptr<Stream> MakeFailingStream(std::unique_ptr<Stream> inner, EventLoop& loop,
                                          FailAtNth& plan) {
  return std::make_unique<FailingStream>(std::move(inner), loop, plan);
}

void FailingNetwork::StartConnect(ConnectRequest request, ConnectDone done) {
  if (plan_.Strike()) {
    loop_.Post([done = std::move(done)]() mutable { done(Struck()); });
    return;
  }
  inner_.StartConnect(std::move(request), [this, done = std::move(done)](auto result) mutable {
    if (result.ok()) result = MakeFailingStream(*std::move(result), loop_, plan_);
    done(std::move(result));
  });
}

absl::StatusOr<std::unique_ptr<Listener>> FailingNetwork::Listen(Endpoint where,
                                                                 AcceptHandler accepted) {
  return inner_.Listen(where, [this, accepted = std::move(accepted)](auto stream) mutable {
    accepted(MakeFailingStream(std::move(stream), loop_, plan_));
  });
}

}  // namespace convoy
