// What the spool keeps about a message and about each of its recipients, as plain values.
//
// The stored form is proto/stored.proto (record_codec.h); nothing outside the codec sees it.
//
// Units:     *_ms milliseconds since the Unix epoch (wall time); *_bytes octets
// Limits:    kLastReplyBytesMax; a longer reply is cut when it is stored
// Determinism: pure
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/stream.h"
#include "shard/queue/row.h"
#include "shard/schedule/ids.h"

namespace convoy::shard {

inline constexpr size_t kLastReplyBytesMax = 512;

// Names a message for ever, on every shard. 16 random octets, or a hash of (tenant, idempotency
// key).
class MessageId {
 public:
  MessageId() = default;
  // nullopt unless `bytes` has 16 octets.
  static std::optional<MessageId> FromBytes(std::string_view bytes);
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  // 32 hexadecimal digits.
  std::string ToString() const;
  auto operator<=>(const MessageId&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const MessageId& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  std::array<uint8_t, 16> bytes_{};
};

// Once per message and shard.
struct StoredMessage {
  MessageId id;
  std::string sender;  // reverse-path; empty: <>
  std::string envelope_id;
  std::string job_id;
  std::string source_type;  // smtp, api
  std::string source_mta;   // "name (address)"
  std::string source_ip;    // the client, for accounting (rcvSourceIp)
  std::string listener_ip;  // rcvDestinationIp
  std::string smtp_user;    // AUTH identity; empty: none
  std::string tenant;
  int64_t accepted_ms = 0;
  std::string vmta_pool;
  std::string from_domain;     // of the From address, lower case: the identity that signs
  std::string body_hash;       // SHA-256 of the body in relaxed canonical form (RFC 6376 3.4.4)
  std::string payload_hash;    // SHA-256 of what the client sent; empty: not asked for
  uint32_t header_bytes = 0;   // of content, the blank line included
  uint32_t content_bytes = 0;  // header and body
  bool eight_bit = false;      // the content has octets above 127
  bool smtp_utf8 = false;
  std::string ret;             // RFC 3461 4.3: FULL or HDRS; empty: not given
  uint32_t rows_at_first = 0;  // recipients accepted with the message on this shard; set by Spool

  bool operator==(const StoredMessage&) const = default;
};

// A message in memory; shared by the cache, the signing pool and the sessions.
struct Message {
  StoredMessage envelope;
  SharedBytes content;  // header and body as they were accepted, before signing
};
using MessagePtr = std::shared_ptr<const Message>;

// RFC 3461 4.1
enum NotifyFlag : uint8_t {
  kNotifyNever = 1,
  kNotifySuccess = 2,
  kNotifyFailure = 4,
  kNotifyDelay = 8,
};
// The value of NOTIFY= ("SUCCESS,DELAY", in any order and case) as NotifyFlag, and back; words that
// are not known are left out.
uint8_t NotifyFlagsOf(std::string_view text);
std::string NotifyTextOf(uint8_t flags);

enum RowFlag : uint32_t {
  // An attempt got past its final dot and its reply was not recorded: the next one may be a
  // duplicate.
  kRowMaybeDelivered = 1,
  // In a hand-over to another shard: nobody attempts it.
  kRowOffered = 2,
  // Kept here because its owner did not answer, which may have it all the same.
  kRowMaybeForwarded = 4,
};

// One recipient: what changes from attempt to attempt, and what a record needs besides the message.
struct StoredRow {
  MessageId message;
  std::string rcpt;
  std::string orcpt;
  uint8_t notify = 0;  // NotifyFlag; 0: not given
  uint32_t attempts = 0;
  int64_t accepted_ms = 0;         // first acceptance: counts for bounce-after
  int64_t first_attempt_ms = 0;    // 0: never
  int64_t last_attempt_ms = 0;     // 0: never
  std::string last_reply;          // of the last attempt, raw
  uint32_t flags = 0;              // RowFlag
  uint32_t content_bytes = 0;      // of the message: for policies that must not read it
  uint64_t transfer_sequence = 0;  // with kRowOffered: the hand-over it is in

  bool operator==(const StoredRow&) const = default;
};

// A row where it lies: its queue, its key and its value.
struct SpoolRow {
  QueueId queue;
  RowKey key;
  StoredRow value;

  bool operator==(const SpoolRow&) const = default;
};

// An idempotency key of a tenant that has been used.
struct IdempotencyRecord {
  MessageId message;
  std::string payload_hash;
  int64_t expires_ms = 0;
  std::string answer;  // what the client was told, opaque to the spool

  bool operator==(const IdempotencyRecord&) const = default;
};

// The destination of a queue. The text form is "domain/vmta", as in accounting records.
struct QueueName {
  std::string domain;
  std::string vmta;

  auto operator<=>(const QueueName&) const = default;
  std::string ToString() const { return domain + "/" + vmta; }
  template <typename H>
  friend H AbslHashValue(H h, const QueueName& name) {
    return H::combine(std::move(h), name.domain, name.vmta);
  }
};

}  // namespace convoy::shard
