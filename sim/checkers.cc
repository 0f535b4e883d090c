#include "sim/checkers.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "runtime/virtual_loop.h"
#include "shard/spool/keys.h"
#include "shard/spool/record_codec.h"
#include "shard/spool/spool_audit.h"
#include "sim/client.h"

namespace convoy::sim {
namespace {

// How long after a delivery a kill may have come before its outcome was on disk: the reply's way,
// the wait for the batch before, its own sync.
constexpr Duration kWindowMax = Seconds(20);
// Clocks of shards disagree by this much at most.
constexpr Duration kClockSlack = Seconds(4);
constexpr size_t kMessageIdBytes = 16;

// What the disks say of one recipient.
struct Record {
  int delivered = 0;
  int bounced = 0;
  int queued = 0;
  std::vector<shard::AccountEvent> attempts;  // d, t and b records that stand for an attempt
};

class EndCheck {
 public:
  EndCheck(const Evidence& evidence, const PolicyTable& policies, RunCounts* counts)
      : evidence_(evidence), policies_(policies), counts_(*counts) {}

  void Read(int number, ShardDisk& disk);
  void Judge();
  std::vector<std::string> broken;

 private:
  void ReadEvents(const ShardDisk& disk);
  void ReadReceipts(const ShardDisk& disk);
  void JudgeMail(const Mail& mail, const Record& record);
  void JudgeRetries(const Mail& mail, Record record);
  int LostOutcomes(const Mail& mail);
  int Repeats(const Mail& mail);
  int RepeatsOverOwners(const Mail& mail);
  Mail MailOf(std::string_view id, const std::string& rcpt) const {
    const auto found = evidence_.token_of_id.find(std::string(id));
    return {found == evidence_.token_of_id.end() ? 0 : found->second, rcpt};
  }

  const Evidence& evidence_;
  const PolicyTable& policies_;
  RunCounts& counts_;
  std::map<Mail, Record> records_;
  // How many shards have accepted a recipient, by its index in the message.
  std::map<std::pair<Token, uint16_t>, int> receipts_;
};

void EndCheck::Read(int number, ShardDisk& disk) {
  VirtualLoop loop;
  shard::MemoryKvStore store(loop, &disk.kv, {});
  const auto audit = shard::AuditSpool(store);
  if (!audit.ok()) {
    broken.push_back(Cat("disk: s", number, ": ", audit.status().ToString()));
    return;
  }
  for (const std::string& defect : audit->defects) {
    broken.push_back(Cat("disk: s", number, ": ", defect));
  }
  for (const shard::SpoolRow& row : audit->rows) {
    ++records_[MailOf(row.value.message.bytes(), row.value.rcpt)].queued;
  }
  ReadEvents(disk);
  ReadReceipts(disk);
  if (const uint64_t left = LeftOn(disk); left > 0) {
    broken.push_back(Cat("liveness: s", number, " still holds ", left, " rows and offers"));
  }
}

void EndCheck::ReadEvents(const ShardDisk& disk) {
  for (const auto& [key, value] : disk.kv.tables[static_cast<size_t>(shard::Cf::kOutbox)]) {
    auto event = shard::DecodeEvent(value);
    if (!event.ok()) {
      broken.push_back(Cat("disk: ", event.status().ToString()));
      continue;
    }
    Record& record = records_[MailOf(event->message_id, event->rcpt)];
    if (event->type == shard::EventType::kDelivery) ++record.delivered;
    if (event->type == shard::EventType::kBounce) ++record.bounced;
    if (!event->dlv_type.empty()) record.attempts.push_back(*std::move(event));
  }
}

void EndCheck::ReadReceipts(const ShardDisk& disk) {
  for (const auto& [key, value] : disk.kv.tables[static_cast<size_t>(shard::Cf::kReceipt)]) {
    const auto found = evidence_.token_of_id.find(key.substr(1, kMessageIdBytes));
    const auto rcpt = shard::ReceiptRcpt(key);
    if (found == evidence_.token_of_id.end() || !rcpt.has_value()) continue;
    ++receipts_[{found->second, *rcpt}];
  }
}

// Deliveries whose outcome cannot have been recorded.
int EndCheck::LostOutcomes(const Mail& mail) {
  int lost = 0;
  const auto found = evidence_.deliveries.find(mail);
  if (found == evidence_.deliveries.end()) return 0;
  for (const Delivery& delivery : found->second) {
    const bool killed =
        std::any_of(evidence_.kills.begin(), evidence_.kills.end(), [&](const Kill& kill) {
          return kill.shard == delivery.shard && kill.at >= delivery.at &&
                 kill.at - delivery.at < kWindowMax;
        });
    if (killed || delivery.reply_unseen) ++lost;
  }
  return lost;
}

// Each repeat of a submission finds the list anew: a recipient that has been put on it since has a
// b record of the shard that was asked, whatever the owner knows.
int EndCheck::Repeats(const Mail& mail) {
  const auto found = evidence_.submissions_of.find(mail.first);
  if (found == evidence_.submissions_of.end() || !Clients::Suppressed(mail.second)) return 0;
  return found->second - 1;
}

// A shard remembers the keys it has accepted, and what it remembers does not move with a slot: a
// repeat that reaches an owner before the former one has handed the row over is new mail. The
// receipts on the disks say how many shards took the recipient in.
int EndCheck::RepeatsOverOwners(const Mail& mail) {
  const auto sent = evidence_.submissions_of.find(mail.first);
  const size_t dash = mail.second.find('-');
  if (sent == evidence_.submissions_of.end() || dash == std::string::npos) return 0;
  const auto index = static_cast<uint16_t>(mail.second.at(dash + 1) - '0');
  const auto held = receipts_.find({mail.first, index});
  if (held == receipts_.end()) return 0;
  return std::max(0, std::min(held->second, sent->second) - 1);
}

void EndCheck::JudgeMail(const Mail& mail, const Record& record) {
  const std::string name = Cat("t", mail.first, " for ", mail.second);
  const auto seen = evidence_.deliveries.find(mail);
  const int taken = seen == evidence_.deliveries.end() ? 0 : static_cast<int>(seen->second.size());
  const auto acknowledged = evidence_.acknowledged.find(mail);
  if (acknowledged != evidence_.acknowledged.end() && acknowledged->second && taken == 0 &&
      record.bounced == 0 && record.queued == 0) {
    broken.push_back(Cat("conservation: ", name, " was acknowledged and is lost"));
  }
  if (record.queued > 1) {
    broken.push_back(Cat("conservation: ", name, " is queued ", record.queued, " times"));
  }
  const int lost = LostOutcomes(mail) + RepeatsOverOwners(mail);
  counts_.over_owners += static_cast<uint64_t>(RepeatsOverOwners(mail));
  if (taken > 1) counts_.duplicates += static_cast<uint64_t>(taken - 1);
  if (taken - 1 > lost) {
    broken.push_back(Cat("duplicates: ", name, " was taken ", taken, " times, and only ", lost,
                         " outcomes can have been lost"));
  }
  if (record.delivered > taken) {
    broken.push_back(Cat("records: ", name, " has ", record.delivered, " d records, and was taken ",
                         taken, " times"));
  }
  // Of a message that was never answered the records cannot be told from others.
  const bool id_known = acknowledged != evidence_.acknowledged.end();
  if (id_known && taken - record.delivered > lost) {
    broken.push_back(Cat("records: ", name, " was taken ", taken, " times, has ", record.delivered,
                         " d records, and only ", lost, " outcomes can have been lost"));
  }
  if (record.delivered + record.bounced > 1 + lost + Repeats(mail) &&
      acknowledged != evidence_.acknowledged.end() && acknowledged->second) {
    broken.push_back(
        Cat("records: ", name, " has ", record.delivered, " d and ", record.bounced, " b records"));
  }
}

void EndCheck::JudgeRetries(const Mail& mail, Record record) {
  // The attempts of two copies cannot be told apart.
  if (RepeatsOverOwners(mail) > 0) return;
  std::stable_sort(record.attempts.begin(), record.attempts.end(),
                   [](const auto& a, const auto& b) { return a.attempts < b.attempts; });
  for (size_t i = 1; i < record.attempts.size(); ++i) {
    const shard::AccountEvent& before = record.attempts[i - 1];
    const shard::AccountEvent& after = record.attempts[i];
    if (before.type != shard::EventType::kTransient || after.attempts != before.attempts + 1) {
      continue;
    }
    const size_t at = mail.second.find('@');
    const int domain = static_cast<int>(
        ParseUint(std::string_view(mail.second).substr(at + 2, mail.second.find('.', at) - at - 2))
            .value_or(0));
    const Duration wait = shard::RetryDelay(*policies_.Of(domain), before.attempts);
    const Duration waited =
        FromUnixMillis(after.logged_ms) - FromUnixMillis(before.logged_ms) + kClockSlack;
    if (waited >= wait) continue;
    broken.push_back(Cat("retry: t", mail.first, " for ", mail.second, ": attempt ", after.attempts,
                         " came ", waited.millis(), " ms after the last, policy is ",
                         wait.millis()));
  }
}

void EndCheck::Judge() {
  for (const auto& [mail, queued] : evidence_.acknowledged) {
    if (queued) ++counts_.acknowledged;
    records_[mail];
  }
  for (const auto& [mail, all] : evidence_.deliveries) {
    counts_.taken += all.size();
    records_[mail];
    for (const Delivery& delivery : all) counts_.windows_connection += delivery.reply_unseen;
  }
  for (const auto& [mail, record] : records_) {
    if (mail.first == 0) continue;  // of a client that never got an answer
    counts_.bounced += static_cast<uint64_t>(record.bounced);
    JudgeMail(mail, record);
    JudgeRetries(mail, record);
    counts_.windows_crash += static_cast<uint64_t>(LostOutcomes(mail));
  }
  counts_.windows_crash -= std::min(counts_.windows_crash, counts_.windows_connection);
}

}  // namespace

uint64_t LeftOn(const ShardDisk& disk) {
  uint64_t left = disk.kv.tables[static_cast<size_t>(shard::Cf::kQueue)].size();
  for (const auto& [key, value] : disk.kv.tables[static_cast<size_t>(shard::Cf::kState)]) {
    if (key.starts_with("offer/")) ++left;
  }
  return left;
}

std::vector<std::string> CheckEnd(const Evidence& evidence, std::vector<ShardDisk>& disks,
                                  const PolicyTable& policies, RunCounts* counts) {
  EndCheck check(evidence, policies, counts);
  if (!evidence.broken.empty()) check.broken.push_back(evidence.broken);
  for (size_t i = 1; i < disks.size(); ++i) check.Read(static_cast<int>(i), disks[i]);
  check.Judge();
  return std::move(check.broken);
}

}  // namespace convoy::sim
