// What is asked of the TLS with one mail host: by the queue's directives, by DANE and by MTA-STS.
//
//     use-starttls, require-starttls    off, when offered, or always
//     use-dane                          what the host's TLSA records ask for, never less than above
//     require-dane                      TLSA records that prove the host, or no mail
//     use-mta-sts                       what the policy of the next hop's domain asks for, where
//                                       DANE does not prove or exclude the host already
//
// What they ask for cannot be talked out of: a host that does not meet it is passed over, and the
// mail waits when no other is left (RFC 7672 2.2, 8461 5). They beat
// `use-starttls no`.
//
// RFC:       7672 2.2 and 6, 8461 2 (DANE goes first) and 5, 3207 4.1
// Determinism: pure, given the resolver's answers
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/ip_address.h"
#include "dns/mx_plan.h"
#include "dns/resolver.h"
#include "runtime/task.h"
#include "runtime/tlsa_record.h"
#include "shard/engine/delivery_policy.h"
#include "smtp/client_session.h"
#include "sts/policy_book.h"

namespace convoy::shard {

struct TlsDemand {
  smtp::TlsMode mode = smtp::TlsMode::kOff;
  bool must_verify = false;
  std::string sni;
  std::vector<std::string> names;  // other names the certificate may be for
  std::vector<TlsaRecord> tlsa;    // what alone proves the host; empty: the authorities
  std::string proof;               // who vouches for a certificate that passes: "dane", "mta-sts"
  absl::Status refusal;            // not ok: this host gets no mail now
  bool testing = false;            // an MTA-STS policy in testing mode: report what is wrong
  std::string testing_trouble;     // what is already known to be

  // A handshake that fails may be followed by one attempt in clear text.
  bool MayFallBack() const { return mode == smtp::TlsMode::kOpportunistic && !must_verify; }
};

// The key under which TLS sessions with `peer` are kept: all that a handshake is asked to prove, so
// that none made under a lesser demand is resumed under this one; and `source`, our address, so
// that no session shows that two addresses are one sender's.
std::string SessionKey(const TlsDemand& demand, const std::string& source, const Endpoint& peer);

// What is passed by reference must outlive the task.
// `sts` may be null.
Task<TlsDemand> DemandFor(dns::Resolver& resolver, sts::PolicyBook* sts,
                          const DeliveryPolicy& policy, const dns::MxHost& host);

}  // namespace convoy::shard
