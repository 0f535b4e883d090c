#include "sim/limit_watch.h"

#include "base/check.h"
#include "base/text.h"
#include "sim/client.h"

namespace convoy::sim {

class LimitWatch::Witness final : public SocketWitness {
 public:
  Witness(LimitWatch& watch, int shard, uint64_t run) : watch_(watch), shard(shard), run(run) {}
  void ConnectionStarted(const IpAddress& source, const IpAddress& peer) override {
    watch_.Started(*this, source, peer);
  }
  void ConnectionEnded(const IpAddress& source, const IpAddress& peer) override {
    if (killed) return;
    uint32_t& count = watch_.connections_[{DomainOf(peer), VmtaOf(source), shard, run}];
    CHECK(count > 0);
    --count;
  }
  void MailWritten(const IpAddress& source, const IpAddress& peer, std::string_view mail_from,
                   std::string_view rcpt_to) override {
    watch_.Written(*this, source, peer, mail_from, rcpt_to);
  }

 private:
  LimitWatch& watch_;

 public:
  const int shard;
  const uint64_t run;
  bool killed = false;
};

LimitWatch::LimitWatch(Deps deps) : deps_(deps) {}
LimitWatch::~LimitWatch() = default;

std::string LimitWatch::Scope::ToString() const {
  std::string out;
  if (domain >= 0) CatTo(&out, DomainName(domain));
  if (vmta > 0) CatTo(&out, "/", VmtaName(vmta));
  if (shard > 0) CatTo(&out, " on s", shard);
  return out;
}

SocketWitness& LimitWatch::WitnessOf(int shard, uint64_t run) {
  auto& witness = witnesses_[{shard, run}];
  if (witness == nullptr) witness = std::make_unique<Witness>(*this, shard, run);
  return *witness;
}

void LimitWatch::Killed(int shard, uint64_t run) {
  witnesses_.at({shard, run})->killed = true;
  std::erase_if(connections_, [&](const auto& entry) {
    return std::get<2>(entry.first) == shard && std::get<3>(entry.first) == run;
  });
}

const PolicyTable& LimitWatch::LimitsOf(int shard) const {
  const ShardProcess* const process = deps_.shards[static_cast<size_t>(shard)];
  return process == nullptr ? deps_.first : process->limits();
}

void LimitWatch::Reloaded(int shard, uint64_t run, const PolicyTable& before) {
  const PolicyTable& now = LimitsOf(shard);
  const auto forget = [&](const Scope& scope, const shard::Rate& was, const shard::Rate& is) {
    if (was.unlimited() || is.unlimited()) mails_.erase({scope, shard, run});
  };
  for (int d = 0; d < now.domains(); ++d) {
    forget({d, 0, 0}, before.Of(d)->site.max_msg_rate, now.Of(d)->site.max_msg_rate);
    for (int v = 1; v <= kVmtas; ++v) {
      forget({d, v, 0}, before.Of(d)->schedule->max_msg_rate, now.Of(d)->schedule->max_msg_rate);
    }
  }
}

uint32_t LimitWatch::Count(const Scope& scope) const {
  uint32_t sum = 0;
  for (const auto& [key, count] : connections_) {
    const auto& [domain, vmta, shard, run] = key;
    if (scope.domain >= 0 && scope.domain != domain) continue;
    if (scope.vmta > 0 && scope.vmta != vmta) continue;
    if (scope.shard > 0 && scope.shard != shard) continue;
    sum += count;
  }
  return sum;
}

void LimitWatch::CheckConnections(const Scope& scope, uint32_t limit) {
  const uint32_t open = Count(scope);
  if (open <= limit) return;
  deps_.evidence.Break(Cat("connections: ", open, " open to ", scope.ToString(), ", the limit is ",
                           limit, ", at ", deps_.loop.MonoNow().us, " us"));
}

void LimitWatch::Started(const Witness& witness, const IpAddress& source, const IpAddress& peer) {
  const int domain = DomainOf(peer);
  const int vmta = VmtaOf(source);
  ++connections_[{domain, vmta, witness.shard, witness.run}];
  const PolicyTable& limits = LimitsOf(witness.shard);
  const shard::DeliveryPolicy& policy = *limits.Of(domain);
  CheckConnections({domain, vmta, 0}, policy.schedule->max_smtp_out);
  CheckConnections({domain, 0, 0}, policy.site.max_connections);
  CheckConnections({-1, vmta, witness.shard}, limits.vmta_limits().max_connections);
}

void LimitWatch::CheckRate(const Witness& witness, const Scope& scope, const shard::Rate& rate) {
  if (rate.unlimited()) return;
  const MonoTime now = deps_.loop.MonoNow();
  const bool over = deps_.rates_over_owners;
  std::deque<MonoTime>& times = mails_[{scope, over ? 0 : witness.shard, over ? 0 : witness.run}];
  times.push_back(now);
  while (now - times.front() >= rate.interval) times.pop_front();
  if (static_cast<int64_t>(times.size()) <= rate.count) return;
  deps_.evidence.Break(Cat("rate: ", times.size(), " attempts for ", scope.ToString(), " within ",
                           rate.interval.seconds(), " s, the limit is ", rate.count, ", at ",
                           now.us, " us"));
}

void LimitWatch::Written(const Witness& witness, const IpAddress& source, const IpAddress& peer,
                         std::string_view mail_from, std::string_view rcpt_to) {
  const int domain = DomainOf(peer);
  const int vmta = VmtaOf(source);
  deps_.trace.Note("mail ", mail_from, " ", rcpt_to, " from s", witness.shard, "/", VmtaName(vmta));
  if (witness.killed) deps_.evidence.Break("simulator: a killed shard writes MAIL");
  const shard::DeliveryPolicy& policy = *LimitsOf(witness.shard).Of(domain);
  CheckRate(witness, {domain, vmta, 0}, policy.schedule->max_msg_rate);
  CheckRate(witness, {domain, 0, 0}, policy.site.max_msg_rate);
  CheckOwner(domain, vmta, witness.shard);
  const ShardProcess* sender = deps_.shards[static_cast<size_t>(witness.shard)];
  if (sender != nullptr && sender->has_suppressions() && Clients::Suppressed(rcpt_to)) {
    deps_.evidence.Break(Cat("suppression: attempt for ", rcpt_to, " on s", witness.shard,
                             ", which has it on its list"));
  }
}

void LimitWatch::CheckOwner(int domain, int vmta, int sender) {
  std::string believers;
  int count = 0;
  bool sender_believes = sender == 0;
  for (size_t number = 1; number < deps_.shards.size(); ++number) {
    const ShardProcess* shard = deps_.shards[number];
    if (shard == nullptr || !shard->Believes(DomainName(domain), VmtaName(vmta))) continue;
    ++count;
    CatTo(&believers, " s", number);
    if (static_cast<int>(number) == sender) sender_believes = true;
  }
  if (count > 1) {
    deps_.evidence.Break(Cat("owner: ", DomainName(domain), "/", VmtaName(vmta),
                             " may be attempted by", believers, " at ", deps_.loop.MonoNow().us,
                             " us"));
  }
  if (!sender_believes) {
    deps_.evidence.Break(Cat("owner: s", sender, " wrote MAIL for ", DomainName(domain), "/",
                             VmtaName(vmta), " without owning it, at ", deps_.loop.MonoNow().us,
                             " us"));
  }
}

void LimitWatch::CheckOwners() {
  for (int domain = 0; domain < deps_.first.domains(); ++domain) {
    for (int vmta = 1; vmta <= kVmtas; ++vmta) CheckOwner(domain, vmta, 0);
  }
}

}  // namespace convoy::sim
