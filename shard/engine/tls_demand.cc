#include "shard/engine/tls_demand.h"

#include <utility>

#include "base/text.h"
#include "dane/host_lookup.h"
#include "dane/tlsa.h"

namespace convoy::shard {
namespace {

void Apply(dane::HostTls found, const DeliveryPolicy& policy, TlsDemand* demand) {
  switch (found.level) {
    case dane::Level::kNone:
      break;
    case dane::Level::kUnreachable:
      demand->refusal = absl::FailedPreconditionError(found.why);
      break;
    case dane::Level::kEncrypted:
      found.why = "no TLSA record can be used";
      demand->mode = smtp::TlsMode::kRequired;
      break;
    case dane::Level::kProven:
      demand->mode = smtp::TlsMode::kRequired;
      demand->must_verify = true;
      demand->sni = std::move(found.base);
      demand->names = std::move(found.names);
      demand->tlsa = std::move(found.records);
      demand->proof = "dane";
      break;
  }
  if (policy.require_dane && demand->refusal.ok() && !demand->must_verify) {
    demand->refusal = absl::FailedPreconditionError(Cat("DANE is required: ", found.why));
  }
}

void Apply(const sts::Policy& policy, const std::string& domain, const dns::MxHost& host,
           TlsDemand* demand) {
  const bool covered = sts::Covers(policy, host.name);
  const std::string trouble =
      covered ? "" : Cat("MTA-STS: ", host.name, " is no mx of the policy of ", domain);
  switch (policy.mode) {
    case sts::Mode::kNone:
      break;
    case sts::Mode::kTesting:
      demand->testing = true;
      demand->testing_trouble = trouble;
      break;
    case sts::Mode::kEnforce:
      if (!covered) demand->refusal = absl::FailedPreconditionError(trouble);
      demand->mode = smtp::TlsMode::kRequired;
      demand->must_verify = true;
      demand->proof = "mta-sts";
      break;
  }
}

}  // namespace

std::string SessionKey(const TlsDemand& demand, const std::string& source, const Endpoint& peer) {
  return Cat(source, ' ', peer.ToString(), ' ', demand.sni, ' ', Join(demand.names, ","), ' ',
             static_cast<int>(demand.mode), demand.must_verify ? " must " : " may ", demand.proof,
             ' ', dane::Fingerprint(demand.tlsa));
}

Task<TlsDemand> DemandFor(dns::Resolver& resolver, sts::PolicyBook* sts,
                          const DeliveryPolicy& policy, const dns::MxHost& host) {
  TlsDemand demand{.mode = policy.tls, .sni = host.name};
  if (policy.use_dane || policy.require_dane) {
    dane::HostTls found = co_await dane::LookUpHost(resolver, host);
    Apply(std::move(found), policy, &demand);
  }
  // RFC 8461 2: a policy neither replaces a proof by DANE nor mends a failure of it.
  const bool undecided = demand.refusal.ok() && !demand.must_verify;
  if (policy.use_mta_sts && sts != nullptr && undecided && !host.next_hops.empty()) {
    const std::string& domain = host.next_hops.front();
    const sts::FoundPolicy found = co_await sts::FindPolicy(*sts, domain);
    if (found.policy.has_value()) Apply(*found.policy, domain, host, &demand);
  }
  co_return demand;
}

}  // namespace convoy::shard
