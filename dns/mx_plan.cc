#include "dns/mx_plan.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "dns/host_name.h"

namespace convoy::dns {
namespace {

struct Candidate {
  bool from_mx = false;  // a name of the domain's own choice, not of the route's
  int level = 0;
  int preference = 0;
  uint16_t port = kSmtpPort;
  std::string name;
  std::vector<std::string> next_hops = {};
  std::string canonical_name = {};
  bool name_secure = false;
  bool address_secure = true;  // until an answer is not
  std::vector<IpAddress> addresses = {};
};

// Everything one plan is made from, and what went wrong on the way.
struct Work {
  Resolver& resolver;
  const PlanOptions& options;
  Rng& rng;
  std::string domain;

  std::vector<Candidate> candidates;
  MxPlan plan;
  std::optional<PlanFailure> failure;  // of a whole lookup; the first one counts
  std::string temporary;               // a host's lookup that may work later
  bool no_such_name = false;           // a host's name does not exist
  bool looped = false;
  bool loopback_refused = false;
};

PlanFailure Permanent(int code, std::string status, std::string text) {
  return {.permanent = true, .code = code, .status = std::move(status), .text = std::move(text)};
}

PlanFailure Temporary(std::string status, std::string text) {
  return {.permanent = false, .code = 451, .status = std::move(status), .text = std::move(text)};
}

std::string Describe(const DnsAnswer& answer, std::string_view name, RecordType type) {
  return Cat("DNS ", ToString(type), " lookup of ", name, ": ", ToString(answer.status),
             answer.detail.empty() ? "" : " (", answer.detail, answer.detail.empty() ? "" : ")");
}

std::vector<std::string> NextHops(const std::string& domain, const DnsAnswer& answer) {
  std::vector<std::string> names = {domain};
  if (!answer.canonical_name.empty()) names.push_back(answer.canonical_name);
  return names;
}

void AddMxCandidates(Work& work, const DnsAnswer& answer, const std::string& domain, int level,
                     uint16_t port) {
  for (const MxRecord& record : answer.mx) {
    if (record.host == ".") {
      work.plan.anomalies.push_back(Cat("MX . beside others or with a preference: ", domain));
    } else if (IpAddress::Parse(record.host).ok()) {
      work.plan.anomalies.push_back(Cat("MX of ", domain, " is an address: ", record.host));
    } else if (!IsHostName(record.host)) {
      work.plan.anomalies.push_back(Cat("MX of ", domain, " is no name: ", Escape(record.host)));
    } else {
      work.candidates.push_back({.from_mx = true,
                                 .level = level,
                                 .preference = record.preference,
                                 .port = port,
                                 .name = record.host,
                                 .next_hops = NextHops(domain, answer),
                                 .name_secure = answer.secure});
    }
  }
}

// Adds what the MX lookup of `domain` gives, or sets work.failure.
Task<void> ExpandMx(Work& work, std::string domain, int level, uint16_t port) {
  Lookup lookup(work.resolver, domain, RecordType::kMx);
  const DnsAnswer answer = co_await lookup;
  std::optional<PlanFailure> failure;
  switch (answer.status) {
    case DnsStatus::kOk:
      if (answer.mx.size() == 1 && answer.mx[0].host == "." && answer.mx[0].preference == 0) {
        failure = Permanent(556, "5.1.10", Cat(domain, " does not accept mail (null MX)"));
        break;
      }
      AddMxCandidates(work, answer, domain, level, port);
      break;
    case DnsStatus::kNoData:
      if (work.options.bounce_upon_no_mx) {
        failure = Permanent(550, "5.1.2", Cat(domain, " has no MX record"));
        break;
      }
      work.plan.implicit_mx = true;
      work.candidates.push_back(
          {.from_mx = true,
           .level = level,
           .port = port,
           .name = answer.canonical_name.empty() ? domain : answer.canonical_name,
           .next_hops = NextHops(domain, answer),
           .name_secure = answer.secure});
      break;
    case DnsStatus::kNxDomain:
      failure = Permanent(550, "5.1.2", Cat("domain ", domain, " does not exist"));
      break;
    case DnsStatus::kServFail:
    case DnsStatus::kTimeout:
    case DnsStatus::kBogus:
      failure = Temporary("4.4.3", Describe(answer, domain, RecordType::kMx));
      break;
  }
  if (failure.has_value() && !work.failure.has_value()) work.failure = std::move(failure);
}

// Best first, equal ones shuffled; no more than kHostsMax.
void Order(Work& work) {
  std::vector<Candidate>& all = work.candidates;
  for (size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[work.rng.Below(i)]);
  std::ranges::stable_sort(all, {},
                           [](const Candidate& c) { return std::tuple(c.level, c.preference); });
  if (all.size() > kHostsMax) all.resize(kHostsMax);
}

void TakeAddresses(Work& work, Candidate& candidate, const DnsAnswer& answer, RecordType type) {
  if (IsTemporary(answer.status)) work.temporary = Describe(answer, candidate.name, type);
  if (answer.status == DnsStatus::kNxDomain) work.no_such_name = true;
  if (answer.status != DnsStatus::kOk) return;
  if (!answer.canonical_name.empty() && answer.canonical_name != candidate.name) {
    work.plan.anomalies.push_back(Cat("mail host ", candidate.name, " is an alias (CNAME)"));
  }
  candidate.canonical_name = answer.canonical_name;
  candidate.address_secure = candidate.address_secure && answer.secure;
  candidate.addresses.insert(candidate.addresses.end(), answer.addresses.begin(),
                             answer.addresses.end());
}

Task<void> FindAddresses(Work& work, bool ipv4, bool ipv6) {
  std::vector<Question> questions;
  std::vector<size_t> owners;  // the candidate each question is for
  for (size_t i = 0; i < work.candidates.size(); ++i) {
    const Candidate& candidate = work.candidates[i];
    if (!candidate.addresses.empty()) continue;  // a route named the address
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa}) {
      if (!(type == RecordType::kA ? ipv4 : ipv6)) continue;
      questions.push_back({.name = candidate.name, .type = type});
      owners.push_back(i);
    }
  }
  LookupAll lookups(work.resolver, questions);
  const std::vector<DnsAnswer> answers = co_await lookups;
  for (size_t i = 0; i < answers.size(); ++i) {
    TakeAddresses(work, work.candidates[owners[i]], answers[i], questions[i].type);
  }
}

bool IsUs(const Candidate& candidate, const Ourselves& ourselves) {
  if (candidate.from_mx && ourselves.names.contains(NormalName(candidate.name))) return true;
  return std::ranges::any_of(candidate.addresses, [&](const IpAddress& ip) {
    return ourselves.endpoints.contains(Endpoint{.ip = ip, .port = candidate.port});
  });
}

// MX-10: ourselves, and everything that is not preferred over us.
void DropLoops(Work& work) {
  if (work.options.ourselves == nullptr) return;
  const Ourselves& ourselves = *work.options.ourselves;
  std::vector<Candidate>& all = work.candidates;
  const auto self =
      std::ranges::find_if(all, [&](const Candidate& c) { return IsUs(c, ourselves); });
  if (self == all.end()) return;
  work.looped = true;
  const auto from = std::pair(self->level, self->preference);
  std::erase_if(all, [&](const Candidate& c) { return std::pair(c.level, c.preference) >= from; });
}

void DropUnusable(Work& work) {
  const PlanOptions& options = work.options;
  const size_t addresses_max = std::max<size_t>(options.addresses_per_host_max, 2);
  for (Candidate& candidate : work.candidates) {
    std::erase_if(candidate.addresses, [&](const IpAddress& ip) {
      if (!(ip.is_v6() ? options.ipv6 : options.ipv4)) return true;
      const bool refused = !options.allow_loopback && (ip.is_loopback() || ip.is_unspecified());
      work.loopback_refused = work.loopback_refused || refused;
      return refused;
    });
    if (candidate.addresses.size() > addresses_max) candidate.addresses.resize(addresses_max);
  }
  std::erase_if(work.candidates, [](const Candidate& c) { return c.addresses.empty(); });
}

PlanFailure WhyNoHosts(const Work& work, bool other_family) {
  const std::string& domain = work.domain;
  if (work.failure.has_value()) return *work.failure;
  // Before the loop: a better host than us may only be out of sight.
  if (!work.temporary.empty()) return Temporary("4.4.3", work.temporary);
  if (work.looped) return Permanent(550, "5.4.6", Cat("mail for ", domain, " loops back to us"));
  if (work.loopback_refused) {
    return Permanent(550, "5.4.6", Cat("the mail hosts of ", domain, " are on loopback"));
  }
  if (other_family) {
    return Temporary("4.4.4", Cat("the mail hosts of ", domain, " have only ",
                                  work.options.ipv4 ? "IPv6" : "IPv4",
                                  " addresses, which the source cannot use"));
  }
  if (work.plan.implicit_mx) {
    return work.no_such_name
               ? Permanent(550, "5.1.2", Cat("domain ", domain, " does not exist"))
               : Permanent(550, "5.4.4", Cat(domain, " has neither MX nor address records"));
  }
  return Permanent(550, "5.4.4", Cat("no MX of ", domain, " is a host with an address"));
}

// Addresses for the candidates, and the plan that comes of it.
Task<void> Resolve(Work& work) {
  const bool ipv4 = work.options.ipv4;
  const bool ipv6 = work.options.ipv6;
  Order(work);
  co_await FindAddresses(work, ipv4, ipv6);
  const std::vector<Candidate> found = work.candidates;
  DropLoops(work);
  DropUnusable(work);
  for (Candidate& candidate : work.candidates) {
    work.plan.hosts.push_back({.name = std::move(candidate.name),
                               .preference = candidate.preference,
                               .port = candidate.port,
                               .addresses = std::move(candidate.addresses),
                               .next_hops = std::move(candidate.next_hops),
                               .canonical_name = std::move(candidate.canonical_name),
                               .name_secure = candidate.name_secure,
                               .address_secure = candidate.address_secure});
  }
  if (!work.plan.hosts.empty()) co_return;
  bool other_family = false;
  if (!work.looped && !work.loopback_refused && ipv4 != ipv6) {
    // Only to say what is wrong.
    work.candidates = found;
    co_await FindAddresses(work, !ipv4, !ipv6);
    other_family = std::ranges::any_of(work.candidates,
                                       [](const Candidate& c) { return !c.addresses.empty(); });
  }
  work.plan.failure = WhyNoHosts(work, other_family);
}

// Whatever is wrong with a route is ours to fix: the mail waits.
void KeepRouteFailuresTemporary(MxPlan& plan) {
  if (!plan.failure.has_value()) return;
  PlanFailure& failure = *plan.failure;
  failure.permanent = false;
  failure.code = 451;
  failure.status[0] = '4';
  failure.text = Cat("smtp-hosts: ", failure.text);
}

Task<void> PlanRoute(Work& work) {
  const absl::StatusOr<std::vector<RoutePlace>> route = ParseRoute(work.options.route);
  if (!route.ok()) {
    work.plan.failure = Temporary("4.3.5", std::string(route.status().message()));
    co_return;
  }
  for (const RoutePlace& place : *route) {
    const uint16_t port = place.port.value_or(work.options.port);
    if (place.kind == RoutePlace::Kind::kLookupMx) {
      co_await ExpandMx(work, place.name, place.level, port);
      continue;
    }
    Candidate candidate;
    candidate.level = place.level;
    candidate.port = port;
    candidate.name = place.name;
    if (place.kind == RoutePlace::Kind::kAddress) {
      candidate.addresses.push_back(place.ip);
      candidate.address_secure = false;  // no name to look for
    } else {
      candidate.name_secure = true;  // it is the operator's word
      candidate.next_hops = {place.name};
    }
    work.candidates.push_back(std::move(candidate));
  }
  co_await Resolve(work);
  KeepRouteFailuresTemporary(work.plan);
}

// The address in `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
std::optional<IpAddress> AddressLiteral(std::string_view domain) {
  if (!domain.starts_with('[') || !domain.ends_with(']')) return std::nullopt;
  std::string_view inside = domain.substr(1, domain.size() - 2);
  const bool tagged = StartsWithIgnoreCase(inside, "IPv6:");
  if (tagged) inside.remove_prefix(5);
  const absl::StatusOr<IpAddress> ip = IpAddress::Parse(inside);
  // A tagged one may be v4-mapped, which is an IPv4 address.
  if (!ip.ok() || tagged != (inside.find(':') != std::string_view::npos)) return std::nullopt;
  return *ip;
}

}  // namespace

Task<MxPlan> PlanFor(Resolver& resolver, std::string domain, PlanOptions options, Rng& rng) {
  Work work{.resolver = resolver, .options = options, .rng = rng, .domain = NormalName(domain)};
  if (!options.route.empty()) {
    co_await PlanRoute(work);
    co_return std::move(work.plan);
  }
  if (domain.starts_with('[')) {
    const std::optional<IpAddress> ip = AddressLiteral(domain);
    if (!ip.has_value()) {
      work.plan.failure = Permanent(550, "5.1.2", Cat(Escape(domain), " is no address literal"));
      co_return std::move(work.plan);
    }
    Candidate candidate;
    candidate.port = options.port;
    candidate.name = domain;
    candidate.addresses.push_back(*ip);
    candidate.address_secure = false;
    work.candidates.push_back(std::move(candidate));
    work.plan.address_literal = true;
  } else if (!IsHostName(work.domain)) {
    work.plan.failure = Permanent(550, "5.1.2", Cat(Escape(domain), " is no domain name"));
    co_return std::move(work.plan);
  } else {
    co_await ExpandMx(work, work.domain, 0, options.port);
  }
  co_await Resolve(work);
  co_return std::move(work.plan);
}

}  // namespace convoy::dns
