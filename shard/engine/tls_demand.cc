#include "shard/engine/tls_demand.h"

#include <utility>

#include "base/text.h"
#include "dane/host_lookup.h"

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

}  // namespace

Task<TlsDemand> DemandFor(dns::Resolver& resolver, const DeliveryPolicy& policy,
                          const dns::MxHost& host) {
  TlsDemand demand{.mode = policy.tls, .sni = host.name};
  if (policy.use_dane || policy.require_dane) {
    dane::HostTls found = co_await dane::LookUpHost(resolver, host);
    Apply(std::move(found), policy, &demand);
  }
  co_return demand;
}

}  // namespace convoy::shard
