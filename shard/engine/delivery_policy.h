// Everything the shard needs to know about delivering one queue, as plain values.
//
// Made once per distinct configuration by PolicyBook (policy_book.h) and shared by all queues that
// were configured alike. The names follow the directives; each field says which, where they differ.
//
// Thread:    immutable, shared
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time_types.h"
#include "shard/backoff/backoff_rules.h"
#include "shard/deliver/verdict.h"
#include "shard/schedule/policy.h"
#include "smtp/client_session.h"

namespace convoy::shard {

struct DeliveryPolicy {
  // Limits and queue-level retry, for the scheduler.
  QueuePolicyPtr schedule = std::make_shared<QueuePolicy>();
  // Limits of the site: site-max-smtp-out, max-msg-per-hour. Cluster-wide.
  SharedLimits site;

  // Backoff mode: what begins and ends it, and its limits.
  BackoffSettings backoff;

  // Recipient-level retry: retry-interval (a list; the last one repeats), at least
  // min-retry-interval.
  std::vector<Duration> retry_interval = {Minutes(30)};
  Duration min_retry_interval{};
  // bounce-after, max-retry-time: age at which a recipient expires.
  Duration bounce_after = Days(4) + Hours(12);
  VerdictOptions verdict;

  bool dkim_sign = false;
  // What to do when a queue must sign and no key fits: true = send unsigned, false = defer.
  bool dkim_unsigned_ok = true;

  // The dialogue.
  smtp::ClientTimeouts timeouts;
  Duration connect_timeout = Minutes(2);
  smtp::TlsMode tls = smtp::TlsMode::kOpportunistic;
  bool use_dane = false;
  bool require_dane = false;  // includes use_dane
  bool use_mta_sts = false;
  bool reuse_tls_sessions = false;  // reuse-ssl-session
  bool use_pipelining = true;
  bool use_8bitmime = true;
  bool use_chunking = true;
  std::string auth_user;
  std::string auth_password;

  // Where to: smtp-hosts / route; empty: MX of the domain.
  std::string smtp_hosts;
  uint16_t port = 25;
  bool allow_loopback_hosts = false;
  bool bounce_upon_no_mx = false;

  // suppress-file, as resolved paths.
  std::vector<std::string> suppress_files;

  // max-loop-count: more Received fields of our own host name than this is a loop; 0: no check.
  uint32_t max_loop_count = 0;
  bool sanitize_headers = false;

  bool log_delivery_failures = false;
  bool log_fallback_failures = false;
};
using DeliveryPolicyPtr = std::shared_ptr<const DeliveryPolicy>;

// How one virtual MTA presents itself.
struct SourceHost {
  std::optional<IpAddress> ip;  // unset: the system chooses
  std::string name;             // EHLO name
};
struct VmtaIdentity {
  std::vector<SourceHost> hosts;  // never empty; used round robin, per connection
  SharedLimits limits;
};

// The wait before a recipient's attempt number `attempts` + 1 (attempts >= 1 have been made).
Duration RetryDelay(const DeliveryPolicy& policy, uint32_t attempts);

}  // namespace convoy::shard
