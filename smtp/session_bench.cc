// CPU cost of one message through the client session, and of preparing its body.
//
// The peer is a stream that answers at once from memory, so that only the session is measured.

#include <benchmark/benchmark.h>

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "runtime/virtual_loop.h"
#include "smtp/client_session.h"

namespace convoy::smtp {
namespace {

std::shared_ptr<const WireBody> MakeBody(size_t octets) {
  std::string content = "Subject: benchmark\r\n\r\n";
  while (content.size() < octets) {
    content.append("a line of an ordinary length, which most of them have, with dots...\r\n");
  }
  std::vector<SharedBytes> pieces;
  pieces.push_back(SharedBytes(std::move(content)));
  return *WireBody::Make(std::move(pieces));
}

// Answers each command and each final dot of a pipelining client; a read returns all replies owed.
class EchoStream final : public Stream {
 public:
  explicit EchoStream(EventLoop& loop) : loop_(loop) {}

  void StartRead(char* buffer, size_t size, IoDone done) override {
    ++reads_;
    loop_.Post([this, buffer, size, done = std::move(done)]() mutable {
      const size_t n = std::min(size, replies_.size());
      std::memcpy(buffer, replies_.data(), n);
      replies_.erase(0, n);
      done(n);
    });
  }
  void Send(SharedBytes bytes) override {
    const std::string_view text = bytes.view();
    if (text.starts_with("EHLO")) {
      replies_.append("250-mx\r\n250-PIPELINING\r\n250-SIZE 0\r\n250 8BITMIME\r\n");
    } else if (text.starts_with("QUIT")) {
      replies_.append("221 bye\r\n");
    } else {
      if (text.starts_with(".\r\n")) replies_.append("250 2.0.0 queued as 4BC7A1F00\r\n");
      if (text.ends_with("DATA\r\n")) replies_.append("250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n");
    }
  }
  using Stream::Send;
  void StartFlush(size_t, StatusDone done) override {
    loop_.Post([done = std::move(done)]() mutable { done(absl::OkStatus()); });
  }
  void StartTls(TlsRequest, TlsDone) override { CHECK(false); }
  void SetDeadline(MonoTime) override {}
  void Close() override {}
  size_t queued_bytes() const override { return 0; }
  Endpoint local() const override { return {}; }
  Endpoint peer() const override { return {}; }

  int64_t reads() const { return reads_; }

 private:
  EventLoop& loop_;
  std::string replies_ = "220 mx ESMTP\r\n";
  int64_t reads_ = 0;
};

class Source : public AttemptSource {
 public:
  Source(benchmark::State& state, std::shared_ptr<const WireBody> body)
      : state_(state), body_(std::move(body)) {}
  void Opened(const PeerInfo&) override {}
  std::optional<Attempt> Next() override {
    finished_ = finished_ || !state_.KeepRunning();
    if (finished_) return std::nullopt;
    Attempt attempt;
    attempt.id = 1;
    attempt.mail_from = "bounces+12345@sender.example.com";
    attempt.recipients.push_back({"some.recipient@example.net", "", ""});
    attempt.body = body_;
    return attempt;
  }
  void Returned(Attempt, bool) override {}
  void Report(const AttemptResult& result) override {
    CHECK(result.recipients[0].reply.Positive());
  }

 private:
  benchmark::State& state_;
  bool finished_ = false;
  const std::shared_ptr<const WireBody> body_;
};

Task<void> RunSession(VirtualLoop& loop, EchoStream& stream, Source& source) {
  ClientOptions options;
  options.hello_name = "bench.example";
  ClientSession session(loop, stream, source, options);
  co_await session.Run();
}

// Items are messages; one read (round trip) for each is the goal.
void BM_ClientSession(benchmark::State& state) {
  VirtualLoop loop;
  EchoStream stream(loop);
  Source source(state, MakeBody(static_cast<size_t>(state.range(0))));
  Spawn(RunSession(loop, stream, source));
  loop.RunUntilIdle();
  state.SetItemsProcessed(state.iterations());
  state.counters["reads_per_message"] = benchmark::Counter(static_cast<double>(stream.reads()) /
                                                           static_cast<double>(state.iterations()));
}
BENCHMARK(BM_ClientSession)->Arg(1024)->Arg(10240);

void BM_WireBody(benchmark::State& state) {
  const std::shared_ptr<const WireBody> body = MakeBody(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    auto made = WireBody::Make(body->pieces());
    benchmark::DoNotOptimize(made);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body->wire_bytes()));
}
BENCHMARK(BM_WireBody)->Arg(1024)->Arg(102400);

}  // namespace
}  // namespace convoy::smtp

BENCHMARK_MAIN();
