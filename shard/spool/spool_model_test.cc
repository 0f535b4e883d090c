// The spool against a model, killed at random commits and at every commit.
//
// 1. A seed makes a history: mail, forwards and their repeats, deferrals, outcomes, loads.
// 2. The process is killed at some cycle; the cycle on its way to the disk may have arrived or not.
// 3. After the restart the disk must be sound (spool_audit.h), and every recipient must be where
// the
//    model allows: an acknowledged one is queued exactly once until its outcome was asked for, an
//    acknowledged outcome has its event exactly once and no row, and what was not acknowledged has
//    happened as a whole or not at all.
// 4. The history goes on from there, several lives long.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "shard/spool/spool_fixture.h"

namespace convoy::shard {
namespace {

struct Recipient {
  enum State { kNone, kQueued, kFinishing, kDone } state = kNone;
  SpoolRow row;                   // as it is, if queued
  std::vector<RowKey> may_be_at;  // keys of deferrals under way
  std::string outcome;            // the label of the event of its Finish
};
using Name = std::pair<int, int>;  // message, recipient

class SpoolModelTest : public SpoolFixture {
 protected:
  void RunSeed(uint64_t seed, uint64_t die_at_cycle) {
    SCOPED_TRACE(Cat("seed ", seed, " dies at cycle ", die_at_cycle));
    spool_.reset();
    store_.reset();
    disk_ = {};
    people_.clear();
    requests_.clear();
    Rng rng(seed);
    for (int life = 0; life < 4 && !HasFailure(); ++life) {
      Live(rng.Fork(static_cast<uint64_t>(life)), life == 0 ? die_at_cycle : 1 + rng.Below(60));
      if (HasFailure()) return;
    }
  }

  void Live(Rng rng, uint64_t die_at_cycle) {
    auto chance = std::make_shared<Rng>(rng.Fork(1));
    Start({.latency = [chance] { return Microseconds(static_cast<int64_t>(chance->Below(3000))); },
           .read_latency =
               [chance] { return Microseconds(static_cast<int64_t>(chance->Below(3000))); },
           .survives = [chance] { return chance->Chance(0.5); },
           .die_at_cycle = die_at_cycle},
          {.cache_bytes_max = 8192, .counts_cached_max = rng.Below(4)});
    CheckDisk();
    for (int step = 0; step < 150 && !store_->dead(); ++step) {
      Act(&rng);
      if (rng.Chance(0.6)) loop_.RunFor(Microseconds(static_cast<int64_t>(rng.Below(4000))));
    }
  }

  void Act(Rng* rng) {
    const uint64_t dice = rng->Below(100);
    const int message = static_cast<int>(rng->Below(40));
    if (dice < 25) {
      AcceptSome(rng, message);
    } else if (dice < 60) {
      FinishOne(rng);
    } else if (dice < 85) {
      DeferOne(rng);
    } else if (dice < 95) {
      spool_->Load(Id(message), [](auto) {});
    } else {
      spool_->SweepExpired(0);
    }
  }

  // Even messages are forwards, which come again with more or fewer recipients; odd ones are new
  // and come once.
  void AcceptSome(Rng* rng, int message) {
    const int recipients = 1 + static_cast<int>(rng->Below(4));
    NewMessage mail;
    if (message % 2 == 0) {
      mail = Forward(message, "x.test", recipients);
    } else {
      message += 100 * ++serial_;
      mail = Mail(message, "y.test", recipients);
    }
    const auto request = std::make_shared<std::vector<Name>>();
    for (int i = 0; i < recipients; ++i) request->push_back({message, i});
    if (message % 2 != 0) requests_.push_back(request);
    AcceptRequest accept;
    accept.messages.push_back(std::move(mail));
    spool_->Accept(std::move(accept), [this, message](auto rows) {
      ASSERT_TRUE(rows.ok()) << rows.status().ToString();
      for (SpoolRow& row : *rows) {
        Recipient& person = people_[{message, row.key.id.rcpt}];
        ASSERT_EQ(person.state, Recipient::kNone) << "queued twice";
        person.state = Recipient::kQueued;
        person.row = std::move(row);
      }
    });
  }

  Recipient* Pick(Rng* rng) {
    std::vector<Recipient*> queued;
    for (auto& [name, person] : people_) {
      if (person.state == Recipient::kQueued && person.may_be_at.empty()) queued.push_back(&person);
    }
    return queued.empty() ? nullptr : queued[rng->Below(queued.size())];
  }

  void FinishOne(Rng* rng) {
    Recipient* const person = Pick(rng);
    if (person == nullptr) return;
    person->state = Recipient::kFinishing;
    person->outcome = Cat("outcome-", ++serial_);
    spool_->Finish(person->row, {Event(EventType::kDelivery, person->outcome)},
                   [person](const absl::Status& s) {
                     ASSERT_TRUE(s.ok());
                     person->state = Recipient::kDone;
                   });
  }

  void DeferOne(Rng* rng) {
    Recipient* const person = Pick(rng);
    if (person == nullptr) return;
    RowChange change{person->row.queue, static_cast<int64_t>(rng->Below(100000)),
                     person->row.value};
    ++change.value.attempts;
    person->may_be_at = {person->row.key};
    person->row = spool_->Defer(person->row, change, {}, [person](const absl::Status& s) {
      ASSERT_TRUE(s.ok());
      person->may_be_at.clear();
    });
  }

  void CheckDisk() {
    const SpoolAudit audit = ExpectSound();
    std::map<std::string, int> events;
    for (const auto& [key, value] : disk_.tables[static_cast<size_t>(Cf::kOutbox)]) {
      ++events[DecodeEvent(value)->rcpt];
    }
    std::map<Name, SpoolRow> found;
    for (const SpoolRow& row : audit.rows) found.emplace(NameOf(row), row);
    for (auto& [name, person] : people_) CheckPerson(name, &person, found, &events);
    for (const auto& [label, times] : events) ADD_FAILURE() << label << " belongs to nobody";
    for (const auto& request : requests_) {
      size_t known = 0;
      for (const Name& name : *request) known += found.contains(name) || people_.contains(name);
      EXPECT_TRUE(known == 0 || known == request->size()) << "half of a request";
    }
    requests_.clear();
    // What was durable and not acknowledged.
    for (const auto& [name, row] : found) {
      Recipient& person = people_[name];
      person.state = Recipient::kQueued;
      person.row = row;
      person.may_be_at.clear();
    }
  }

  void CheckPerson(const Name& name, Recipient* person, const std::map<Name, SpoolRow>& found,
                   std::map<std::string, int>* events) {
    const std::string who = Cat("message ", name.first, " recipient ", name.second);
    const auto row = found.find(name);
    const bool present = row != found.end();
    const int recorded = person->outcome.empty() ? 0 : (*events)[person->outcome];
    events->erase(person->outcome);
    switch (person->state) {
      case Recipient::kNone:
        break;
      case Recipient::kQueued:
        ASSERT_TRUE(present) << who << " is lost";
        if (std::find(person->may_be_at.begin(), person->may_be_at.end(), row->second.key) ==
            person->may_be_at.end()) {
          EXPECT_EQ(row->second, person->row) << who;
        }
        break;
      case Recipient::kFinishing:
        EXPECT_EQ(recorded, present ? 0 : 1) << who;
        person->state = present ? Recipient::kQueued : Recipient::kDone;
        if (present) person->outcome.clear();
        break;
      case Recipient::kDone:
        EXPECT_FALSE(present) << who << " is back after its outcome";
        EXPECT_EQ(recorded, 1) << who;
        break;
    }
  }

  Name NameOf(const SpoolRow& row) const {
    const std::string_view id = row.value.message.bytes();
    return {static_cast<unsigned char>(id[0]) << 8 | static_cast<unsigned char>(id[1]),
            row.key.id.rcpt};
  }

  std::map<Name, Recipient> people_;
  std::vector<std::shared_ptr<std::vector<Name>>> requests_;  // sent, perhaps not acknowledged
  int serial_ = 0;
};

TEST_F(SpoolModelTest, KilledAtRandomCommits) {
  for (uint64_t seed = 1; seed <= 150 && !HasFailure(); ++seed) {
    serial_ = 0;
    RunSeed(seed, 1 + Rng(seed).Below(80));
  }
}

TEST_F(SpoolModelTest, KilledAtEveryCommitOfOneHistory) {
  for (uint64_t cycle = 1; cycle <= 90 && !HasFailure(); ++cycle) {
    serial_ = 0;
    RunSeed(4711, cycle);
  }
}

}  // namespace
}  // namespace convoy::shard
