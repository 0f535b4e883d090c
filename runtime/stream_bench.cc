// What a message costs in the event loop alone: 4 KiB and three short lines one way, one short line
// back, one round trip each, as in a pipelined SMTP session. Both ends are on one loop.
//
// Items are messages: the time of one is that of the client's and the server's share together.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "benchmark/benchmark.h"
#include "runtime/kernel_loop.h"
#include "runtime/kernel_network.h"
#include "runtime/task.h"
#include "runtime/test_certificate.h"
#include "runtime/tls.h"

namespace convoy {
namespace {

constexpr size_t kMessageBytes = 4096;
constexpr size_t kEnvelopeBytes = 120;

struct Run {
  std::shared_ptr<const TlsContext> server_tls;  // null: plain text
  std::shared_ptr<const TlsContext> client_tls;
  int64_t messages_left = 0;
  int clients_open = 0;
  int servers_open = 0;
};

Task<void> Serve(Run* run, std::unique_ptr<Stream> stream) {
  if (run->server_tls != nullptr) {
    TlsRequest request;
    request.context = run->server_tls;
    request.server = true;
    const auto secured = co_await stream->Handshake(request);
    CHECK(secured.ok());
  }
  std::vector<char> buffer(16384);
  size_t have = 0;
  for (;;) {
    const auto n = co_await stream->Read(buffer.data(), buffer.size());
    if (!n.ok() || *n == 0) break;
    have += *n;
    for (; have >= kMessageBytes + kEnvelopeBytes; have -= kMessageBytes + kEnvelopeBytes) {
      stream->Send("250 2.0.0 accepted\r\n");
    }
  }
  --run->servers_open;
}

Task<void> Dial(Run* run, Network* network, Endpoint where, SharedBytes body) {
  ConnectRequest request;
  request.peer = where;
  auto connected = co_await Connect(*network, request);
  CHECK(connected.ok());
  const std::unique_ptr<Stream> stream = *std::move(connected);
  if (run->client_tls != nullptr) {
    TlsRequest tls;
    tls.context = run->client_tls;
    const auto secured = co_await stream->Handshake(tls);
    CHECK(secured.ok());
  }
  char buffer[512];
  while (run->messages_left > 0) {
    --run->messages_left;
    stream->Send(std::string(40, 'm'));
    stream->Send(std::string(40, 'r'));
    stream->Send(std::string(40, 'd'));
    stream->Send(body);
    const auto n = co_await stream->Read(buffer, sizeof buffer);
    CHECK(n.ok() && *n > 0);
  }
  --run->clients_open;
}

void Exchange(benchmark::State& state, bool tls) {
  const int connections = static_cast<int>(state.range(0));
  KernelLoop loop;
  KernelNetwork network(loop);
  Run run;
  if (tls) {
    const TestCertificate files = WriteTestCertificate("/tmp", "stream_bench", "mx.example.com");
    run.server_tls = *TlsContext::Server(
        {.certificate_file = files.certificate_file, .key_file = files.key_file});
    run.client_tls = *TlsContext::Client({});
  }
  const auto listener = *network.Listen(
      {.ip = IpAddress::V4(127, 0, 0, 1), .port = 0},
      [&](std::unique_ptr<Stream> stream) { Spawn(Serve(&run, std::move(stream))); });
  const SharedBytes body(std::string(kMessageBytes, 'b'));
  constexpr int64_t kBatch = 20000;
  for (auto _ : state) {
    run.messages_left = kBatch;
    run.clients_open = run.servers_open = connections;
    for (int i = 0; i < connections; ++i) Spawn(Dial(&run, &network, listener->local(), body));
    loop.RunUntilTrue([&] { return run.clients_open == 0 && run.servers_open == 0; }, kMonoMax);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void BM_Plain(benchmark::State& state) { Exchange(state, false); }
BENCHMARK(BM_Plain)->Arg(1)->Arg(20)->Arg(500)->Unit(benchmark::kMillisecond);
void BM_Tls(benchmark::State& state) { Exchange(state, true); }
BENCHMARK(BM_Tls)->Arg(20)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace convoy

BENCHMARK_MAIN();
