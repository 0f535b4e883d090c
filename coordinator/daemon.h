// The coordinator as a process: wires loop, store, node and server, and ends them in order.
//
// Determinism: reads the kernel's clocks and signals
#pragma once

#include <string>

#include "absl/status/status.h"
#include "coordinator/membership/membership.h"

namespace convoy::coordinator {

struct DaemonOptions {
  std::string data_dir;
  std::string listen = "127.0.0.1:0";
  bool allow_insecure_listen = false;  // elsewhere than on loopback, without TLS
  std::string config_file;  // empty: none; shards' fingerprints are compared with each other
  std::string port_file;    // empty: none
  LeaseOptions lease;
};

// Runs until SIGTERM or SIGINT. Must be called before any thread is started. An error is one that
// kept the coordinator from starting.
absl::Status RunCoordinator(const DaemonOptions& options);

}  // namespace convoy::coordinator
