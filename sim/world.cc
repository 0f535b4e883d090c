#include "sim/world.h"

#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace convoy::sim {
namespace {

// A shard that is asked to stop has ended by then, whatever is cut off or full.
constexpr Duration kLeaveMax = Seconds(60);

// Of a disk that is not full.
constexpr uint64_t kRoom = uint64_t{1} << 40;

LinkOptions LinkFrom(const Scenario& scenario) {
  LinkOptions link;
  link.latency_max = Milliseconds(20);
  if (scenario.hostile != 0) link.reset_probability = 0.0005;
  return link;
}

double Sometimes(Rng& rng, double how_often, double at_most) {
  return rng.Chance(how_often) ? rng.Fraction() * at_most : 0;
}

Mood DrawMood(Rng& rng) {
  Mood mood;
  mood.close_at_step = Sometimes(rng, 0.5, 0.08);
  mood.refuse_greeting = Sometimes(rng, 0.3, 0.4);
  mood.shut_down = Sometimes(rng, 0.3, 0.05);
  mood.rcpt_4xx = Sometimes(rng, 0.4, 0.6);
  mood.dot_4xx = Sometimes(rng, 0.3, 0.4);
  mood.dot_5xx = Sometimes(rng, 0.2, 0.3);
  mood.slow = Sometimes(rng, 0.4, 0.3);
  if (rng.Chance(0.3)) mood.messages_max = 1 + static_cast<int>(rng.Below(4));
  mood.pipelining = rng.Chance(0.7);
  return mood;
}

}  // namespace

World::World(const Scenario& scenario, uint64_t seed, bool verbose)
    : scenario_(scenario),
      rng_(seed),
      network_(loop_, rng_.Fork(1), LinkFrom(scenario)),
      trace_(loop_, verbose),
      policies_(seed, static_cast<int>(scenario.domains)),
      wire_(loop_, rng_.Fork(2)),
      resolver_(loop_),
      limits_(
          {loop_, evidence_, trace_, policies_.first(), shards_, scenario.rates_over_owners != 0}),
      configs_(loop_, evidence_, shards_, coordinator::LeaseOptions().length),
      clients_({loop_, wire_, shards_, evidence_, trace_, scenario_, rng_.Fork(3)}) {
  wire_.set_lost_answers(static_cast<double>(scenario.lost_answers_percent) / 100);
  shards_.resize(static_cast<size_t>(scenario.shards) + 1);
  disks_.resize(shards_.size());
  for (size_t i = 1; i < disks_.size(); ++i) {
    disks_[i].uid = Cat("0000000000000000000000000000000", i);
  }
  std::string list;
  for (int64_t t = 1; t <= scenario.messages; ++t) {
    for (int i = 0; i < 4; ++i) {
      for (int d = 0; d < scenario.domains; ++d) {
        CatTo(&list, "s", t, "-", i, "@", DomainName(d), "\n");
      }
    }
  }
  auto parsed = shard::SuppressionList::Parse("suppressed", list);
  CHECK(parsed.ok());
  suppressed_ = *std::move(parsed);
}

void World::BuildReceivers() {
  for (int d = 0; d < scenario_.domains; ++d) {
    resolver_.AddMx(DomainName(d), 10, Cat("mx.", DomainName(d)));
    resolver_.AddAddress(Cat("mx.", DomainName(d)), DomainAddress(d));
    Mood mood;
    if (scenario_.hostile != 0) mood = DrawMood(rng_);
    Receiver::Deps deps{
        .loop = loop_,
        .network = network_,
        .evidence = evidence_,
        .trace = trace_,
        .policies = policies_.first(),
        .run_of = [this](int shard) { return disks_.at(static_cast<size_t>(shard)).runs; }};
    receivers_.push_back(std::make_unique<Receiver>(std::move(deps), d, mood, rng_.Fork(10)));
  }
}

Duration World::DiskLatency() {
  const int64_t ms = slow_disk_ ? scenario_.slow_disk_ms : scenario_.disk_ms_max;
  return Microseconds(static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(ms) * 1000 + 200)));
}

void World::StartCoordinator() {
  if (coordinator_.process != nullptr) return;
  const Duration ahead = Seconds(static_cast<int64_t>(rng_.Below(1000)));
  coordinator_.process = new CoordinatorProcess(loop_, coordinator_disk_,
                                                scenario_.clocks_disagree != 0 ? ahead : Duration(),
                                                scenario_.fence != 0);
  ++coordinator_.run;
  trace_.Note("coordinator starts");
  coordinator_.process->Start();
  const coordinator::ConfigRecordPtr current = coordinator_.process->node().configs().current();
  if (current != nullptr) configs_.Decided(*current);
}

void World::KillCoordinator() {
  if (coordinator_.process == nullptr) return;
  trace_.Note("coordinator killed");
  evidence_.Happened("coordinator killed");
  coordinator_.process->loop.Kill();
  if (std::exchange(reloading_, false)) evidence_.Happened("reload cut short");
  coordinator_.process = nullptr;  // left where it is
}

void World::StartShard(int number) {
  const auto n = static_cast<size_t>(number);
  if (shards_[n] != nullptr) return;
  const bool disagree = scenario_.clocks_disagree != 0;
  const auto ahead = static_cast<int64_t>(rng_.Below(1'000'000'000));
  ShardProcess::Deps deps{
      .shared = loop_,
      .network = network_,
      .wire = wire_,
      .coordinator = coordinator_,
      .shards = shards_,
      .witness = limits_.WitnessOf(number, disks_[n].runs + 1),
      .policies = policies_,
      .resolver = resolver_,
      .disk = disks_[n],
      .suppressed = suppression_on_ ? suppressed_ : nullptr,
      .unknown_forward = [this](const shard::ForwardBatch& batch) { NoteUnknown(batch); },
      .owners_changed = [this] { limits_.CheckOwners(); },
      .config_applied =
          [this, number](uint64_t version, const std::string& bundle, const PolicyTable& before) {
            OnApplied(number, version, bundle, before);
          },
      .config_ready =
          [this, number](const std::string& bundle) {
            configs_.Ready(number, disks_[static_cast<size_t>(number)].runs, bundle);
          },
      .mono_ahead = disagree ? Microseconds(ahead) : Duration(),
      .wall_ahead = disagree ? Milliseconds(100 * number) : Duration(),
      .disk_latency = [this] { return DiskLatency(); },
      .rng = rng_.Fork(20)};
  trace_.Note("s", number, " starts");
  shards_[n] = new ShardProcess(std::move(deps), number);
  shards_[n]->Start();
}

void World::KillShard(int number) {
  const auto n = static_cast<size_t>(number);
  if (shards_[n] == nullptr) return;
  trace_.Note("s", number, " killed");
  evidence_.kills.push_back({loop_.MonoNow(), number});
  EndShard(number);
}

void World::EndShard(int number) {
  const auto n = static_cast<size_t>(number);
  shards_[n]->Kill();
  limits_.Killed(number, disks_[n].runs);
  shards_[n] = nullptr;  // left where it is
  network_.ResetAll(ShardAddress(number));
  for (int v = 1; v <= kVmtas; ++v) network_.ResetAll(SourceAddress(number, v));
}

void World::NoteUnknown(const shard::ForwardBatch& batch) {
  for (const shard::ForwardedMessage& message : batch.messages) {
    for (const shard::ForwardedRecipient& rcpt : message.recipients) {
      ++evidence_.forwards_unknown[{TokenOf(message.mail_from), rcpt.address}];
    }
  }
}

Duration World::Sometime() {
  return Microseconds(
      static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(Seconds(scenario_.seconds).us))));
}

void World::PlanKills() {
  for (int64_t i = 0; i < scenario_.shard_kills; ++i) {
    const int number = 1 + static_cast<int>(rng_.Below(static_cast<uint64_t>(scenario_.shards)));
    const Duration at = Seconds(3) + Sometime();
    const Duration down = Milliseconds(static_cast<int64_t>(200 + rng_.Below(20000)));
    loop_.CallAfter(at, [this, number] {
      if (shards_[static_cast<size_t>(number)] != nullptr) evidence_.Happened("shard killed");
      KillShard(number);
    });
    loop_.CallAfter(at + down, [this, number] { StartShard(number); });
  }
  for (int64_t i = 0; i < scenario_.coordinator_kills; ++i) {
    const Duration at = Seconds(3) + Sometime();
    const Duration down = Milliseconds(static_cast<int64_t>(200 + rng_.Below(20000)));
    loop_.CallAfter(at, [this] { KillCoordinator(); });
    loop_.CallAfter(at + down, [this] { StartCoordinator(); });
  }
  for (int64_t i = 0; i < scenario_.leaves; ++i) {
    const int number = 1 + static_cast<int>(rng_.Below(static_cast<uint64_t>(scenario_.shards)));
    const Duration at = Seconds(5) + Sometime();
    const Duration down = Milliseconds(static_cast<int64_t>(200 + rng_.Below(20000)));
    loop_.CallAfter(at, [this, number, down] { LeaveShard(number, down); });
  }
}

// A shard that has stopped in order has lost nothing, so that it is no kill in the evidence, unless
// its disk had no room for the last outcomes.
void World::LeaveShard(int number, Duration down) {
  ShardProcess* const shard = shards_[static_cast<size_t>(number)];
  if (shard == nullptr) return;
  trace_.Note("s", number, " leaves");
  shard->Leave([this, number, down](bool gave_up) {
    trace_.Note("s", number, gave_up ? " has left without room" : " has left");
    evidence_.Happened("shard left");
    if (gave_up) evidence_.kills.push_back({loop_.MonoNow(), number});
    EndShard(number);
    loop_.CallAfter(down, [this, number] { StartShard(number); });
  });
  loop_.CallAfter(kLeaveMax, [this, number, shard] {
    if (shards_[static_cast<size_t>(number)] != shard) return;
    evidence_.Break(Cat("leave: s", number, " has not stopped after ", kLeaveMax.seconds(), " s"));
  });
}

void World::PlanPartitions() {
  for (int64_t i = 0; i < scenario_.partitions; ++i) {
    const auto count = static_cast<uint64_t>(scenario_.shards);
    const std::string a = ShardName(1 + static_cast<int>(rng_.Below(count)));
    std::string b = "c";
    if (rng_.Chance(0.6)) b = ShardName(1 + static_cast<int>(rng_.Below(count)));
    if (a == b) continue;
    const Duration at = Sometime();
    const Duration lasts = Milliseconds(static_cast<int64_t>(
        500 + rng_.Below(static_cast<uint64_t>(1 + scenario_.partition_seconds_max) * 1000)));
    const bool one_way = static_cast<int64_t>(rng_.Below(100)) < scenario_.one_way_percent;
    loop_.CallAfter(at, [this, a, b, one_way] {
      trace_.Note("cut ", a, " ", b);
      if (calm_) return;
      evidence_.Happened(b == "c" ? "cut from coordinator" : "cut from shard");
      if (one_way) {
        evidence_.Happened("one-way cut");
        return wire_.CutOneWay(a, b);
      }
      wire_.Cut(a, b);
    });
    loop_.CallAfter(at + lasts, [this, a, b, one_way] {
      trace_.Note("mend ", a, " ", b);
      one_way ? wire_.MendOneWay(a, b) : wire_.Mend(a, b);
    });
  }
}

void World::PlanMoods() {
  if (scenario_.hostile == 0) return;
  for (const auto& receiver : receivers_) {
    if (!rng_.Chance(0.5)) continue;
    Receiver* const r = receiver.get();
    const bool vanish = rng_.Chance(0.5);
    const Duration at = Sometime();
    loop_.CallAfter(at, [this, r, vanish] {
      if (calm_) return;
      vanish ? r->Vanish() : r->Refuse();
    });
    loop_.CallAfter(at + Seconds(static_cast<int64_t>(1 + rng_.Below(20))), [r] { r->Open(); });
  }
}

void World::PlanFullDisks() {
  for (int64_t i = 0; i < scenario_.full_disks; ++i) {
    const auto n = 1 + static_cast<size_t>(rng_.Below(static_cast<uint64_t>(scenario_.shards)));
    const Duration at = Sometime();
    loop_.CallAfter(at, [this, n] {
      trace_.Note("s", n, " has no room");
      evidence_.Happened("full disk");
      disks_[n].kv.free_bytes = 0;
    });
    loop_.CallAfter(at + Milliseconds(static_cast<int64_t>(500 + rng_.Below(8000))),
                    [this, n] { disks_[n].kv.free_bytes = kRoom; });
  }
}

void World::PlanDnsFailures() {
  for (int64_t i = 0; i < scenario_.dns_failures; ++i) {
    const auto d = static_cast<int>(rng_.Below(static_cast<uint64_t>(scenario_.domains)));
    const bool timeout = rng_.Chance(0.5);
    const Duration at = Sometime();
    loop_.CallAfter(at, [this, d, timeout] {
      trace_.Note(DomainName(d), " cannot be resolved");
      evidence_.Happened("DNS failure");
      resolver_.Fail(DomainName(d), timeout ? dns::DnsStatus::kTimeout : dns::DnsStatus::kServFail);
    });
    loop_.CallAfter(at + Milliseconds(static_cast<int64_t>(500 + rng_.Below(20000))), [this, d] {
      resolver_.Remove(DomainName(d));
      resolver_.AddMx(DomainName(d), 10, Cat("mx.", DomainName(d)));
    });
  }
}

void World::PlanReloads() {
  for (int64_t i = 0; i < scenario_.reloads; ++i) {
    const bool refused = static_cast<int64_t>(rng_.Below(100)) < scenario_.bad_reloads_percent;
    loop_.CallAfter(Sometime(), [this, refused] {
      if (!calm_) Reload(refused);
    });
  }
}

void World::Reload(bool refused) {
  if (reloading_ || coordinator_.process == nullptr) return;
  std::string bundle = Cat("limits ", rng_.Next());
  if (refused) {
    CatTo(&bundle, " not on ",
          ShardName(1 + static_cast<int>(rng_.Below(static_cast<uint64_t>(scenario_.shards)))));
  }
  trace_.Note("reload to ", bundle);
  reloading_ = true;
  reload_ = new ClusterReload(
      {.coordinator = *coordinator_.process,
       .wire = wire_,
       .shards = shards_,
       .decided = [this](const coordinator::ConfigRecord& record) { configs_.Decided(record); },
       .ended =
           [this](bool applied) {
             trace_.Note(applied ? "reload ends" : "reload refused");
             evidence_.Happened(applied ? "reload" : "reload refused");
             reloading_ = false;
           }},
      std::move(bundle));
  reload_->Start();
}

void World::OnApplied(int shard, uint64_t version, const std::string& bundle,
                      const PolicyTable& before) {
  trace_.Note("s", shard, " runs version ", version);
  if (!reloading_) evidence_.Happened("version taken later");
  configs_.Applied(shard, version, bundle);
  limits_.Reloaded(shard, disks_[static_cast<size_t>(shard)].runs, before);
}

void World::PlanDisasters() {
  PlanReloads();
  PlanFullDisks();
  PlanDnsFailures();
  PlanKills();
  PlanPartitions();
  PlanMoods();
  loop_.CallAfter(Sometime(), [this] {
    evidence_.Happened("suppression starts");
    suppression_on_ = true;
  });
  if (scenario_.slow_disk_ms > 0) {
    for (int i = 0; i < 3; ++i) {
      const Duration at = Sometime();
      loop_.CallAfter(at, [this] { slow_disk_ = !calm_; });
      loop_.CallAfter(at + Seconds(8), [this] { slow_disk_ = false; });
    }
  }
}

void World::Watch() {
  limits_.CheckOwners();
  configs_.CheckHolders();
  loop_.CallAfter(Milliseconds(200), [this] { Watch(); });
}

void World::BecomeCalm() {
  trace_.Note("calm");
  calm_ = true;
  wire_.MendAll();
  wire_.set_lost_answers(0);
  network_.SetLink(LinkOptions());
  slow_disk_ = false;
  StartCoordinator();
  for (size_t n = 1; n < shards_.size(); ++n) StartShard(static_cast<int>(n));
  for (const auto& receiver : receivers_) receiver->Calm();
  // A shard that was away may be left with a version that it cannot run: the operator mends that.
  if (scenario_.reloads > 0) loop_.CallAfter(Seconds(20), [this] { Reload(false); });
}

bool World::Quiet() const {
  if (!clients_.done()) return false;
  for (size_t n = 1; n < disks_.size(); ++n) {
    if (LeftOn(disks_[n]) > 0) return false;
  }
  return true;
}

RunResult World::Run() {
  BuildReceivers();
  StartCoordinator();
  const int64_t early = scenario_.shards - scenario_.late_shards;
  for (int n = 1; n <= scenario_.shards; ++n) {
    if (n <= early) {
      StartShard(n);
    } else {
      loop_.CallAfter(Sometime(), [this, n] { StartShard(n); });
    }
  }
  PlanDisasters();
  clients_.Start();
  Watch();
  const MonoTime begin = loop_.MonoNow();
  const MonoTime calm_at = begin + Seconds(scenario_.seconds + 60);
  loop_.RunUntilTrue([this] { return !evidence_.broken.empty(); }, calm_at);
  if (evidence_.broken.empty()) {
    BecomeCalm();
    // In steps, because what is quiet is read from the disks.
    while (!Quiet() && evidence_.broken.empty() && loop_.MonoNow() - calm_at < kCalmMax) {
      loop_.RunFor(Seconds(1));
    }
    loop_.RunFor(Seconds(40));
    configs_.CheckEnd();
  }
  evidence_.happened["answer lost"] += wire_.answers_lost();
  RunResult result;
  result.happened = evidence_.happened;
  result.lasted = loop_.MonoNow() - begin;
  for (size_t n = 1; n < disks_.size(); ++n) KillShard(static_cast<int>(n));
  result.kills = evidence_.kills.size() - static_cast<size_t>(scenario_.shards);
  if (!evidence_.broken.empty()) {
    result.broken.push_back(evidence_.broken);
  } else {
    result.broken = CheckEnd(evidence_, disks_, policies_.first(), &result.counts);
  }
  for (size_t n = 1; n < disks_.size(); ++n) {
    trace_.Note("disk s", n, " ", disks_[n].kv.bytes(), " ", disks_[n].kv.commits_synced_total);
  }
  result.trace_hash = trace_.hash();
  result.events = static_cast<uint64_t>(loop_.events_run());
  if (!result.broken.empty()) result.tail.assign(trace_.tail().begin(), trace_.tail().end());
  return result;
}

}  // namespace convoy::sim
