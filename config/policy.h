// The effective settings of one queue, and where each of them came from.
//
// Defaults are PowerMTA's, or the RFC's where it gives one. A value of 0 means "no limit" where the
// directive says so.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time_types.h"
#include "config/diagnostic.h"
#include "config/units.h"

namespace convoy::config {

// A line such as `421 RP-001 *, 1h, 5, 1000`: on a matching reply back off for so long, with so
// many connections (0: no limit of its own) and messages per hour (0: none; -1: no limit of its
// own).
struct BackoffLine {
  std::string pattern;
  Duration duration;
  int64_t connections = 0;
  int64_t messages_per_hour = 0;
  std::string text;  // as written: "421 RP-001 *, 1h, 5, 1000"
  Position where;
};

struct Policy {
  // Limits of the queue.
  int64_t max_smtp_out = 20;
  RateValue max_msg_rate;
  int64_t max_msg_per_connection = 0;
  int64_t max_errors_per_connection = 0;
  Duration smtp_out_rampup_interval{};
  Duration connection_idle_timeout{};
  int64_t queue_priority = 50;
  int64_t mx_connection_attempts = 10;
  // Limits of the site: all its queues together, in the whole cluster.
  int64_t site_max_smtp_out = 0;
  RateValue site_max_msg_rate;  // site-max-msg-rate, max-msg-per-hour

  std::vector<Duration> retry_after = {Minutes(10)};
  Duration retry_after_dns_error = Minutes(1);
  bool retry_upon_new_mail = false;
  std::vector<Duration> retry_interval = {Minutes(30)};  // retry-interval, retry-recipients-after
  Duration min_retry_interval{};
  Duration bounce_after = Days(4) + Hours(12);  // bounce-after, max-retry-time
  bool bounce_on_4xx_status = false;
  bool bounce_upon_5xx_greeting = false;
  bool bounce_upon_no_mx = false;

  std::string queue_to;
  std::string smtp_hosts;  // smtp-hosts, route
  int64_t default_smtp_port = 25;
  bool allow_loopback_hosts = false;

  bool use_starttls = true;
  bool require_starttls = false;
  bool use_dane = false;
  bool require_dane = false;
  bool use_mta_sts = false;
  bool reuse_ssl_session = false;
  std::string auth_username;
  std::string auth_password;
  bool ignore_pipelining = false;
  bool ignore_8bitmime = false;
  bool ignore_chunking = false;
  Duration connect_timeout = Minutes(2);
  Duration smtp_greeting_timeout = Minutes(5);
  Duration data_send_timeout = Minutes(3);
  Duration smtp_data_termination_timeout = Minutes(10);

  bool dkim_sign = false;
  std::vector<std::string> suppress_files;  // resolved paths
  int64_t max_loop_count = 0;
  bool sanitize_headers = false;
  bool log_delivery_failures = false;
  bool log_fallback_failures = false;
  std::vector<BackoffLine> backoff_lines;
  std::string smtp_pattern_list;  // Config::FindSmtpPatternList; "": none
  // Backoff mode, when no backoff line says otherwise.
  int64_t backoff_max_smtp_out = 20;
  RateValue backoff_max_msg_rate;  // unlimited: that of normal mode
  std::vector<Duration> backoff_retry_after = {Hours(1)};
  Duration backoff_to_normal_after = kDurationMax;  // kDurationMax: never
  bool backoff_to_normal_after_delivery = false;

  // Directive -> where it was last set, and as what. Absent: the default.
  struct Origin {
    Position where;
    std::string text;
  };
  std::map<std::string, Origin, std::less<>> origins;
};

}  // namespace convoy::config
