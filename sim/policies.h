// The configurations of a simulated cluster: every domain has limits and retry times drawn from the
// seed, the same on all shards; only source addresses differ. A reload brings other limits.
//
// A virtual MTA has one address on each shard, so a source address names both.
//
// Thread:    loop-affine
// Determinism: pure, given the seed
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "shard/engine/policy_book.h"

namespace convoy::sim {

inline constexpr int kVmtas = 2;
inline constexpr std::string_view kSuppressFile = "suppressed";

std::string DomainName(int domain);            // d3.test
IpAddress DomainAddress(int domain);           // of its only MX
std::string VmtaName(int vmta);                // v1
IpAddress SourceAddress(int shard, int vmta);  // of a virtual MTA on a shard
IpAddress ShardAddress(int shard);
// The numbers behind an address or name; -1 if it is none.
int DomainOf(const IpAddress& address);
int ShardOf(const IpAddress& source);
int VmtaOf(const IpAddress& source);

// The policies of all domains of one cluster.
class PolicyTable {
 public:
  PolicyTable(uint64_t seed, int domains);
  // As `before`, with other limits for about half of the domains.
  PolicyTable(const PolicyTable& before, uint64_t seed);
  const shard::DeliveryPolicyPtr& Of(int domain) const { return policies_[domain]; }
  const shard::SharedLimits& vmta_limits() const { return vmta_limits_; }
  int domains() const { return static_cast<int>(policies_.size()); }

 private:
  std::vector<shard::DeliveryPolicyPtr> policies_;
  shard::SharedLimits vmta_limits_;
};

// Every configuration of one cluster, by the text that travels as its bundle.
class PolicyVersions {
 public:
  PolicyVersions(uint64_t seed, int domains) : first_(seed, domains) {}
  // What a shard runs that has never heard of another one.
  const PolicyTable& first() const { return first_; }
  // "": the first. Tables live as long as this.
  const PolicyTable& Of(const std::string& bundle);

 private:
  PolicyTable first_;
  std::map<std::string, std::unique_ptr<PolicyTable>> later_;
};

class SimPolicyBook final : public shard::PolicyBook {
 public:
  SimPolicyBook(const PolicyTable& table, int shard);
  // From now on. It outlives the book.
  void Use(const PolicyTable& table);
  const PolicyTable& table() const { return *table_; }

  shard::DeliveryPolicyPtr PolicyFor(std::string_view domain, std::string_view vmta) override;
  const shard::VmtaIdentity* FindVmta(std::string_view name) override;
  std::string SiteOf(std::string_view domain) override { return std::string(domain); }
  uint32_t TotalMaxSmtpOut() override { return 200; }
  shard::SourcePolicy SourceFor(const IpAddress& client) override;
  std::vector<std::string> MembersOf(std::string_view vmta_or_pool) override;
  std::string HostName() override { return "cluster.test"; }
  std::vector<std::string> OwnNames() override;

 private:
  const PolicyTable* table_;
  std::map<std::string, shard::VmtaIdentity, std::less<>> vmtas_;
  std::map<std::string, int, std::less<>> domains_;
};

}  // namespace convoy::sim
