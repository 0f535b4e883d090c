// One accounting event: what happened to one recipient (or to one queue), with every field that an
// accounting record may show.
//
// Events join the batch of the change they describe, as rows of the outbox; projectors turn the
// outbox into files. Fields that do not apply to a type stay empty. Names follow PowerMTA's.
//
// Units:     *_ms milliseconds since the Unix epoch; size_bytes octets of the message as sent
// Limits:    dsn_diag is cut at kDiagBytesMax when the event is stored
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace convoy::shard {

inline constexpr size_t kDiagBytesMax = 2048;

// On disk as a number: never renumber.
enum class EventType : uint8_t {
  kDelivery = 1,        // d   delivered or relayed
  kBounce = 2,          // b   failed for good, deleted, expired or suppressed
  kTransient = 3,       // t   one attempt for a recipient failed
  kTransientQueue = 4,  // tq  a queue-level failure: connect, DNS, greeting
  kReceipt = 5,         // r   accepted from a client
};

struct AccountEvent {
  EventType type = EventType::kDelivery;
  int64_t logged_ms = 0;         // when it happened
  int64_t queued_ms = 0;         // when the message was accepted
  int64_t first_attempt_ms = 0;  // 0: no attempt yet
  std::string message_id;        // 16 octets, or empty (tq)
  std::string orig;              // reverse-path
  std::string rcpt;
  std::string orcpt;
  std::string dsn_action;  // relayed, delivered, failed, delayed
  std::string dsn_status;  // "5.1.1 (bad destination mailbox address)"
  std::string dsn_diag;    // "smtp;550 5.1.1 no such user": raw, escaped when it is written
  std::string dsn_mta;     // "mx.example.com (192.0.2.1)"
  std::string bounce_cat;
  std::string src_type;  // smtp, api
  std::string src_mta;   // "name (address)"
  std::string dlv_type;  // smtp, discard, file
  std::string dlv_source_ip;
  std::string dlv_destination_ip;
  std::string dlv_esmtp_available;  // "PIPELINING,8BITMIME"
  std::string dlv_tls_protocol;
  std::string dlv_tls_cipher;
  std::string dlv_tls_proof;  // who vouched for the host's certificate: dane; empty: nobody
  uint64_t size_bytes = 0;    // 0: unknown
  std::string vmta;
  std::string vmta_pool;
  std::string job_id;
  std::string env_id;
  std::string queue;  // "domain/vmta"
  std::string rcv_source_ip;
  std::string rcv_destination_ip;
  std::string rcv_smtp_user;
  uint32_t attempts = 0;  // attempts so far, this one included
  // The outcome of an earlier attempt may have been lost: the peer may have got this mail twice.
  // Names the cause ("crash", "connection-lost", ...); empty: no doubt.
  std::string duplicate_cause;

  bool operator==(const AccountEvent&) const = default;
};

}  // namespace convoy::shard
