// Takes messages in: checks, prepares the content, chooses queues, and makes every recipient
// durable, here or at the shard that owns its domain, before the client is answered.
//
//     Submission -> rights -> content -> recipients -> { this shard | each owner } -> committed ->
//     answer
//
// A recipient whose owner cannot be reached is committed here and handed over later: an unreachable
// shard never refuses mail. The message is answered when its last part is durable.
//
// An idempotency key makes the message id a hash of (client address class, key), so a repeat
// through any shard is the same message; each owner keeps a receipt per (message, recipient) for
// kReceiptTime and does not queue a repeat again.
//
// By API each recipient has its own result; a message by SMTP with a recipient that is no address
// is refused whole.
//
// RFC:       5321 6.1 (responsibility), 5321 4.5.3.1 (limits)
// Limits:    kRecipientsMax, kIdempotencyKeyBytesMax, kNameBytesMax, SourcePolicy::max_message_size
// Errors:    in SubmitResult::status, as proto/submission.proto says
// Thread:    loop-affine; `done` runs in a later turn
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/gauge_file.h"
#include "base/rng.h"
#include "base/traffic_meter.h"
#include "runtime/event_loop.h"
#include "shard/cluster/assignment_view.h"
#include "shard/engine/engine.h"
#include "shard/engine/policy_book.h"
#include "shard/engine/suppression_book.h"
#include "shard/forward/new_mail_forwarder.h"
#include "shard/ingest/content.h"
#include "shard/ingest/submission.h"
#include "shard/spool/spool.h"

namespace convoy::shard {

using SubmitDone = absl::AnyInvocable<void(SubmitResult)>;

class Ingest {
 public:
  static constexpr size_t kRecipientsMax = 10'000;
  static constexpr size_t kIdempotencyKeyBytesMax = 255;
  // Of a job id, an envelope id, the name of a virtual MTA: each is in every recipient's records.
  static constexpr size_t kNameBytesMax = 255;
  static constexpr Duration kReceiptTime = Hours(24);

  struct Deps {
    EventLoop& loop;
    Spool& spool;
    Engine& engine;
    PolicyBook& policies;
    const SuppressionBook& suppressions;
    const AssignmentView& assignment;
    NewMailForwarder& forwarder;
    GaugeFile* gauges = nullptr;
    Rng rng{1};
  };
  explicit Ingest(Deps deps) : deps_(std::move(deps)) {}

  void Submit(Submission submission, SubmitDone done);
  // A batch from another shard, already durable there or not: makes it durable here.
  void Receive(std::shared_ptr<const ForwardBatch> batch, ForwardDone done);
  // Messages whose client waits for an answer.
  uint64_t unanswered() const { return unanswered_; }
  // Accepted from clients.
  TrafficPeriods traffic() const { return traffic_.At(deps_.loop.MonoNow()); }
  // Refuses everything from now on (UNAVAILABLE: try another shard).
  void Stop() { stopped_ = true; }

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;

  absl::Status CheckLimits(const Submission& submission, const SourcePolicy& source) const;
  absl::Status BuildMessage(Job& job);
  absl::StatusOr<PreparedContent> Prepare(Job& job, const MessageId& id);
  absl::Status ChooseVmta(Job& job, const MessageId& id, const std::string& from_header);
  absl::Status CheckLoops(const Job& job, uint32_t own_hops);
  absl::Status PlanRecipients(Job& job);
  void PlanRecipient(Job& job, size_t index);
  void CommitHere(const JobPtr& job, std::vector<size_t> indexes, bool with_suppressed);
  void SendTo(const JobPtr& job, const ClusterMember& owner, std::vector<size_t> indexes);
  void PartDone(const JobPtr& job, absl::Status status);
  AccountEvent SuppressedEvent(const Job& job, size_t index) const;
  AccountEvent ReceiptEvent(const Job& job, size_t index) const;
  ForwardedMessage ForwardOf(const Job& job, const std::vector<size_t>& indexes) const;
  void AcceptBatch(const std::shared_ptr<const ForwardBatch>& batch, KvBatch extra,
                   ForwardDone done);
  NewMessage MessageFrom(const ForwardedMessage& forwarded) const;
  void KeepReceipts(const ForwardBatch& batch, KvBatch* out) const;
  std::string NextMember(const std::vector<std::string>& members);

  Deps deps_;
  bool stopped_ = false;
  uint64_t unanswered_ = 0;
  TrafficMeter traffic_;
  uint64_t round_robin_ = 0;
};

}  // namespace convoy::shard
