// Where the shard's parts get their configuration from: policies, sources and sites by name.
//
// ConfigPolicyBook (config_policy_book.h) answers from a loaded configuration; a reload swaps the
// book. Tests and the simulator may answer from a table.
//
// Thread:    loop-affine
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "shard/engine/delivery_policy.h"

namespace convoy::shard {

// The effective <source> settings of one client address.
struct SourcePolicy {
  bool smtp_service = true;
  bool may_relay = false;  // always-allow-relaying
  bool process_x_virtual_mta = false;
  bool process_x_job = false;
  bool process_x_envid = false;
  bool retain_x_virtual_mta = false;
  bool retain_x_job = false;
  bool add_received_header = true;
  bool hide_message_source = false;
  bool add_date_header = false;
  bool add_message_id_header = false;
  bool reject_invalid_virtual_mta = true;
  std::string default_virtual_mta = "{default}";
  uint64_t max_message_size = uint64_t{64} << 20;
  uint32_t max_rcpt_per_message = 1000;
  uint32_t max_message_hops = 100;
};

class PolicyBook {
 public:
  virtual ~PolicyBook() = default;
  // The effective settings of a queue. Never null.
  virtual DeliveryPolicyPtr PolicyFor(std::string_view domain, std::string_view vmta) = 0;
  // Null if no virtual MTA has that name (any more).
  virtual const VmtaIdentity* FindVmta(std::string_view name) = 0;
  // queue-to or rollup name of a lower-case domain, else the domain itself.
  virtual std::string SiteOf(std::string_view domain) = 0;
  virtual uint32_t TotalMaxSmtpOut() = 0;

  // What a client at this address may do. Nobody may relay unless a <source> says so.
  virtual SourcePolicy SourceFor(const IpAddress& client) = 0;
  // The virtual MTAs a name stands for: itself, or the members of a pool; empty if there is none.
  virtual std::vector<std::string> MembersOf(std::string_view vmta_or_pool) = 0;
  virtual std::string HostName() = 0;
  // Every name this shard is known by: its host name and those of its virtual MTAs.
  virtual std::vector<std::string> OwnNames() = 0;
};

}  // namespace convoy::shard
