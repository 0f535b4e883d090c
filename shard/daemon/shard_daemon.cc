#include "shard/daemon/shard_daemon.h"

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr Duration kCallPatience = Seconds(2);

// Written aside and renamed: whoever sees the file sees all of it.
absl::Status WritePortFile(const std::string& file, const ShardNode& node) {
  if (file.empty()) return absl::OkStatus();
  nlohmann::json ports = {{"pid", getpid()}, {"grpc", node.grpc_address()}};
  const std::vector<Endpoint> smtp = node.smtp_addresses();
  ports["smtp"] = smtp.empty() ? "" : smtp.front().ToString();
  const std::string temporary = file + ".new";
  std::ofstream out(temporary);
  out << ports.dump() << "\n";
  out.close();
  if (out.fail() || std::rename(temporary.c_str(), file.c_str()) != 0) {
    return absl::UnavailableError(Cat("cannot write the port file ", file));
  }
  return absl::OkStatus();
}

// Waits for a signal on a thread of its own, then stops in order: the node (no new mail, no new
// attempts), the calls still open, the loop.
void StopOnSignal(const sigset_t& set, KernelLoop& loop, ShardNode& node) {
  int signal = 0;
  sigwait(&set, &signal);
  LogInfo("shard", "signal ", signal, ": stopping");
  loop.Post([&loop, &node] {
    node.Stop([&loop] {
      LogInfo("shard", "everything is on disk");
      loop.Stop();
    });
  });
}

absl::Status Run(const ShardOptions& options, const std::string& port_file) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);

  KernelLoop loop;
  ShardNode node(loop, options);
  RETURN_IF_ERROR(node.Start());
  RETURN_IF_ERROR(WritePortFile(port_file, node));
  LogInfo("shard", options.name, " is up: gRPC on ", node.grpc_address());
  std::thread stopper([&] { StopOnSignal(set, loop, node); });
  loop.Run();
  stopper.join();
  // Calls that are still open are answered or cut; their handlers post to the loop.
  bool closed = false;
  std::thread closer([&] {
    node.ShutdownServer(kCallPatience);
    loop.Post([&closed] { closed = true; });
  });
  loop.RunUntilTrue([&closed] { return closed; }, loop.MonoNow() + kCallPatience * 3);
  closer.join();
  LogInfo("shard", "stopped");
  return absl::OkStatus();
}

}  // namespace

int RunShardDaemon(int argc, char** argv, ShardOptions options) {
  std::string port_file;
  CLI::App app("Convoy shard: queues, outbound SMTP workers and submission");
  app.add_option("--name", options.name, "name of this shard in the cluster")->required();
  app.add_option("--config", options.config_file, "configuration file")->required();
  app.add_option("--data-dir", options.data_dir, "directory of queues and state")->required();
  app.add_option("--coordinator", options.coordinator, "HOST:PORT of the coordinator")->required();
  app.add_option("--grpc-listen", options.grpc_listen, "IP:PORT, instead of grpc-listener");
  app.add_flag("--allow-insecure-listen", options.allow_insecure_listen,
               "gRPC elsewhere than on loopback; no TLS yet: only on a private network");
  app.add_option("--smtp-listen", options.smtp_listen, "IP:PORT, instead of smtp-listener");
  app.add_option("--host-id", options.host_id, "shards with the same one may share source IPs");
  app.add_option("--trust-anchor", options.trust_anchor,
                 "file of DS or DNSKEY records to validate DNSSEC with, for use-dane; "
                 "of the root: /usr/share/dns/root.key of Debian's dns-root-data");
  app.add_option("--tls-ca-file", options.tls_ca_file,
                 "PEM file of the authorities that may vouch for the names of hosts, instead of "
                 "the system's, for use-mta-sts");
  app.add_option("--mta-sts-port", options.mta_sts_port,
                 "port of policies, for trials: the standard knows only this one")
      ->capture_default_str();
  app.add_option("--signing-threads", options.signing_threads, "DKIM threads")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--free-floor", options.free_floor_bytes,
                 "octets of free disk below which new mail is refused")
      ->capture_default_str();
  app.add_option("--port-file", port_file, "write the bound addresses here, as JSON");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.host_id.empty()) {
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    options.host_id = host;
  }
  const absl::Status status = Run(options, port_file);
  if (status.ok()) return 0;
  std::fprintf(stderr, "convoy-shard: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace convoy::shard
