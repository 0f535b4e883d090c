// Where the mail of a domain goes: the hosts to try, in order, with their addresses.
//
// RFC 5321 5.1 as one function over a Resolver. The rules, by their test ids:
//
//     domain has                          plan
//     ----------------------------------  ------------------------------------------------------
//     MX records                          by preference, equal ones shuffled; addresses in the
//                                         resolver's order (MX-01, 06-08, 11, 16)
//     one MX record `0 .`                 permanent 556 5.1.10, nothing is contacted (MX-12)
//     MX records, none usable             failure, never the domain's own address (MX-05, 13)
//     no MX record (NODATA)               the domain itself, preference 0 (MX-04)
//     no such name (NXDOMAIN)             permanent 550 5.1.2 (MX-02)
//     no answer (SERVFAIL, timeout)       temporary 451 4.4.3, never the address (MX-03)
//     ourselves among the MX              what is preferred over us; nothing left: 5.4.6 (MX-10)
//     an address in brackets              that address (MX-15)
//     hosts on loopback or 0.0.0.0        refused unless allowed (MX-17)
//
// A static route (`smtp-hosts`) replaces the domain's MX. A host it names is never taken for us by
// its name (another program may take mail on another port of this machine), only by where it leads:
//
//     route = level *( ";" level )        levels are tried in order, like preferences
//     level = place *( "," place )        one level is shuffled
//     place = "lookup-mx:" domain / host [":" port] / "[" address "]" [":" port]
//
// RFC:       5321 5.1 and 4.1.3, 7505 3 and 4.1, 3463 (status codes)
// Limits:    kHostsMax hosts are looked up, the best first; addresses_per_host_max of each are kept
// Errors:    MxPlan::failure; ParseRoute: InvalidArgument naming the piece
// Determinism: pure, given the resolver's answers and the Rng
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "base/ip_address.h"
#include "base/rng.h"
#include "dns/resolver.h"
#include "runtime/task.h"

namespace convoy::dns {

constexpr uint16_t kSmtpPort = 25;
constexpr size_t kHostsMax = 20;

// What we are to the outside, for MX-10. The names are as NormalName() gives them.
struct Ourselves {
  absl::flat_hash_set<std::string> names;
  absl::flat_hash_set<Endpoint> endpoints;  // where we take mail
};

struct PlanOptions {
  uint16_t port = kSmtpPort;
  std::string route;  // smtp-hosts; empty: the MX of the domain
  // Address families the source can use.
  bool ipv4 = true;
  bool ipv6 = true;
  bool allow_loopback = false;
  bool bounce_upon_no_mx = false;              // a domain without MX records fails instead of MX-04
  std::shared_ptr<const Ourselves> ourselves;  // null: no MX is us
  size_t addresses_per_host_max = 8;           // at least 2 (MX-09)
};

struct MxHost {
  std::string name;
  int preference = 0;  // lower is earlier; for a route, its level is in front of this
  uint16_t port = kSmtpPort;
  std::vector<IpAddress> addresses;  // never empty in a plan
  // For DANE (RFC 7672 2.2). Where the mail was to go, and where CNAMEs led from there; nothing for
  // an address in brackets.
  std::vector<std::string> next_hops;
  std::string canonical_name;   // where CNAMEs led from `name`; empty: nowhere else
  bool name_secure = false;     // `name` is ours, or from DNSSEC-validated records
  bool address_secure = false;  // so are the addresses, and all CNAMEs on the way
};

struct PlanFailure {
  bool permanent = false;
  int code = 451;      // the SMTP reply that says the same: 451, 550, 556
  std::string status;  // enhanced status code
  std::string text;
};

struct MxPlan {
  std::vector<MxHost> hosts;           // in the order to try them
  std::optional<PlanFailure> failure;  // set exactly when there are no hosts
  bool implicit_mx = false;
  bool address_literal = false;
  // What was found outside the standard and passed over (MX-11, MX-13), for the log.
  std::vector<std::string> anomalies;
};

// One destination of a route.
struct RoutePlace {
  enum class Kind { kLookupMx, kHost, kAddress };
  Kind kind = Kind::kHost;
  int level = 0;
  std::string name;  // a domain or a host
  IpAddress ip;      // kAddress
  std::optional<uint16_t> port;
};
absl::StatusOr<std::vector<RoutePlace>> ParseRoute(std::string_view text);

// `domain` in ASCII (A-labels). What is passed by reference must outlive the task.
Task<MxPlan> PlanFor(Resolver& resolver, std::string domain, PlanOptions options, Rng& rng);

}  // namespace convoy::dns
