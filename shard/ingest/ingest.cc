#include "shard/ingest/ingest.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "dkim/sha256.h"
#include "mail/address.h"
#include "mail/utf8.h"
#include "shard/forward/forwarded_message.h"
#include "shard/spool/keys.h"
#include "shard/spool/record_codec.h"

namespace convoy::shard {
namespace {

// RowFlag-free marker of queue targets that are not to be queued at all.
enum class Fate : uint8_t { kQueue, kSuppress, kInvalid };

struct Target {
  Fate fate = Fate::kQueue;
  std::string address;
  std::string domain;  // of the queue: after queue-to
  std::string site;
  std::string list;  // suppressed by
  RecipientDsn dsn;
};

std::string PayloadHash(const Submission& submission) {
  dkim::Sha256 sha;
  const auto add = [&sha](std::string_view piece) {
    sha.Update(Cat(piece.size(), ':'));
    sha.Update(piece);
  };
  add(submission.mail_from);
  for (const std::string& recipient : submission.recipients) add(recipient);
  add(submission.content);
  add(submission.virtual_mta);
  return sha.Finish();
}

MessageId RandomId(Rng& rng) {
  std::string bytes;
  for (int word = 0; word < 2; ++word) {
    uint64_t draw = rng.Next();
    for (int i = 0; i < 8; ++i, draw >>= 8) bytes.push_back(static_cast<char>(draw & 0xff));
  }
  return *MessageId::FromBytes(bytes);
}

MessageId KeyedId(std::string_view key) {
  dkim::Sha256 sha;
  sha.Update("convoy idempotency key\n");
  sha.Update(key);
  return *MessageId::FromBytes(std::string_view(sha.Finish()).substr(0, 16));
}

// A store that stops with a full disk gives commits up: to the client that is a shard that stops.
absl::Status StatusForClient(const absl::Status& status) {
  if (!absl::IsCancelled(status)) return status;
  return absl::UnavailableError("4.3.2 this shard is stopping; send to another one");
}

// kState: "transfer/" uid "/" sequence -> "": this hand-over has been committed here.
std::string TransferKey(std::string_view uid, uint64_t sequence) {
  return Cat("transfer/", uid, '/', EncodeU64(sequence));
}

// Where a client has not said it, the content may have; what it said counts.
void TakeNames(const PreparedContent& content, Submission* submission) {
  if (submission->virtual_mta.empty()) submission->virtual_mta = content.virtual_mta;
  if (submission->job_id.empty()) submission->job_id = content.job_id;
  if (submission->envelope_id.empty()) submission->envelope_id = content.envelope_id;
}

// What was not queued had been queued before.
ForwardAnswer AnswerFor(const ForwardBatch& batch, const std::vector<SpoolRow>& queued) {
  ForwardAnswer answer;
  if (batch.transfer_sequence != 0) return answer;
  std::map<MessageId, uint32_t> rows;
  for (const SpoolRow& row : queued) ++rows[row.value.message];
  for (const ForwardedMessage& message : batch.messages) {
    const auto recipients = static_cast<uint32_t>(message.recipients.size());
    answer.repeated.push_back(recipients - rows[*MessageId::FromBytes(message.message_id)]);
  }
  return answer;
}

absl::Status CheckName(std::string_view what, std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (text.size() > Ingest::kNameBytesMax) {
    return absl::InvalidArgumentError(
        Cat("5.5.4 the ", what, " has ", text.size(), " octets; at most ", Ingest::kNameBytesMax));
  }
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return absl::InvalidArgumentError(
        Cat("5.5.4 CR, LF or another control character in the ", what));
  }
  // Records and messages between shards are UTF-8.
  if (!mail::IsValidUtf8(text)) {
    return absl::InvalidArgumentError(Cat("5.5.4 the ", what, " is not UTF-8"));
  }
  return absl::OkStatus();
}

absl::Status CheckNames(const Submission& submission) {
  RETURN_IF_ERROR(CheckName("virtual MTA's name", submission.virtual_mta));
  RETURN_IF_ERROR(CheckName("job id", submission.job_id));
  return CheckName("envelope id", submission.envelope_id);
}

}  // namespace

struct Ingest::Job {
  Submission submission;
  SubmitDone done;
  SourcePolicy source;
  std::shared_ptr<Message> message;
  std::string vmta;
  std::string pool;  // "" if the virtual MTA was chosen by its own name
  std::vector<Target> targets;
  SubmitResult result;
  uint32_t parts = 0;  // commits and forwards under way
  uint64_t repeated = 0;
  uint64_t queued = 0;
};

absl::Status Ingest::CheckLimits(const Submission& submission, const SourcePolicy& source) const {
  if (stopped_) {
    return absl::UnavailableError("this shard is stopping; send to another one");
  }
  if (!deps_.spool.health().accepting()) {
    return absl::ResourceExhaustedError("4.3.1 no disk space for new mail; try again later");
  }
  if (!source.smtp_service || !source.may_relay) {
    return absl::PermissionDeniedError(
        Cat("5.7.1 relaying is not allowed for ", submission.source.client.ToString(),
            "; allow it with 'always-allow-relaying yes' in a <source> that matches"));
  }
  const auto invalid = [](std::string text) { return absl::InvalidArgumentError(std::move(text)); };
  if (submission.recipients.empty()) return invalid("5.5.1 the message has no recipients");
  if (submission.recipients.size() > kRecipientsMax) {
    return invalid(Cat("5.5.3 ", submission.recipients.size(), " recipients; at most ",
                       kRecipientsMax, " per message"));
  }
  if (submission.content.size() > source.max_message_size) {
    return invalid(Cat("5.3.4 the message has ", submission.content.size(),
                       " octets; max-message-size is ", source.max_message_size));
  }
  if (submission.idempotency_key.size() > kIdempotencyKeyBytesMax) {
    return invalid(
        Cat("5.5.4 idempotency_key is longer than ", kIdempotencyKeyBytesMax, " octets"));
  }
  return absl::OkStatus();
}

// Chooses the virtual MTA on the way: what is done to the content depends on its settings.
absl::StatusOr<PreparedContent> Ingest::Prepare(Job& job, const MessageId& id) {
  ContentOptions options;
  options.source = job.source;
  options.host_name = deps_.policies.HostName();
  options.id = id;
  options.now = deps_.loop.WallNow();
  absl::Status chosen;
  options.sanitize = [&](const std::string& virtual_mta) {
    chosen = ChooseVmta(job, id, virtual_mta);
    return std::any_of(job.targets.begin(), job.targets.end(), [&](const Target& t) {
      return t.fate != Fate::kInvalid &&
             deps_.policies.PolicyFor(t.domain, job.vmta)->sanitize_headers;
    });
  };
  absl::StatusOr<PreparedContent> content = PrepareContent(job.submission, options);
  if (!content.ok()) return content;
  TakeNames(*content, &job.submission);
  RETURN_IF_ERROR(CheckNames(job.submission));
  if (!chosen.ok()) return chosen;
  return content;
}

absl::Status Ingest::CheckLoops(const Job& job, uint32_t own_hops) {
  for (const Target& target : job.targets) {
    if (target.fate == Fate::kInvalid) continue;
    const uint32_t loops = deps_.policies.PolicyFor(target.domain, job.vmta)->max_loop_count;
    if (loops > 0 && own_hops >= loops) {
      return absl::InvalidArgumentError(Cat("5.4.6 mail loop: this cluster has seen the message ",
                                            own_hops, " times (max-loop-count ", loops, ")"));
    }
  }
  return absl::OkStatus();
}

absl::Status Ingest::BuildMessage(Job& job) {
  Submission& submission = job.submission;
  const MessageId id = submission.idempotency_key.empty() ? RandomId(deps_.rng)
                                                          : KeyedId(submission.idempotency_key);
  ASSIGN_OR_RETURN(PreparedContent content, Prepare(job, id));
  RETURN_IF_ERROR(CheckLoops(job, content.own_hops));
  auto message = std::make_shared<Message>();
  StoredMessage& envelope = message->envelope;
  envelope.id = id;
  envelope.sender = submission.mail_from;
  envelope.envelope_id = submission.envelope_id;
  envelope.job_id = submission.job_id;
  envelope.source_type = submission.source.kind == SourceKind::kSmtp ? "smtp" : "api";
  envelope.source_mta = Cat(Escape(submission.source.helo.substr(0, kNameBytesMax)), " (",
                            submission.source.client.ToString(), ")");
  envelope.source_ip = submission.source.client.ToString();
  envelope.listener_ip = submission.source.listener.ToString();
  envelope.accepted_ms = deps_.loop.WallNow().unix_ms();
  envelope.from_domain = content.from_domain;
  envelope.body_hash = content.body_hash;
  envelope.payload_hash = PayloadHash(submission);
  envelope.header_bytes = content.header_bytes;
  envelope.content_bytes = static_cast<uint32_t>(content.text.size());
  envelope.eight_bit = content.eight_bit;
  envelope.smtp_utf8 = submission.smtp_utf8;
  envelope.ret = submission.ret;
  message->content = SharedBytes(std::move(content.text));
  envelope.vmta_pool = job.pool;
  job.message = std::move(message);
  job.result.id = id;
  return absl::OkStatus();
}

std::string Ingest::NextMember(const std::vector<std::string>& members) {
  return members[round_robin_++ % members.size()];
}

absl::Status Ingest::ChooseVmta(Job& job, const MessageId& id, const std::string& from_header) {
  const std::string& wanted = !job.submission.virtual_mta.empty() ? job.submission.virtual_mta
                              : !from_header.empty()              ? from_header
                                                                  : job.source.default_virtual_mta;
  const std::vector<std::string> members = deps_.policies.MembersOf(wanted);
  if (members.empty()) {
    return absl::InvalidArgumentError(
        Cat("5.5.0 no virtual MTA or pool is named '", Escape(wanted), "'"));
  }
  // A keyed message must get the same virtual MTA through any shard: its queue decides its owner.
  job.vmta = job.submission.idempotency_key.empty()
                 ? NextMember(members)
                 : members[StableHash(id.bytes()) % members.size()];
  if (members.size() > 1 || members.front() != wanted) job.pool = wanted;
  return absl::OkStatus();
}

absl::Status Ingest::PlanRecipients(Job& job) {
  job.result.recipients.resize(job.submission.recipients.size());
  job.targets.resize(job.submission.recipients.size());
  for (size_t i = 0; i < job.targets.size(); ++i) {
    PlanRecipient(job, i);
    // SMTP has taken it at RCPT and has only one answer left, so the whole message gets it.
    if (job.targets[i].fate == Fate::kInvalid && job.submission.source.kind == SourceKind::kSmtp) {
      return absl::InvalidArgumentError(job.result.recipients[i].detail);
    }
  }
  return absl::OkStatus();
}

void Ingest::PlanRecipient(Job& job, size_t index) {
  Target& target = job.targets[index];
  if (index < job.submission.dsn.size()) target.dsn = std::move(job.submission.dsn[index]);
  RecipientResult& result = job.result.recipients[index];
  const auto address = mail::ParseAddress(job.submission.recipients[index]);
  if (!address.ok()) {
    target.fate = Fate::kInvalid;
    result = {RecipientState::kInvalid, Cat("5.1.3 ", std::string(address.status().message()))};
    return;
  }
  target.address = address->ToString();
  const std::string domain = address->DomainKey();
  target.site = deps_.policies.SiteOf(domain);
  target.domain = target.site;
  const DeliveryPolicyPtr policy = deps_.policies.PolicyFor(domain, "");
  if (const SuppressionList* list =
          deps_.suppressions.Find(policy->suppress_files, target.address)) {
    target.fate = Fate::kSuppress;
    target.list = list->name();
    result = {RecipientState::kSuppressed, Cat("5.7.1 on suppression list ", list->name())};
  }
}

AccountEvent Ingest::ReceiptEvent(const Job& job, size_t index) const {
  const StoredMessage& envelope = job.message->envelope;
  AccountEvent event;
  event.type = EventType::kReceipt;
  event.logged_ms = envelope.accepted_ms;
  event.queued_ms = envelope.accepted_ms;
  event.message_id = std::string(envelope.id.bytes());
  event.orig = envelope.sender;
  event.rcpt = job.targets[index].address;
  event.orcpt = job.targets[index].dsn.orcpt;
  event.src_type = envelope.source_type;
  event.src_mta = envelope.source_mta;
  event.vmta = job.vmta;
  event.vmta_pool = envelope.vmta_pool;
  event.job_id = envelope.job_id;
  event.env_id = envelope.envelope_id;
  event.queue = Cat(job.targets[index].domain, '/', job.vmta);
  event.rcv_source_ip = envelope.source_ip;
  event.rcv_destination_ip = envelope.listener_ip;
  event.size_bytes = envelope.content_bytes;
  return event;
}

AccountEvent Ingest::SuppressedEvent(const Job& job, size_t index) const {
  AccountEvent event = ReceiptEvent(job, index);
  event.type = EventType::kBounce;
  event.dsn_action = "failed";
  event.dsn_status = "5.7.1 (delivery not authorized)";
  event.dsn_diag = Cat("recipient is on suppression list ", job.targets[index].list);
  event.bounce_cat = "policy-related";
  event.size_bytes = 0;
  return event;
}

void Ingest::Submit(Submission submission, SubmitDone done) {
  auto job = std::make_shared<Job>();
  job->submission = std::move(submission);
  job->done = std::move(done);
  job->source = deps_.policies.SourceFor(job->submission.source.client);
  ++unanswered_;
  if (deps_.gauges != nullptr) deps_.gauges->Add(Gauge::kUnanswered, 1);
  absl::Status status = CheckLimits(job->submission, job->source);
  if (status.ok() && !job->submission.mail_from.empty()) {
    if (const auto sender = mail::ParseAddress(job->submission.mail_from); !sender.ok()) {
      status = absl::InvalidArgumentError(
          Cat("5.1.7 mail_from: ", std::string(sender.status().message())));
    }
  }
  if (status.ok()) status = PlanRecipients(*job);
  if (status.ok()) status = BuildMessage(*job);
  job->parts = 1;
  if (status.ok()) {
    std::vector<size_t> here;
    std::map<std::string, std::pair<ClusterMember, std::vector<size_t>>> elsewhere;
    for (size_t i = 0; i < job->targets.size(); ++i) {
      if (job->targets[i].fate == Fate::kInvalid) continue;
      const Owner owner = deps_.assignment.OwnerOf(job->targets[i].site, job->vmta);
      if (job->targets[i].fate == Fate::kQueue && owner.kind == Owner::Kind::kPeer) {
        auto& part = elsewhere[owner.member->name];
        part.first = *owner.member;
        part.second.push_back(i);
      } else {
        here.push_back(i);
      }
    }
    if (!here.empty()) CommitHere(job, std::move(here), /*with_suppressed=*/true);
    for (auto& [name, part] : elsewhere) SendTo(job, part.first, std::move(part.second));
  }
  PartDone(job, status);
}

void Ingest::CommitHere(const JobPtr& job, std::vector<size_t> indexes, bool with_suppressed) {
  AcceptRequest request;
  NewMessage message;
  message.message = job->message;
  const bool keyed = !job->submission.idempotency_key.empty();
  message.may_exist = keyed || !with_suppressed;
  if (keyed) {
    message.receipts_until_ms = (deps_.loop.WallNow() + kReceiptTime).unix_ms();
  }
  for (const size_t i : indexes) {
    const Target& target = job->targets[i];
    if (target.fate == Fate::kSuppress) {
      request.events.push_back(SuppressedEvent(*job, i));
      continue;
    }
    request.events.push_back(ReceiptEvent(*job, i));
    NewRow row;
    row.queue = deps_.spool.QueueFor({target.domain, job->vmta});
    row.due_ms = job->message->envelope.accepted_ms;
    row.rcpt = static_cast<uint16_t>(i);
    row.value.rcpt = target.address;
    row.value.notify = target.dsn.notify;
    row.value.orcpt = target.dsn.orcpt;
    row.value.accepted_ms = job->message->envelope.accepted_ms;
    // The owner may have it although it did not answer: its receipt decides at the hand-over.
    if (!with_suppressed) row.value.flags |= kRowMaybeForwarded;
    message.rows.push_back(std::move(row));
  }
  const size_t rows = message.rows.size();
  if (rows > 0) request.messages.push_back(std::move(message));
  ++job->parts;
  deps_.spool.Accept(std::move(request),
                     [this, job, rows](absl::StatusOr<std::vector<SpoolRow>> queued) {
                       if (queued.ok()) {
                         job->queued += queued->size();
                         job->repeated += rows - queued->size();
                         deps_.engine.RowsAccepted(*queued);
                       }
                       PartDone(job, StatusForClient(queued.status()));
                     });
}

ForwardedMessage Ingest::ForwardOf(const Job& job, const std::vector<size_t>& indexes) const {
  ForwardedMessage out = ForwardedFrom(*job.message);
  out.receipts_until = deps_.loop.WallNow() + kReceiptTime;
  for (const size_t i : indexes) {
    ForwardedRecipient rcpt;
    rcpt.address = job.targets[i].address;
    rcpt.index = static_cast<uint32_t>(i);
    rcpt.queue_domain = job.targets[i].domain;
    rcpt.virtual_mta = job.vmta;
    rcpt.notify = job.targets[i].dsn.notify;
    rcpt.orcpt = job.targets[i].dsn.orcpt;
    out.recipients.push_back(std::move(rcpt));
  }
  return out;
}

void Ingest::SendTo(const JobPtr& job, const ClusterMember& owner, std::vector<size_t> indexes) {
  ++job->parts;
  deps_.forwarder.Send(owner.rpc_address, deps_.assignment.highest_epoch().value(),
                       ForwardOf(*job, indexes),
                       [this, job, indexes](absl::StatusOr<uint32_t> known) {
                         const absl::Status& status = known.status();
                         const bool final = status.ok() || absl::IsAlreadyExists(status) ||
                                            absl::IsInvalidArgument(status);
                         if (known.ok()) {
                           const auto repeated = std::min<size_t>(*known, indexes.size());
                           job->repeated += repeated;
                           job->queued += indexes.size() - repeated;
                         }
                         // Accept now, hand over later: if the owner has it, its receipt will
                         // tell.
                         if (!final) CommitHere(job, indexes, /*with_suppressed=*/false);
                         PartDone(job, final ? status : absl::OkStatus());
                       });
}

void Ingest::PartDone(const JobPtr& job, absl::Status status) {
  if (!status.ok() && job->result.status.ok()) job->result.status = std::move(status);
  if (--job->parts > 0) return;
  --unanswered_;
  if (deps_.gauges != nullptr) deps_.gauges->Add(Gauge::kUnanswered, -1);
  if (job->result.status.ok()) {
    const auto taken =
        std::count_if(job->result.recipients.begin(), job->result.recipients.end(),
                      [](const RecipientResult& r) { return r.state != RecipientState::kInvalid; });
    const uint64_t bytes = job->message == nullptr ? 0 : job->message->envelope.content_bytes;
    traffic_.Add(deps_.loop.MonoNow(), {static_cast<uint64_t>(taken), 1, bytes});
  }
  job->result.duplicate = job->repeated > 0 && job->queued == 0;
  // In a turn of its own: a refusal must not call back into the caller that is still on the stack.
  deps_.loop.Post([job] { job->done(std::move(job->result)); });
}

NewMessage Ingest::MessageFrom(const ForwardedMessage& forwarded) const {
  NewMessage out;
  out.message = MessageOf(forwarded);
  out.may_exist = true;
  out.receipts_until_ms = forwarded.receipts_until.unix_ms();
  for (const ForwardedRecipient& rcpt : forwarded.recipients) {
    NewRow row;
    row.queue = deps_.spool.QueueFor({rcpt.queue_domain, rcpt.virtual_mta});
    row.due_ms = rcpt.due.us > 0 ? rcpt.due.unix_ms() : deps_.loop.WallNow().unix_ms();
    row.rcpt = static_cast<uint16_t>(rcpt.index);
    row.value.rcpt = rcpt.address;
    row.value.accepted_ms = forwarded.accepted.unix_ms();
    row.value.attempts = rcpt.attempts;
    row.value.last_reply = rcpt.last_reply;
    row.value.notify = rcpt.notify;
    row.value.orcpt = rcpt.orcpt;
    out.rows.push_back(std::move(row));
  }
  return out;
}

// What comes by hand-over is remembered as if it had been submitted here: a client may repeat it.
// Only written, never asked: a row that returns to a former owner is not a repeat.
void Ingest::KeepReceipts(const ForwardBatch& batch, KvBatch* out) const {
  const int64_t until_ms = (deps_.loop.WallNow() + kReceiptTime).unix_ms();
  for (const ForwardedMessage& message : batch.messages) {
    if (message.receipts_until.us > 0) continue;  // looks for receipts, and writes its own
    const auto id = MessageId::FromBytes(message.message_id);
    if (!id.has_value()) continue;  // refused with the batch
    for (const ForwardedRecipient& rcpt : message.recipients) {
      out->Put(Cf::kReceipt, ReceiptKey(*id, static_cast<uint16_t>(rcpt.index)),
               EncodeReceipt({until_ms, message.payload_hash}));
    }
  }
}

void Ingest::Receive(std::shared_ptr<const ForwardBatch> batch, ForwardDone done) {
  if (stopped_) return done(absl::UnavailableError("this shard is stopping"));
  if (batch->transfer_sequence == 0) return AcceptBatch(batch, KvBatch(), std::move(done));
  const std::string key = TransferKey(batch->from_uid, batch->transfer_sequence);
  deps_.spool.store().Get(
      Cf::kState, key,
      [this, batch, key, done = std::move(done)](absl::StatusOr<std::string> receipt) mutable {
        if (receipt.ok()) return done(ForwardAnswer());  // a repeated offer: already here
        if (!absl::IsNotFound(receipt.status())) return done(receipt.status());
        KvBatch extra;
        extra.Put(Cf::kState, key, std::string_view());
        extra.DeleteRange(Cf::kState, TransferKey(batch->from_uid, 0),
                          TransferKey(batch->from_uid, batch->transfers_done_below));
        KeepReceipts(*batch, &extra);
        AcceptBatch(batch, std::move(extra), std::move(done));
      });
}

void Ingest::AcceptBatch(const std::shared_ptr<const ForwardBatch>& batch, KvBatch extra,
                         ForwardDone done) {
  AcceptRequest request;
  request.extra = std::move(extra);
  for (const ForwardedMessage& message : batch->messages) {
    request.messages.push_back(MessageFrom(message));
  }
  deps_.spool.Accept(std::move(request), [this, batch, done = std::move(done)](
                                             absl::StatusOr<std::vector<SpoolRow>> rows) mutable {
    if (!rows.ok()) return done(rows.status());
    deps_.engine.RowsAccepted(*rows);
    done(AnswerFor(*batch, *rows));
  });
}

}  // namespace convoy::shard
