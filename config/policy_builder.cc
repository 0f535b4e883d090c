#include "config/policy_builder.h"

#include <string>
#include <unordered_map>

#include "base/status_macros.h"
#include "base/text.h"
#include "config/say.h"

namespace convoy::config {
namespace {

using Apply = void (*)(const Setting&, Policy*);

// The form was checked when the file was read, so the values are there.
bool Bool(const Setting& s) { return *ParseBool(s.first()); }
int64_t Count(const Setting& s) { return *ParseCount(s.first(), 0); }
Duration Time(const Setting& s) { return *ParseTime(s.first()); }
RateValue RateOf(const Setting& s) { return *ParseRate(s.first()); }
RateValue PerHour(const Setting& s) {
  const int64_t count = *ParseCount(s.first(), -1);
  return count < 0 ? RateValue{} : RateValue{count, Hours(1)};
}
std::string Text(const Setting& s) { return std::string(s.first()); }

void SetAuth(const Setting& s, Policy* p) {
  const std::string_view text = s.secret;
  const size_t colon = text.find(':');
  p->auth_username = text.substr(0, colon);
  p->auth_password = colon == std::string_view::npos ? "" : text.substr(colon + 1);
}

void SetSmtpHosts(const Setting& s, Policy* p) { p->smtp_hosts = Trim(s.value()); }

const std::unordered_map<std::string_view, Apply>& Setters() {
  static const std::unordered_map<std::string_view, Apply> setters = {
      {"max-smtp-out", [](auto& s, auto* p) { p->max_smtp_out = Count(s); }},
      {"site-max-smtp-out", [](auto& s, auto* p) { p->site_max_smtp_out = Count(s); }},
      {"max-msg-rate", [](auto& s, auto* p) { p->max_msg_rate = RateOf(s); }},
      {"site-max-msg-rate", [](auto& s, auto* p) { p->site_max_msg_rate = RateOf(s); }},
      {"max-msg-per-hour", [](auto& s, auto* p) { p->site_max_msg_rate = PerHour(s); }},
      {"max-msg-per-connection", [](auto& s, auto* p) { p->max_msg_per_connection = Count(s); }},
      {"max-errors-per-connection",
       [](auto& s, auto* p) { p->max_errors_per_connection = Count(s); }},
      {"smtp-out-rampup-interval", [](auto& s, auto* p) { p->smtp_out_rampup_interval = Time(s); }},
      {"connection-idle-timeout", [](auto& s, auto* p) { p->connection_idle_timeout = Time(s); }},
      {"queue-priority", [](auto& s, auto* p) { p->queue_priority = Count(s); }},
      {"mx-connection-attempts", [](auto& s, auto* p) { p->mx_connection_attempts = Count(s); }},
      {"retry-after", [](auto& s, auto* p) { p->retry_after = *ParseTimeList(s.value()); }},
      {"retry-after-dns-error", [](auto& s, auto* p) { p->retry_after_dns_error = Time(s); }},
      {"retry-upon-new-mail", [](auto& s, auto* p) { p->retry_upon_new_mail = Bool(s); }},
      {"retry-interval", [](auto& s, auto* p) { p->retry_interval = *ParseTimeList(s.value()); }},
      {"min-retry-interval", [](auto& s, auto* p) { p->min_retry_interval = Time(s); }},
      {"bounce-after", [](auto& s, auto* p) { p->bounce_after = Time(s); }},
      {"bounce-on-4xx-status", [](auto& s, auto* p) { p->bounce_on_4xx_status = Bool(s); }},
      {"bounce-upon-5xx-greeting", [](auto& s, auto* p) { p->bounce_upon_5xx_greeting = Bool(s); }},
      {"bounce-upon-no-mx",
       [](auto& s, auto* p) { p->bounce_upon_no_mx = ParseBool(s.first()).value_or(false); }},
      {"smtp-pattern-list", [](auto& s, auto* p) { p->smtp_pattern_list = Text(s); }},
      {"queue-to", [](auto& s, auto* p) { p->queue_to = Lower(s.first()); }},
      {"smtp-hosts", SetSmtpHosts},
      {"default-smtp-port", [](auto& s, auto* p) { p->default_smtp_port = Count(s); }},
      {"allow-loopback-hosts", [](auto& s, auto* p) { p->allow_loopback_hosts = Bool(s); }},
      {"use-starttls", [](auto& s, auto* p) { p->use_starttls = Bool(s); }},
      {"require-starttls", [](auto& s, auto* p) { p->require_starttls = Bool(s); }},
      {"use-dane", [](auto& s, auto* p) { p->use_dane = Bool(s); }},
      {"use-mta-sts", [](auto& s, auto* p) { p->use_mta_sts = Bool(s); }},
      {"reuse-ssl-session", [](auto& s, auto* p) { p->reuse_ssl_session = Bool(s); }},
      {"require-dane", [](auto& s, auto* p) { p->require_dane = Bool(s); }},
      {"outbound-auth", SetAuth},
      {"auth-username", [](auto& s, auto* p) { p->auth_username = Text(s); }},
      {"auth-password", [](auto& s, auto* p) { p->auth_password = s.secret; }},
      {"ignore-pipelining", [](auto& s, auto* p) { p->ignore_pipelining = Bool(s); }},
      {"ignore-chunking", [](auto& s, auto* p) { p->ignore_chunking = Bool(s); }},
      {"ignore-8bitmime", [](auto& s, auto* p) { p->ignore_8bitmime = Bool(s); }},
      {"connect-timeout", [](auto& s, auto* p) { p->connect_timeout = Time(s); }},
      {"smtp-greeting-timeout", [](auto& s, auto* p) { p->smtp_greeting_timeout = Time(s); }},
      {"data-send-timeout", [](auto& s, auto* p) { p->data_send_timeout = Time(s); }},
      {"smtp-data-termination-timeout",
       [](auto& s, auto* p) { p->smtp_data_termination_timeout = Time(s); }},
      {"backoff-max-smtp-out", [](auto& s, auto* p) { p->backoff_max_smtp_out = Count(s); }},
      {"backoff-max-msg-rate", [](auto& s, auto* p) { p->backoff_max_msg_rate = RateOf(s); }},
      {"backoff-max-msg-per-hour", [](auto& s, auto* p) { p->backoff_max_msg_rate = PerHour(s); }},
      {"backoff-retry-after",
       [](auto& s, auto* p) { p->backoff_retry_after = *ParseTimeList(s.value()); }},
      {"backoff-to-normal-after",
       [](auto& s, auto* p) { p->backoff_to_normal_after = *ParseTimeOrNever(s.first()); }},
      {"backoff-to-normal-after-delivery",
       [](auto& s, auto* p) { p->backoff_to_normal_after_delivery = Bool(s); }},
      {"dkim-sign", [](auto& s, auto* p) { p->dkim_sign = Bool(s); }},
      {"suppress-file",
       [](auto& s, auto* p) {
         if (s.first().empty()) return p->suppress_files.clear();
         p->suppress_files.push_back(ResolvePath(s.where.file, s.first()));
       }},
      {"max-loop-count", [](auto& s, auto* p) { p->max_loop_count = Count(s); }},
      {"sanitize-headers", [](auto& s, auto* p) { p->sanitize_headers = Bool(s); }},
      {"log-delivery-failures", [](auto& s, auto* p) { p->log_delivery_failures = Bool(s); }},
      {"log-fallback-failures", [](auto& s, auto* p) { p->log_fallback_failures = Bool(s); }},
  };
  return setters;
}

// By the row's place in the table, so that applying a setting compares no names.
Apply SetterOf(const DirectiveRow& row) {
  static const std::vector<Apply> by_row = [] {
    std::vector<Apply> setters;
    for (const DirectiveRow& one : DirectiveTable()) {
      const auto found = Setters().find(one.name);
      setters.push_back(found == Setters().end() ? nullptr : found->second);
    }
    return setters;
  }();
  return by_row[RowIndex(row)];
}

}  // namespace

absl::StatusOr<BackoffLine> ParseBackoffLine(const Setting& setting) {
  const std::vector<std::string_view> fields = Split(setting.rest, ',');
  if (fields.size() != 4 || Trim(fields[0]).empty()) {
    return Invalid(Say<"a backoff line is 'CODE PATTERN, TIME, CONNECTIONS, MESSAGES-PER-HOUR', "
                       "for example '421 RP-001 *, 1h, 5, 1000'">());
  }
  BackoffLine line;
  line.pattern = Cat(setting.spelled, ' ', Trim(fields[0]));
  line.text = Cat(setting.spelled, ' ', setting.rest);
  line.where = setting.where;
  ASSIGN_OR_RETURN(line.duration, ParseTime(Trim(fields[1])));
  ASSIGN_OR_RETURN(line.connections, ParseCount(Trim(fields[2]), 0));
  ASSIGN_OR_RETURN(line.messages_per_hour, ParseCount(Trim(fields[3]), -1));
  return line;
}

void ApplySetting(const Setting& setting, Policy* policy) {
  if (setting.row == nullptr) {
    if (auto line = ParseBackoffLine(setting); line.ok()) {
      policy->backoff_lines.push_back(*std::move(line));
    }
    return;
  }
  const Apply setter = SetterOf(*setting.row);
  if (setter == nullptr) return;
  setter(setting, policy);
  policy->origins.insert_or_assign(
      std::string(setting.row->name),
      Policy::Origin{setting.where, setting.row->secret ? std::string("(hidden)") : setting.rest});
}

}  // namespace convoy::config
