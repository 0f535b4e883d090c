// convoy-coordinator: membership, leases and the assignment table of a cluster.
//
// Exit codes: 0 after SIGTERM, 1 could not start or the store failed, 2 wrong arguments.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "config/units.h"
#include "coordinator/daemon.h"

namespace convoy::coordinator {
namespace {

constexpr int kUsage = 2;

int Fail(int code, std::string_view text) {
  std::fprintf(stderr, "convoy-coordinator: %.*s\n", static_cast<int>(text.size()), text.data());
  return code;
}

int Main(int argc, char** argv) {
  DaemonOptions options;
  std::string lease = "15s";
  std::string fence = "no";
  CLI::App app("Convoy coordinator: membership, leases and the assignment table");
  app.add_option("--data-dir", options.data_dir, "directory of the embedded store")->required();
  app.add_option("--listen", options.listen, "HOST:PORT, loopback; port 0 picks a free one")
      ->capture_default_str();
  app.add_flag("--allow-insecure-listen", options.allow_insecure_listen,
               "listen elsewhere than on loopback; no TLS yet: only on a private network");
  app.add_option("--config", options.config_file, "cluster configuration, checked at the start");
  app.add_option("--port-file", options.port_file, "write the bound address here, as JSON");
  app.add_option("--lease", lease, "length of a shard's lease, 1s to 10m")->capture_default_str();
  app.add_option("--fence-on-lease-loss", fence,
                 "yes: a silent shard's slots go to others after lease and margin")
      ->check(CLI::IsMember({"yes", "no"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  const absl::StatusOr<Duration> length = config::ParseTime(lease);
  if (!length.ok() || *length < Seconds(1) || *length > Minutes(10)) {
    return Fail(kUsage, "--lease: expected a time from 1s to 10m, such as 15s");
  }
  options.lease.length = *length;
  options.lease.fence_on_lease_loss = fence == "yes";
  const absl::Status status = RunCoordinator(options);
  if (status.ok()) return 0;
  return Fail(1, std::string(status.message()));
}

}  // namespace
}  // namespace convoy::coordinator

int main(int argc, char** argv) { return convoy::coordinator::Main(argc, argv); }
