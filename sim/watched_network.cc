#include "sim/watched_network.h"

#include <utility>

namespace convoy::sim {
namespace {

// One connection's presence in the witness's count.
class Presence {
 public:
  Presence(SocketWitness& witness, IpAddress source, IpAddress peer)
      : witness_(witness), source_(source), peer_(peer) {
    witness_.ConnectionStarted(source_, peer_);
  }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  ~Presence() { End(); }
  void End() {
    if (std::exchange(open_, false)) witness_.ConnectionEnded(source_, peer_);
  }
  void Look(std::string_view bytes) {
    constexpr std::string_view kMail = "MAIL FROM:<";
    constexpr std::string_view kRcpt = "RCPT TO:<";
    for (size_t at = bytes.find(kMail); at != std::string_view::npos;
         at = bytes.find(kMail, at + 1)) {
      const size_t rcpt = bytes.find(kRcpt, at);
      witness_.MailWritten(source_, peer_, Path(bytes.substr(at + kMail.size())),
                           rcpt == std::string_view::npos
                               ? std::string_view()
                               : Path(bytes.substr(rcpt + kRcpt.size())));
    }
  }

 private:
  static std::string_view Path(std::string_view text) { return text.substr(0, text.find('>')); }

  SocketWitness& witness_;
  const IpAddress source_;
  const IpAddress peer_;
  bool open_ = true;
};

class WatchedStream final : public Stream {
 public:
  WatchedStream(std::unique_ptr<Stream> below, std::unique_ptr<Presence> presence)
      : presence_(std::move(presence)), below_(std::move(below)) {}

  void StartRead(char* buffer, size_t size, IoDone done) override {
    below_->StartRead(buffer, size, std::move(done));
  }
  using Stream::Send;
  void Send(SharedBytes bytes) override {
    presence_->Look(bytes.view());
    below_->Send(std::move(bytes));
  }
  void StartFlush(size_t queued_bytes_max, StatusDone done) override {
    below_->StartFlush(queued_bytes_max, std::move(done));
  }
  void StartTls(TlsRequest request, TlsDone done) override {
    below_->StartTls(std::move(request), std::move(done));
  }
  void SetDeadline(MonoTime when) override { below_->SetDeadline(when); }
  void Close() override {
    presence_->End();
    below_->Close();
  }
  size_t queued_bytes() const override { return below_->queued_bytes(); }
  Endpoint local() const override { return below_->local(); }
  Endpoint peer() const override { return below_->peer(); }

 private:
  std::unique_ptr<Presence> presence_;
  std::unique_ptr<Stream> below_;
};

}  // namespace

void WatchedNetwork::StartConnect(ConnectRequest request, ConnectDone done) {
  auto presence =
      std::make_unique<Presence>(witness_, request.source.value_or(IpAddress()), request.peer.ip);
  below_.StartConnect(
      std::move(request), [presence = std::move(presence), done = std::move(done)](
                              absl::StatusOr<std::unique_ptr<Stream>> stream) mutable {
        if (!stream.ok()) {
          presence->End();
          return done(stream.status());
        }
        done(std::make_unique<WatchedStream>(*std::move(stream), std::move(presence)));
      });
}

}  // namespace convoy::sim
