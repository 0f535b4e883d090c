#include "sim/policies.h"

#include "base/stable_hash.h"
#include "base/text.h"

namespace convoy::sim {
namespace {

int64_t Draw(Rng& rng, int64_t from, int64_t to) {
  return from + static_cast<int64_t>(rng.Below(static_cast<uint64_t>(to - from + 1)));
}

// Limits of one kind keep their interval, so that what was counted under one limit counts under the
// next.
void DrawQueueLimits(Rng& rng, shard::QueuePolicy* policy) {
  policy->max_smtp_out = static_cast<uint32_t>(Draw(rng, 1, 4));
  if (rng.Chance(0.3)) policy->max_msg_rate = {Draw(rng, 3, 20), Seconds(10)};
}

void DrawSiteLimits(Rng& rng, shard::SharedLimits* limits) {
  if (rng.Chance(0.3)) limits->max_connections = static_cast<uint32_t>(Draw(rng, 1, 4));
  if (rng.Chance(0.3)) limits->max_msg_rate = {Draw(rng, 5, 30), Seconds(15)};
}

shard::DeliveryPolicyPtr DrawPolicy(Rng& rng) {
  auto schedule = std::make_shared<shard::QueuePolicy>();
  DrawQueueLimits(rng, schedule.get());
  if (rng.Chance(0.4)) schedule->max_msg_per_connection = static_cast<uint32_t>(Draw(rng, 1, 5));
  if (rng.Chance(0.3)) schedule->max_errors_per_connection = static_cast<uint32_t>(Draw(rng, 1, 3));
  schedule->retry_after = {Seconds(Draw(rng, 2, 10)), Seconds(Draw(rng, 10, 40))};
  schedule->retry_after_dns_error = Seconds(10);
  schedule->mx_connection_attempts = static_cast<uint32_t>(Draw(rng, 1, 5));
  if (rng.Chance(0.3)) schedule->smtp_out_rampup_interval = Seconds(Draw(rng, 1, 3));
  if (rng.Chance(0.5)) schedule->connection_idle_timeout = Seconds(Draw(rng, 1, 10));
  schedule->retry_upon_new_mail = rng.Chance(0.3);
  auto policy = std::make_shared<shard::DeliveryPolicy>();
  policy->schedule = std::move(schedule);
  DrawSiteLimits(rng, &policy->site);
  policy->retry_interval = {Seconds(Draw(rng, 5, 20)), Seconds(Draw(rng, 20, 60))};
  policy->bounce_after = Minutes(40);
  policy->connect_timeout = Seconds(8);
  policy->timeouts = {.greeting = Seconds(20),
                      .hello = Seconds(20),
                      .mail = Seconds(20),
                      .rcpt = Seconds(20),
                      .data = Seconds(20),
                      .block = Seconds(20),
                      .body = Seconds(30),
                      .reset = Seconds(10),
                      .quit = Seconds(2)};
  policy->tls = smtp::TlsMode::kOff;
  policy->dkim_sign = rng.Chance(0.5);
  policy->use_pipelining = rng.Chance(0.8);
  policy->suppress_files = {std::string(kSuppressFile)};
  return policy;
}

}  // namespace

std::string DomainName(int domain) { return Cat("d", domain, ".test"); }
std::string VmtaName(int vmta) { return Cat("v", vmta); }
IpAddress DomainAddress(int domain) {
  return IpAddress::V4(10, 9, static_cast<uint8_t>(domain), 1);
}
IpAddress ShardAddress(int shard) { return IpAddress::V4(10, 1, static_cast<uint8_t>(shard), 1); }
IpAddress SourceAddress(int shard, int vmta) {
  return IpAddress::V4(10, 2, static_cast<uint8_t>(shard), static_cast<uint8_t>(vmta));
}
int DomainOf(const IpAddress& address) { return static_cast<uint8_t>(address.bytes()[2]); }
int ShardOf(const IpAddress& source) { return static_cast<uint8_t>(source.bytes()[2]); }
int VmtaOf(const IpAddress& source) { return static_cast<uint8_t>(source.bytes()[3]); }

PolicyTable::PolicyTable(uint64_t seed, int domains) {
  Rng rng(seed ^ 0x706f6c696379ull);
  for (int i = 0; i < domains; ++i) policies_.push_back(DrawPolicy(rng));
  if (rng.Chance(0.5)) vmta_limits_.max_connections = static_cast<uint32_t>(Draw(rng, 4, 10));
}

PolicyTable::PolicyTable(const PolicyTable& before, uint64_t seed) : policies_(before.policies_) {
  Rng rng(seed);
  for (shard::DeliveryPolicyPtr& policy : policies_) {
    if (rng.Chance(0.5)) continue;
    auto schedule = std::make_shared<shard::QueuePolicy>(*policy->schedule);
    schedule->max_msg_rate = {};
    DrawQueueLimits(rng, schedule.get());
    auto other = std::make_shared<shard::DeliveryPolicy>(*policy);
    other->schedule = std::move(schedule);
    other->site = {};
    DrawSiteLimits(rng, &other->site);
    policy = std::move(other);
  }
  if (rng.Chance(0.5)) vmta_limits_.max_connections = static_cast<uint32_t>(Draw(rng, 4, 10));
}

const PolicyTable& PolicyVersions::Of(const std::string& bundle) {
  if (bundle.empty()) return first_;
  std::unique_ptr<PolicyTable>& table = later_[bundle];
  if (table == nullptr) table = std::make_unique<PolicyTable>(first_, StableHash(bundle));
  return *table;
}

SimPolicyBook::SimPolicyBook(const PolicyTable& table, int shard) : table_(&table) {
  for (int v = 1; v <= kVmtas; ++v) {
    shard::VmtaIdentity identity;
    identity.hosts.push_back({SourceAddress(shard, v), Cat(VmtaName(v), ".cluster.test")});
    identity.limits = table.vmta_limits();
    vmtas_.emplace(VmtaName(v), std::move(identity));
  }
  for (int d = 0; d < table.domains(); ++d) domains_[DomainName(d)] = d;
}

void SimPolicyBook::Use(const PolicyTable& table) {
  table_ = &table;
  for (auto& [name, identity] : vmtas_) identity.limits = table.vmta_limits();
}

shard::DeliveryPolicyPtr SimPolicyBook::PolicyFor(std::string_view domain, std::string_view) {
  const auto found = domains_.find(domain);
  return table_->Of(found == domains_.end() ? 0 : found->second);
}

const shard::VmtaIdentity* SimPolicyBook::FindVmta(std::string_view name) {
  const auto found = vmtas_.find(name);
  return found == vmtas_.end() ? nullptr : &found->second;
}

shard::SourcePolicy SimPolicyBook::SourceFor(const IpAddress&) {
  shard::SourcePolicy source;
  source.may_relay = true;
  source.default_virtual_mta = "pool";
  return source;
}

std::vector<std::string> SimPolicyBook::OwnNames() {
  std::vector<std::string> names = {HostName()};
  for (const auto& [name, vmta] : vmtas_) {
    for (const shard::SourceHost& host : vmta.hosts) names.push_back(host.name);
  }
  return names;
}

std::vector<std::string> SimPolicyBook::MembersOf(std::string_view name) {
  if (name != "pool")
    return vmtas_.contains(name) ? std::vector{std::string(name)} : std::vector<std::string>();
  std::vector<std::string> all;
  for (const auto& [vmta, identity] : vmtas_) all.push_back(vmta);
  return all;
}

}  // namespace convoy::sim
