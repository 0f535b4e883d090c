#include "coordinator/daemon.h"

#include <signal.h>
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
#include "config/load.h"
#include "coordinator/node.h"
#include "coordinator/services/server.h"
#include "coordinator/store/rocksdb_store.h"
#include "runtime/kernel_loop.h"

namespace convoy::coordinator {
namespace {

constexpr char kVersion[] = "0.1.0";
constexpr Duration kShutdownPatience = Seconds(2);

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

// A configuration with errors is refused: shards could not load it either. Secrets are read where
// they are used, on the shards.
absl::StatusOr<std::string> Fingerprint(const std::string& file) {
  if (file.empty()) return std::string();
  const config::LoadResult loaded =
      config::LoadConfig(file, config::RealFiles(), {.resolve_secrets = false});
  std::string errors;
  for (const config::Diagnostic& d : loaded.diagnostics) {
    if (d.severity == config::Severity::kError) CatTo(&errors, "\n  ", d.ToString());
    if (d.severity == config::Severity::kWarning) LogWarning("coordinator", d.ToString());
  }
  if (loaded.config == nullptr) return absl::InvalidArgumentError(Cat("configuration:", errors));
  return loaded.config->fingerprint();
}

// Written aside and renamed: whoever sees the file sees all of it.
absl::Status WritePortFile(const std::string& file, std::string_view address) {
  if (file.empty()) return absl::OkStatus();
  const std::string temporary = file + ".new";
  std::ofstream out(temporary);
  out << "{\"pid\": " << getpid() << ", \"grpc\": \"" << address << "\"}\n";
  out.close();
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
  Build build{.version = kVersion, .config_fingerprint = ""};
  ASSIGN_OR_RETURN(build.config_fingerprint, Fingerprint(options.config_file));
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
