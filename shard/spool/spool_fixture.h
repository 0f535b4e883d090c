// A spool in memory for tests, with short names for what one does with it.
//
// Thread:    single-threaded
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "runtime/virtual_loop.h"
#include "shard/spool/memory_kv_store.h"
#include "shard/spool/record_codec.h"
#include "shard/spool/spool.h"
#include "shard/spool/spool_audit.h"

namespace convoy::shard {

class SpoolFixture : public testing::Test {
 protected:
  SpoolFixture() { Start(); }

  // Starts the spool on what is on the disk; what ran before is killed.
  void Start(MemoryKvStore::Options store = {}, SpoolOptions options = {}) {
    spool_.reset();
    store_.reset();
    store_ = std::make_unique<MemoryKvStore>(loop_, &disk_, std::move(store));
    spool_ = std::make_unique<Spool>(loop_, *store_, options);
    counts_.clear();
    auto heads = spool_->Recover([this](std::vector<QueueCount> counts) {
      for (const QueueCount& count : counts) counts_[count.queue.value()] = count.rows;
    });
    ASSERT_TRUE(heads.ok()) << heads.status().ToString();
    heads_ = *std::move(heads);
  }

  static MessageId Id(int n) {
    std::string bytes(16, '\0');
    bytes[0] = static_cast<char>(n >> 8);
    bytes[1] = static_cast<char>(n);
    return *MessageId::FromBytes(bytes);
  }
  QueueId Queue(const std::string& domain) { return spool_->QueueFor({domain, "v"}); }

  // Message `n` for recipients a, b, c, ... of the domain, due now.
  NewMessage Mail(int n, const std::string& domain, int recipients = 1, int64_t due_ms = 1000) {
    NewMessage mail;
    mail.message = std::make_shared<Message>();
    mail.message->envelope.id = Id(n);
    mail.message->envelope.sender = "s@s.test";
    mail.message->envelope.header_bytes = 5;
    mail.message->content = SharedBytes(Cat("A: b\r\n\r\nmessage ", n));
    for (int i = 0; i < recipients; ++i) {
      NewRow row;
      row.queue = Queue(domain);
      row.due_ms = due_ms;
      row.rcpt = static_cast<uint16_t>(i);
      row.value.rcpt = Cat(static_cast<char>('a' + i % 26), "@", domain);
      mail.rows.push_back(std::move(row));
    }
    return mail;
  }
  // The same, as a forward that may be a repeat.
  NewMessage Forward(int n, const std::string& domain, int recipients = 1) {
    NewMessage mail = Mail(n, domain, recipients);
    mail.may_exist = true;
    mail.receipts_until_ms = 5000;
    mail.message->envelope.payload_hash = Cat("hash ", n);
    return mail;
  }

  absl::StatusOr<std::vector<SpoolRow>> Accept(NewMessage mail,
                                               std::vector<AccountEvent> events = {}) {
    AcceptRequest request;
    request.messages.push_back(std::move(mail));
    request.events = std::move(events);
    return Accept(std::move(request));
  }
  absl::StatusOr<std::vector<SpoolRow>> Accept(AcceptRequest request) {
    absl::StatusOr<std::vector<SpoolRow>> result = absl::UnknownError("not done");
    spool_->Accept(std::move(request), [&](auto r) { result = std::move(r); });
    Run();
    return result;
  }
  absl::StatusOr<MessagePtr> Load(int n) {
    absl::StatusOr<MessagePtr> result = absl::UnknownError("not done");
    spool_->Load(Id(n), [&](auto r) { result = std::move(r); });
    Run();
    return result;
  }
  RowPage Rows(const std::string& domain, RowKey from = {}, uint32_t limit = 1000) {
    absl::StatusOr<RowPage> result = absl::UnknownError("not done");
    spool_->ReadRows(Queue(domain), from, limit, [&](auto r) { result = std::move(r); });
    Run();
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? *result : RowPage();
  }
  absl::Status Finish(const SpoolRow& row, std::vector<AccountEvent> events = {}) {
    absl::Status result = absl::UnknownError("not done");
    spool_->Finish(row, std::move(events), [&](absl::Status s) { result = std::move(s); });
    Run();
    return result;
  }
  static AccountEvent Event(EventType type, const std::string& rcpt) {
    AccountEvent event;
    event.type = type;
    event.rcpt = rcpt;
    return event;
  }

  void Run() { loop_.RunFor(Seconds(10)); }
  size_t DiskRows(Cf cf) const { return disk_.tables[static_cast<size_t>(cf)].size(); }
  // The events of the outbox, in their order: "d:a@x.test b:...".
  std::string Outbox() const {
    std::string text;
    for (const auto& [key, value] : disk_.tables[static_cast<size_t>(Cf::kOutbox)]) {
      const AccountEvent event = *DecodeEvent(value);
      CatTo(&text, text.empty() ? "" : " ", "?dbtqr"[static_cast<size_t>(event.type)], ":",
            event.rcpt);
    }
    return text;
  }
  // Everything on the disk is in a state that spool.h allows.
  SpoolAudit ExpectSound() {
    VirtualLoop loop;
    MemoryKvStore::Disk copy = disk_;
    copy.unsynced = nullptr;
    MemoryKvStore store(loop, &copy, {});
    absl::StatusOr<SpoolAudit> audit = AuditSpool(store);
    EXPECT_TRUE(audit.ok()) << audit.status().ToString();
    EXPECT_EQ(Join(audit->defects, "\n"), "");
    return *std::move(audit);
  }

  VirtualLoop loop_;
  MemoryKvStore::Disk disk_;
  std::unique_ptr<MemoryKvStore> store_;
  std::unique_ptr<Spool> spool_;
  std::vector<SpooledQueue> heads_;
  std::map<uint32_t, uint64_t> counts_;
};

}  // namespace convoy::shard
