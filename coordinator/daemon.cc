#include "coordinator/daemon.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "config/bundle.h"
#include "coordinator/node.h"
#include "coordinator/services/server.h"
#include "coordinator/store/rocksdb_store.h"
#include "runtime/kernel_loop.h"

namespace convoy::coordinator {
namespace {

constexpr char kVersion[] = "0.1.0";
constexpr Duration kShutdownPatience = Seconds(2);
constexpr Duration kStorePatience = Seconds(60);

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

// Reads the configuration file; with errors it is refused, since shards could not load it either.
absl::StatusOr<config::Gathered> ReadConfig(const std::string& file) {
  config::Gathered gathered = config::GatherBundle(file, config::RealFiles());
  std::string errors;
  for (const config::Diagnostic& d : gathered.loaded.diagnostics) {
    if (d.severity == config::Severity::kError) CatTo(&errors, "\n  ", d.ToString());
    if (d.severity == config::Severity::kWarning) LogWarning("coordinator", d.ToString());
  }
  if (gathered.loaded.config == nullptr) {
    return absl::InvalidArgumentError(Cat("configuration:", errors));
  }
  return gathered;
}

// The file becomes version 1 at the first start. Later the stored version stays in effect, whatever
// the file says by now: only a reload asks the shards.
absl::Status TakeConfig(KernelLoop& loop, CoordinatorNode& node, const std::string& file) {
  if (file.empty()) return absl::OkStatus();
  const ConfigRecordPtr current = node.configs().current();
  absl::StatusOr<config::Gathered> gathered = ReadConfig(file);
  if (current != nullptr) {
    if (!gathered.ok() || config::EncodeBundle(gathered->bundle) != current->bundle) {
      LogWarning("coordinator", "version ", current->version,
                 " of the configuration is in effect; ", file,
                 gathered.ok() ? " differs: convoy reload brings it" : " has errors");
    }
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(gathered.status());
  ConfigRecord record;
  record.version = 1;
  record.time_ms = loop.WallNow().unix_ms();
  record.who = "coordinator";
  record.comment = "first start";
  record.fingerprint = config::FingerprintOf(gathered->bundle, *gathered->loaded.config);
  record.bundle = config::EncodeBundle(gathered->bundle);
  record.files = static_cast<uint32_t>(gathered->bundle.files.size());
  record.octets = gathered->bundle.bytes();
  bool adopted = false;
  node.AdoptConfig(std::move(record), [&adopted] { adopted = true; });
  loop.RunUntilTrue([&adopted] { return adopted; }, loop.MonoNow() + kStorePatience);
  if (adopted) return absl::OkStatus();
  return absl::UnavailableError("the store did not take the configuration in time");
}

// Written aside and renamed: whoever sees the file sees all of it.
absl::Status WritePortFile(const std::string& file, std::string_view address) {
  if (file.empty()) return absl::OkStatus();
  const std::string temporary = file + ".new";
  std::ofstream out(temporary);
  out << "{\"pid\": " << getpid() << ", \"grpc\": \"" << address << "\"}\n";
  out.close();
  chmod(temporary.c_str(), S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);  // no secret
  if (out.fail() || std::rename(temporary.c_str(), file.c_str()) != 0) {
    return absl::UnavailableError(Cat("cannot write the port file ", file));
  }
  return absl::OkStatus();
}

// Waits for a signal on a thread of its own, then ends calls and loop in this order: no new calls,
// the watches, the open calls (which need the loop), the loop.
void StopOnSignal(KernelLoop& loop, CoordinatorNode& node, CoordinatorServer& server) {
  const sigset_t set = StopSignals();
  int signal = 0;
  sigwait(&set, &signal);
  LogInfo("coordinator", "signal ", signal, ": stopping");
  loop.Post([&node] { node.EndWatches(absl::UnavailableError("the coordinator is stopping")); });
  server.Shutdown(kShutdownPatience);
  loop.Stop();
}

}  // namespace

absl::Status RunCoordinator(const DaemonOptions& options) {
  RETURN_IF_ERROR(CheckListen(options.listen, options.allow_insecure_listen));
  // What is stored holds keys and passwords.
  umask(S_IRWXG | S_IRWXO);
  Build build{.version = kVersion, .config_fingerprint = ""};
  if (!options.config_file.empty()) {
    build.config_file = std::filesystem::absolute(options.config_file).lexically_normal().string();
  }
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);

  KernelLoop loop;
  const std::unique_ptr<Store> store = MakeRocksDbStore(loop, options.data_dir);
  CoordinatorNode node(loop, *store, {.lease = options.lease, .on_fatal = [](const absl::Status&) {
                                        // What was not committed was not answered; the log is the
                                        // truth.
                                        _exit(1);
                                      }});
  RETURN_IF_ERROR(node.Start());
  RETURN_IF_ERROR(TakeConfig(loop, node, build.config_file));
  absl::StatusOr<std::unique_ptr<CoordinatorServer>> server =
      CoordinatorServer::Start(options.listen, loop, node, build, options.allow_insecure_listen);
  RETURN_IF_ERROR(server.status());
  if (options.allow_insecure_listen) {
    LogWarning("coordinator", "--allow-insecure-listen: no TLS on ", (*server)->address(),
               ": whoever reaches it can take the cluster's slots; only on a private network");
  }
  LogInfo("coordinator", "listening on ", (*server)->address());
  RETURN_IF_ERROR(WritePortFile(options.port_file, (*server)->address()));

  std::thread stopper([&] { StopOnSignal(loop, node, **server); });
  loop.Run();
  stopper.join();
  loop.RunUntilTrue([] { return true; }, loop.MonoNow());
  LogInfo("coordinator", "stopped");
  return absl::OkStatus();
}

}  // namespace convoy::coordinator
