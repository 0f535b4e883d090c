// convoy-source: a load of numbered messages by SMTP or gRPC, with a ledger of what was accepted.
//
//   convoy-source --smtp 127.0.0.1:2526 --messages 1000 --domain a.test --domain b.test
//
// Servers may be given several times and of both kinds; sessions go round them. Prints one JSON
// line with counts, rate and answer times. Exit 0 when every message was accepted, 1 otherwise.

#include <poll.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "bench/grpc_source.h"
#include "bench/smtp_source.h"

namespace convoy::bench {
namespace {

struct Options {
  std::vector<std::string> smtp;
  std::vector<std::string> grpc;
  uint64_t messages = 1000;
  uint64_t first = 0;
  uint64_t sessions = 10;
  uint64_t per_connection = 100;
  uint64_t window = 64;
  int64_t rate = 0;
  int64_t patience_s = 10;
  bool idempotency_keys = false;
  std::string ledger;
  SourcePlan plan;
};

// Hands out message numbers, at most `rate` a second when one is given.
class Numbers {
 public:
  explicit Numbers(const Options& options)
      : next_(options.first),
        end_(options.first + options.messages),
        first_(options.first),
        rate_(options.rate),
        start_(SystemClock().MonoNow()) {}

  std::optional<uint64_t> Next() {
    const uint64_t number = next_.fetch_add(1);
    if (number >= end_) return {};
    if (rate_ > 0) {
      const MonoTime due =
          start_ + Microseconds(static_cast<int64_t>(number - first_) * 1000000 / rate_);
      const int64_t early_ms = (due - SystemClock().MonoNow()).millis();
      if (early_ms > 0) poll(nullptr, 0, static_cast<int>(early_ms));
    }
    return number;
  }

 private:
  std::atomic<uint64_t> next_;
  const uint64_t end_;
  const uint64_t first_;
  const int64_t rate_;
  const MonoTime start_;
};

Options Parse(int argc, char** argv) {
  Options options;
  CLI::App app("Sends numbered messages and records what was accepted");
  app.add_option("--smtp", options.smtp, "IPv4:PORT of an SMTP submission listener, repeatable");
  app.add_option("--grpc", options.grpc, "HOST:PORT of a gRPC submission API, repeatable");
  app.add_option("--messages", options.messages, "how many");
  app.add_option("--first", options.first, "number of the first one");
  app.add_option("--sessions", options.sessions, "concurrent sessions over all servers");
  app.add_option("--per-connection", options.per_connection, "SMTP messages per connection");
  app.add_option("--window", options.window, "gRPC: unanswered messages per stream");
  app.add_option("--rate", options.rate, "messages per second over all sessions; 0: no limit");
  app.add_option("--patience", options.patience_s, "seconds a server may be away");
  app.add_flag("--idempotency-keys", options.idempotency_keys, "gRPC: retry until answered");
  app.add_option("--ledger", options.ledger, "append one JSON line per message");
  app.add_option("--run", options.plan.run, "prefix of the ids");
  app.add_option("--mail-from", options.plan.mail_from, "reverse-path");
  app.add_option("--from", options.plan.from, "From header address");
  app.add_option("--domain", options.plan.domains, "recipient domain, repeatable")->required();
  app.add_option("--vmta", options.plan.vmtas, "virtual MTA or pool, repeatable");
  app.add_option("--size", options.plan.body_bytes, "body octets");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  for (const std::string& server : options.smtp) {
    if (const auto endpoint = Endpoint::Parse(server); !endpoint.ok()) {
      std::fprintf(stderr, "convoy-source: --smtp %s\n", endpoint.status().ToString().c_str());
      std::exit(2);
    }
  }
  if (options.smtp.empty() && options.grpc.empty()) {
    std::fprintf(stderr, "convoy-source: give at least one --smtp or --grpc server\n");
    std::exit(2);
  }
  return options;
}

void RunSession(const Options& options, uint64_t session, Numbers& numbers, SourceLedger& ledger) {
  const auto next = [&numbers] { return numbers.Next(); };
  const uint64_t server = session % (options.smtp.size() + options.grpc.size());
  if (server < options.smtp.size()) {
    SmtpSource::Options smtp;
    smtp.server = *Endpoint::Parse(options.smtp[server]);
    smtp.messages_per_connection = options.per_connection;
    smtp.connect_patience = Seconds(options.patience_s);
    SmtpSource(smtp, options.plan, ledger).Run(next);
  } else {
    const GrpcSourceOptions grpc{options.grpc[server - options.smtp.size()], options.window,
                                 options.idempotency_keys, options.patience_s};
    RunGrpcSource(grpc, options.plan, ledger, next);
  }
}

int Run(const Options& options) {
  SourceLedger ledger;
  if (const absl::Status opened = ledger.Open(options.ledger); !opened.ok()) {
    std::fprintf(stderr, "convoy-source: %s\n", opened.ToString().c_str());
    return 2;
  }
  Numbers numbers(options);
  const MonoTime start = SystemClock().MonoNow();
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < options.sessions; ++i) {
    threads.emplace_back(
        [&options, i, &numbers, &ledger] { RunSession(options, i, numbers, ledger); });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = static_cast<double>((SystemClock().MonoNow() - start).us) / 1e6;
  const SourceLedger::Totals totals = ledger.totals();
  const nlohmann::json json = {{"accepted", totals.accepted},
                               {"refused", totals.refused},
                               {"unknown", totals.unknown},
                               {"seconds", seconds},
                               {"per_second", static_cast<double>(totals.accepted) / seconds},
                               {"answer_p50_ms", static_cast<double>(totals.p50_us) / 1000},
                               {"answer_p99_ms", static_cast<double>(totals.p99_us) / 1000}};
  std::printf("%s\n", json.dump().c_str());
  return totals.accepted == options.messages ? 0 : 1;
}

}  // namespace
}  // namespace convoy::bench

int main(int argc, char** argv) { return convoy::bench::Run(convoy::bench::Parse(argc, argv)); }
