#include "shard/engine/config_policy_book.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

Rate RateFrom(const config::RateValue& rate) { return {rate.count, rate.interval}; }

uint32_t Connections(int64_t count) {
  return count == 0 ? kUnlimitedConnections
                    : static_cast<uint32_t>(std::min<int64_t>(count, kUnlimitedConnections));
}

QueuePolicyPtr SchedulePolicy(const config::Policy& policy) {
  auto out = std::make_shared<QueuePolicy>();
  out->max_smtp_out = Connections(policy.max_smtp_out);
  out->max_msg_rate = RateFrom(policy.max_msg_rate);
  out->max_msg_per_connection = static_cast<uint32_t>(policy.max_msg_per_connection);
  out->max_errors_per_connection = static_cast<uint32_t>(policy.max_errors_per_connection);
  out->priority = static_cast<uint32_t>(std::min<int64_t>(policy.queue_priority, 100));
  out->retry_after = policy.retry_after;
  out->retry_after_dns_error = policy.retry_after_dns_error;
  out->mx_connection_attempts =
      static_cast<uint32_t>(std::max<int64_t>(1, policy.mx_connection_attempts));
  out->smtp_out_rampup_interval = policy.smtp_out_rampup_interval;
  out->connection_idle_timeout = policy.connection_idle_timeout;
  out->retry_upon_new_mail = policy.retry_upon_new_mail;
  return out;
}

std::shared_ptr<const ReplyRule> RuleFrom(const config::BackoffLine& line) {
  const auto pattern = BackoffPattern::Make(line.pattern);
  CHECK(pattern.ok());  // its form was checked when the file was read
  auto rule = std::make_shared<ReplyRule>();
  rule->pattern = *pattern;
  rule->backoff.to_normal_after = line.duration;
  rule->backoff.max_smtp_out = Connections(line.connections);
  rule->backoff.max_msg_rate =
      line.messages_per_hour < 0 ? Rate{} : Rate{line.messages_per_hour, Hours(1)};
  return rule;
}

std::shared_ptr<const ReplyRule> RuleFrom(const config::ReplyRule& line) {
  using Mode = config::ReplyRule::Mode;
  auto rule = std::make_shared<ReplyRule>();
  rule->pattern = std::make_shared<RegexPattern>(line.pattern);
  rule->mode = line.mode == Mode::kBackoff  ? ModeOrder::kBackoff
               : line.mode == Mode::kNormal ? ModeOrder::kNormal
                                            : ModeOrder::kKeep;
  rule->backoff.to_normal_after = line.backoff_to_normal_after;
  rule->bounce_rcpt = line.bounce_rcpt;
  rule->defer_queue = line.defer_queue;
  return rule;
}

BackoffSettings BackoffFrom(const config::Policy& policy, const ReplyRules& list) {
  BackoffSettings out;
  out.max_smtp_out = Connections(policy.backoff_max_smtp_out);
  out.max_msg_rate = RateFrom(policy.backoff_max_msg_rate);
  out.retry_after = policy.backoff_retry_after;
  out.to_normal_after = policy.backoff_to_normal_after;
  out.to_normal_after_delivery = policy.backoff_to_normal_after_delivery;
  for (const config::BackoffLine& line : policy.backoff_lines) out.rules.push_back(RuleFrom(line));
  out.rules.insert(out.rules.end(), list.begin(), list.end());
  return out;
}

void SetDialogue(const config::Policy& policy, DeliveryPolicy* out) {
  out->timeouts.greeting = policy.smtp_greeting_timeout;
  out->timeouts.block = policy.data_send_timeout;
  out->timeouts.body = policy.smtp_data_termination_timeout;
  out->connect_timeout = policy.connect_timeout;
  out->tls = policy.require_starttls ? smtp::TlsMode::kRequired
             : policy.use_starttls   ? smtp::TlsMode::kOpportunistic
                                     : smtp::TlsMode::kOff;
  out->use_dane = policy.use_dane;
  out->require_dane = policy.require_dane;
  out->use_mta_sts = policy.use_mta_sts;
  out->reuse_tls_sessions = policy.reuse_ssl_session;
  out->use_pipelining = !policy.ignore_pipelining;
  out->use_8bitmime = !policy.ignore_8bitmime;
  out->use_chunking = !policy.ignore_chunking;
  out->auth_user = policy.auth_username;
  out->auth_password = policy.auth_password;
}

// The rules of each smtp-pattern-list, made once: its queues share them.
class ReplyRuleLists {
 public:
  // Null: none.
  const ReplyRules& RulesOf(const config::SmtpPatternList* list) {
    const auto [found, added] = lists_.try_emplace(list);
    if (added && list != nullptr) {
      for (const config::ReplyRule& line : list->rules) {
        const bool acts =
            line.mode != config::ReplyRule::Mode::kKeep || line.bounce_rcpt || line.defer_queue;
        if (acts) found->second.push_back(RuleFrom(line));
      }
    }
    return found->second;
  }

 private:
  absl::flat_hash_map<const config::SmtpPatternList*, ReplyRules> lists_;
};

config::PolicyCache<DeliveryPolicy>::Make PolicyMaker(
    std::shared_ptr<const config::Config> config) {
  return [config = std::move(config),
          lists = std::make_shared<ReplyRuleLists>()](const config::Policy& policy) {
    return DeliveryPolicyFrom(
        policy, lists->RulesOf(config->FindSmtpPatternList(policy.smtp_pattern_list)));
  };
}

}  // namespace

DeliveryPolicyPtr DeliveryPolicyFrom(const config::Policy& policy, const ReplyRules& list) {
  auto out = std::make_shared<DeliveryPolicy>();
  out->schedule = SchedulePolicy(policy);
  out->backoff = BackoffFrom(policy, list);
  out->site.max_connections = Connections(policy.site_max_smtp_out);
  out->site.max_msg_rate = RateFrom(policy.site_max_msg_rate);
  out->retry_interval = policy.retry_interval;
  out->min_retry_interval = policy.min_retry_interval;
  out->bounce_after = policy.bounce_after;
  out->verdict.bounce_on_4xx_status = policy.bounce_on_4xx_status;
  out->verdict.bounce_upon_5xx_greeting = policy.bounce_upon_5xx_greeting;
  out->dkim_sign = policy.dkim_sign;
  SetDialogue(policy, out.get());
  out->smtp_hosts = policy.smtp_hosts;
  out->port = static_cast<uint16_t>(policy.default_smtp_port);
  out->allow_loopback_hosts = policy.allow_loopback_hosts;
  out->bounce_upon_no_mx = policy.bounce_upon_no_mx;
  out->suppress_files = policy.suppress_files;
  out->max_loop_count = static_cast<uint32_t>(policy.max_loop_count);
  out->sanitize_headers = policy.sanitize_headers;
  out->log_delivery_failures = policy.log_delivery_failures;
  out->log_fallback_failures = policy.log_fallback_failures;
  return out;
}

ConfigPolicyBook::ConfigPolicyBook(std::shared_ptr<const config::Config> config)
    : config_(std::move(config)), policies_(config_, PolicyMaker(config_)) {
  for (const std::string& name : config_->VmtaNames()) {
    const config::VirtualMta& vmta = *config_->FindVmta(name);
    VmtaIdentity identity;
    for (const config::SourceHostEntry& host : vmta.hosts) {
      identity.hosts.push_back({host.ip, host.host_name});
    }
    const std::string& fallback = vmta.host_name.empty() ? config_->host_name() : vmta.host_name;
    if (identity.hosts.empty()) identity.hosts.push_back({std::nullopt, fallback});
    identity.limits.max_connections = Connections(vmta.max_smtp_out);
    identity.limits.max_msg_rate = RateFrom(vmta.max_smtp_msg_rate);
    vmtas_.emplace(name, std::move(identity));
  }
}

void ConfigPolicyBook::Swap(ConfigPolicyBook& other) {
  config_.swap(other.config_);
  std::swap(policies_, other.policies_);
  sites_.swap(other.sites_);
  vmtas_.swap(other.vmtas_);
  sources_.swap(other.sources_);
}

DeliveryPolicyPtr ConfigPolicyBook::PolicyFor(std::string_view domain, std::string_view vmta) {
  return policies_.PolicyFor(domain, vmta);
}

const VmtaIdentity* ConfigPolicyBook::FindVmta(std::string_view name) {
  const auto found = vmtas_.find(std::string(name));
  return found == vmtas_.end() ? nullptr : &found->second;
}

std::string ConfigPolicyBook::SiteOf(std::string_view domain) {
  std::string key(domain);
  if (const auto found = sites_.find(key); found != sites_.end()) return found->second;
  if (sites_.size() >= kNamesMax) sites_.clear();
  return sites_.emplace(std::move(key), config_->SiteOf(domain)).first->second;
}

std::vector<std::string> ConfigPolicyBook::OwnNames() {
  std::vector<std::string> names = {config_->host_name()};
  for (const auto& [name, identity] : vmtas_) {
    for (const SourceHost& host : identity.hosts) names.push_back(host.name);
  }
  return names;
}

uint32_t ConfigPolicyBook::TotalMaxSmtpOut() {
  return static_cast<uint32_t>(config_->total_max_smtp_out());
}

SourcePolicy ConfigPolicyBook::SourceFor(const IpAddress& client) {
  if (const auto found = sources_.find(client); found != sources_.end()) return found->second;
  if (sources_.size() >= kNamesMax) sources_.clear();
  const config::SourceSettings settings = config_->SourceFor(client);
  SourcePolicy out;
  out.smtp_service = settings.smtp_service;
  out.may_relay = settings.always_allow_relaying;
  out.process_x_virtual_mta = settings.process_x_virtual_mta;
  out.retain_x_virtual_mta = settings.retain_x_virtual_mta;
  out.process_x_job = settings.process_x_job;
  out.retain_x_job = settings.retain_x_job;
  out.process_x_envid = settings.process_x_envid;
  out.add_received_header = settings.add_received_header;
  out.hide_message_source = settings.hide_message_source;
  out.add_date_header = settings.add_date_header;
  out.add_message_id_header = settings.add_message_id_header;
  out.default_virtual_mta = settings.default_virtual_mta;
  out.max_message_size = static_cast<uint64_t>(settings.max_message_size);
  out.max_rcpt_per_message = static_cast<uint32_t>(settings.max_rcpt_per_message);
  out.max_message_hops = static_cast<uint32_t>(settings.max_message_hops);
  return sources_.emplace(client, std::move(out)).first->second;
}

std::vector<std::string> ConfigPolicyBook::MembersOf(std::string_view name) {
  return config_->MembersOf(name);
}

}  // namespace convoy::shard
