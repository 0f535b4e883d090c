// A loaded configuration: immutable, shared by all threads, asked by name.
//
// A setting of a queue domain/vmta is taken from <domain> in the virtual MTA, else in its pool,
// else at the top level, else the default. Inside a scope all matching <domain> sections merge, the
// more specific one last (domain_rules.h).
//
// PolicyFor computes; policy_cache.h keeps what was computed.
//
// Thread:    immutable
// Determinism: pure
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "config/domain_rules.h"
#include "config/lists.h"
#include "config/policy.h"
#include "config/section.h"

namespace convoy::config {

struct SourceHostEntry {
  IpAddress ip;
  std::string host_name;
};

struct VirtualMta {
  std::string name;
  std::vector<SourceHostEntry> hosts;  // empty: the system's address and the global host-name
  std::string host_name;               // "": the global one
  int64_t max_smtp_out = 0;            // 0: no limit
  RateValue max_smtp_msg_rate;
};

struct DomainKeyEntry {
  std::string selector;
  std::string domain;  // "*": whatever the From domain is
  std::string file;    // resolved path
  Position where;
};

// The effective <source> of a client.
struct SourceSettings {
  bool smtp_service = true;
  // Never with require-auth while AUTH is not offered: such a client could not have proved itself.
  bool always_allow_relaying = false;
  bool require_auth = false;
  bool process_x_virtual_mta = false;
  bool retain_x_virtual_mta = false;
  bool process_x_job = false;
  bool retain_x_job = false;
  bool process_x_envid = false;
  bool add_received_header = true;
  bool hide_message_source = false;
  bool add_date_header = false;
  bool add_message_id_header = false;
  std::string default_virtual_mta = "{default}";
  int64_t max_message_size = int64_t{64} << 20;
  int64_t max_rcpt_per_message = 1000;
  int64_t max_message_hops = 100;
};

struct AcctFile {
  std::string path;  // resolved
  std::vector<std::string> records = {"d", "b"};
  int64_t max_size = int64_t{250} << 20;
};

// The <domain> sections that make up the settings of a queue, scope by scope, each scope from the
// general to the specific one. Two queues with equal paths have equal policies.
struct PolicyPath {
  std::vector<const Section*> global;
  std::vector<const Section*> pool;
  std::vector<const Section*> vmta;

  bool operator==(const PolicyPath&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const PolicyPath& p) {
    return H::combine(std::move(h), p.global, p.pool, p.vmta);
  }
};

// The name that queue-to names: in lower case, without a dot at its end.
std::string SiteName(std::string_view written);

class Config {
 public:
  // From the sections of one file; what is wrong goes to `diagnostics`. Null if there are errors.
  static std::shared_ptr<const Config> Build(const Section& root,
                                             const std::vector<SourceFile>& files,
                                             std::vector<Diagnostic>* diagnostics);

  SourceSettings SourceFor(const IpAddress& client) const;
  // As the <source> named by a listener or user says, over what holds for the address.
  SourceSettings SourceFor(const IpAddress& client, std::string_view name) const;
  // Null if there is none of that name. "{default}" always exists.
  const VirtualMta* FindVmta(std::string_view name) const;
  // The virtual MTA itself, or a pool's members; empty if the name is neither.
  std::vector<std::string> MembersOf(std::string_view name) const;
  std::vector<std::string> VmtaNames() const;
  // Settings of the queue domain/vmta. Not cached: ask once per queue, or a PolicyCache.
  Policy PolicyFor(std::string_view domain, std::string_view vmta) const;
  // The sections that PolicyFor applies, and the policy they give. They live as long as the Config.
  PolicyPath PathFor(std::string_view domain, std::string_view vmta) const;
  static Policy PolicyOf(const PolicyPath& path);
  // The name the mail of a lower-case domain is queued under.
  std::string SiteOf(std::string_view domain) const;
  // Keys for a From domain, those of the virtual MTA first.
  std::vector<DomainKeyEntry> DomainKeysFor(std::string_view vmta,
                                            std::string_view from_domain) const;

  const std::string& host_name() const { return host_name_; }
  const std::vector<Endpoint>& name_servers() const { return name_servers_; }
  const std::vector<Endpoint>& smtp_listeners() const { return smtp_listeners_; }
  const std::optional<Endpoint>& grpc_listener() const { return grpc_listener_; }
  int64_t total_max_smtp_out() const { return total_max_smtp_out_; }
  int64_t total_max_smtp_in() const { return total_max_smtp_in_; }
  const std::vector<AcctFile>& acct_files() const { return acct_files_; }
  // Every suppress-file and key file named anywhere, resolved, with where it is named.
  const std::map<std::string, Position>& suppress_files() const { return suppress_files_; }
  std::vector<DomainKeyEntry> AllDomainKeys() const;
  // Lists and small sections.
  const Lists& lists() const { return lists_; }
  // In any case; null if there is none of that name.
  const SmtpPatternList* FindSmtpPatternList(std::string_view name) const;
  // Changes with every octet of every file.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  friend class ConfigBuilder;
  struct Source {
    std::optional<Cidr> range;  // absent: named
    std::string name;           // lower case
    SectionPtr section;
  };
  struct Pool {
    std::string name;
    std::vector<std::string> members;
    DomainRules rules;
    std::vector<DomainKeyEntry> keys;
  };

  // Where one queue-to leads; `domain` itself if there is none.
  std::string NextSite(std::string_view domain) const;
  void ApplySources(const IpAddress& client, SourceSettings* settings) const;

  std::vector<Source> sources_;  // the most specific last
  std::map<std::string, VirtualMta, std::less<>> vmtas_;
  std::map<std::string, Pool, std::less<>> pools_;
  // Every pool that has it as a member, the one with <domain> sections first.
  std::map<std::string, std::vector<std::string>, std::less<>> pools_of_vmta_;
  std::map<std::string, DomainRules, std::less<>> vmta_rules_;
  std::map<std::string, std::vector<DomainKeyEntry>, std::less<>> vmta_keys_;
  DomainRules rules_;
  std::vector<DomainKeyEntry> keys_;
  std::string host_name_;
  bool global_relaying_ = false;
  std::vector<Endpoint> name_servers_;
  std::vector<Endpoint> smtp_listeners_;
  std::optional<Endpoint> grpc_listener_;
  int64_t total_max_smtp_out_ = 1200;
  int64_t total_max_smtp_in_ = 1000;
  std::vector<AcctFile> acct_files_;
  std::map<std::string, Position> suppress_files_;
  Lists lists_;
  std::string fingerprint_;
};

}  // namespace convoy::config
