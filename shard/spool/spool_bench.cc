// What the spool costs on this machine's disk: synced throughput, CPU, bytes written, memory,
// restart.
//
//     spool_bench --dir /var/tmp/spool-bench --mode through --messages 100000 --bytes 4096
//
// Modes:
//   through  each message is finished as soon as it is accepted: mail that flows
//   queue    all messages are accepted, each is deferred once, then all are finished: mail that
//   waits
//   restart  all messages are accepted and stay; then the store is closed, opened again and counted
//
// Prints one line of JSON. Bytes written are those of the process at the block layer
// (/proc/self/io), so the data directory must be on a real disk.
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "base/check.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "runtime/kernel_loop.h"
#include "shard/spool/rocksdb_store.h"
#include "shard/spool/spool.h"

namespace convoy::shard {
namespace {

struct Flags {
  std::string dir = "/var/tmp/convoy-spool-bench";
  std::string mode = "through";
  int64_t messages = 100000;
  int64_t bytes = 4096;
  int64_t outstanding = 512;  // accepted and not yet acknowledged
  int64_t queues = 100;
  int64_t rcpts = 1;
  uint64_t blob_min = RocksDbStoreOptions().blob_bytes_min;
  bool keep = false;
};

// The number after `name` in a file of /proc/self.
int64_t ProcNumber(const char* file, std::string_view name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name))
      return *ParseInt(Trim(Split(Trim(line.substr(name.size())), ' ')[0]));
  }
  return 0;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Bench {
 public:
  explicit Bench(const Flags& flags) : flags_(flags), rng_(1) {
    // Hardly compressible, like base64.
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int64_t i = 0; i < flags.bytes * 2; ++i) {
      noise_.push_back(i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : kDigits[rng_.Below(64)]);
    }
  }

  void Open() {
    RocksDbStoreOptions options;
    options.path = flags_.dir;
    options.free_floor_bytes = 0;
    options.blob_bytes_min = flags_.blob_min;
    auto opened = RocksDbStore::Open(loop_, options);
    if (!opened.ok()) {
      LogError("bench", opened.status().ToString());
      std::exit(1);
    }
    store_ = *std::move(opened);
    spool_ = std::make_unique<Spool>(loop_, *store_, SpoolOptions{});
    counted_ = false;
    const auto heads = spool_->Recover([this](auto) { counted_ = true; });
    CHECK(heads.ok());
  }

  int Run() {
    std::filesystem::remove_all(flags_.dir);
    Open();
    CHECK(RunUntil([&] { return counted_; }));
    const Usage before = Now();
    Pump(flags_.messages, [this](int64_t n) { AcceptOne(n); });
    const double accept_seconds = (loop_.MonoNow() - before.at).us / 1e6;
    if (flags_.mode == "queue") {
      DeferAll();
      FinishAll();
    }
    if (flags_.mode == "restart") Restart();
    Report(before, accept_seconds);
    spool_.reset();
    store_.reset();
    if (!flags_.keep) std::filesystem::remove_all(flags_.dir);
    return 0;
  }

 private:
  struct Usage {
    MonoTime at;
    double cpu = 0;
    int64_t written = 0;
  };
  Usage Now() const {
    return {loop_.MonoNow(), CpuSeconds(), ProcNumber("/proc/self/io", "write_bytes:")};
  }
  bool RunUntil(absl::FunctionRef<bool()> condition) {
    return loop_.RunUntilTrue(condition, loop_.MonoNow() + Hours(1));
  }

  // Starts `total` jobs, at most `outstanding` at a time, and waits for all.
  void Pump(int64_t total, std::function<void(int64_t)> start) {
    int64_t started = 0;
    finished_ = 0;
    const auto step = [&] {
      while (started < total && started - finished_ < flags_.outstanding) start(started++);
      return finished_ == total;
    };
    CHECK(RunUntil(step));
  }

  void AcceptOne(int64_t n) {
    AcceptRequest request;
    NewMessage mail;
    mail.message = std::make_shared<Message>();
    std::string id(16, '\0');
    for (char& c : id) c = static_cast<char>(rng_.Next());
    mail.message->envelope.id = *MessageId::FromBytes(id);
    mail.message->envelope.sender = "bounce+12345@sender.example";
    mail.message->envelope.source_type = "smtp";
    mail.message->envelope.source_mta = "client.example (192.0.2.1)";
    mail.message->envelope.from_domain = "sender.example";
    mail.message->envelope.body_hash = id + id;
    const size_t bytes = static_cast<size_t>(flags_.bytes);
    mail.message->content = SharedBytes(noise_.substr(rng_.Below(bytes), bytes));
    for (int64_t r = 0; r < flags_.rcpts; ++r) {
      NewRow row;
      row.queue = spool_->QueueFor({Cat("d", (n + r) % flags_.queues, ".example"), "vmta1"});
      row.due_ms = 1700000000000 + n;
      row.rcpt = static_cast<uint16_t>(r);
      row.value.rcpt = Cat("recipient", n, "@d", (n + r) % flags_.queues, ".example");
      mail.rows.push_back(std::move(row));
    }
    request.messages.push_back(std::move(mail));
    spool_->Accept(std::move(request), [this](absl::StatusOr<std::vector<SpoolRow>> rows) {
      CHECK(rows.ok());
      if (flags_.mode == "through") {
        for (const SpoolRow& row : *rows) Finish(row);
      } else {
        ++finished_;
      }
      if (flags_.mode == "queue") rows_.insert(rows_.end(), rows->begin(), rows->end());
    });
  }

  void Finish(const SpoolRow& row) {
    AccountEvent event;
    event.type = EventType::kDelivery;
    event.rcpt = row.value.rcpt;
    event.dsn_action = "relayed";
    event.dsn_status = "2.0.0 (success)";
    event.dsn_diag = "smtp;250 2.0.0 Ok: queued as 4Yz";
    event.dsn_mta = "mx.d.example (192.0.2.25)";
    std::vector<AccountEvent> events;
    events.push_back(std::move(event));
    spool_->Finish(row, std::move(events), [this](const absl::Status&) { ++finished_; });
  }

  void DeferAll() {
    Pump(static_cast<int64_t>(rows_.size()), [this](int64_t n) {
      SpoolRow& row = rows_[static_cast<size_t>(n)];
      RowChange change{row.queue, row.key.due_ms + 900000, row.value};
      change.value.attempts = 1;
      change.value.last_reply = "450 4.2.1 mailbox busy, try again later";
      row = spool_->Defer(row, std::move(change), {}, [this](const absl::Status&) { ++finished_; });
    });
  }

  void FinishAll() {
    Pump(static_cast<int64_t>(rows_.size()),
         [this](int64_t n) { Finish(rows_[static_cast<size_t>(n)]); });
  }

  void Restart() {
    rss_full_kb_ = ProcNumber("/proc/self/status", "VmRSS:");
    spool_.reset();
    store_.reset();
    const MonoTime start = loop_.MonoNow();
    Open();
    open_ms_ = (loop_.MonoNow() - start).millis();
    CHECK(RunUntil([&] { return counted_; }));
    counted_ms_ = (loop_.MonoNow() - start).millis();
    CHECK(spool_->stats().rows == static_cast<uint64_t>(flags_.messages * flags_.rcpts));
  }

  void Report(const Usage& before, double accept_seconds) {
    const Usage after = Now();
    const double seconds = (after.at - before.at).us / 1e6;
    const double messages = static_cast<double>(flags_.messages);
    std::printf(
        "{\"mode\":\"%s\",\"messages\":%lld,\"bytes\":%lld,\"rcpts\":%lld,\"blob_min\":%llu,"
        "\"seconds\":%.2f,\"messages_per_s\":%.0f,\"accepted_per_s\":%.0f,"
        "\"cpu_us_per_message\":%.1f,\"written_per_byte\":%.2f,\"rss_mb\":%lld,"
        "\"table_mb\":%llu,\"rss_full_mb\":%lld,\"open_ms\":%lld,\"counted_ms\":%lld}\n",
        flags_.mode.c_str(), static_cast<long long>(flags_.messages),
        static_cast<long long>(flags_.bytes), static_cast<long long>(flags_.rcpts),
        static_cast<unsigned long long>(flags_.blob_min), seconds, messages / seconds,
        messages / accept_seconds, (after.cpu - before.cpu) / messages * 1e6,
        static_cast<double>(after.written - before.written) /
            (messages * static_cast<double>(flags_.bytes)),
        static_cast<long long>(ProcNumber("/proc/self/status", "VmRSS:") / 1024),
        static_cast<unsigned long long>(store_->usage().table_bytes >> 20),
        static_cast<long long>(rss_full_kb_ / 1024), static_cast<long long>(open_ms_),
        static_cast<long long>(counted_ms_));
  }

  const Flags flags_;
  Rng rng_;
  std::string noise_;
  KernelLoop loop_;
  std::unique_ptr<RocksDbStore> store_;
  std::unique_ptr<Spool> spool_;
  std::vector<SpoolRow> rows_;
  int64_t finished_ = 0;
  bool counted_ = false;
  int64_t rss_full_kb_ = 0;
  int64_t open_ms_ = 0;
  int64_t counted_ms_ = 0;
};

}  // namespace
}  // namespace convoy::shard

int main(int argc, char** argv) {
  convoy::shard::Flags flags;
  CLI::App app("Measures the spool on this machine's disk");
  app.add_option("--dir", flags.dir, "data directory; emptied first");
  app.add_option("--mode", flags.mode)->check(CLI::IsMember({"through", "queue", "restart"}));
  app.add_option("--messages", flags.messages);
  app.add_option("--bytes", flags.bytes, "of content");
  app.add_option("--rcpts", flags.rcpts, "per message");
  app.add_option("--outstanding", flags.outstanding, "not yet acknowledged");
  app.add_option("--queues", flags.queues);
  app.add_option("--blob-min", flags.blob_min, "contents from this size in blob files; 0: never");
  app.add_flag("--keep", flags.keep, "leave the data behind");
  CLI11_PARSE(app, argc, argv);
  return convoy::shard::Bench(flags).Run();
}
