// One message as a client hands it in, by whatever way, and what the client is told.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/ip_address.h"
#include "shard/spool/records.h"

namespace convoy::shard {

enum class SourceKind : uint8_t { kSmtp, kApi };

struct SubmissionSource {
  SourceKind kind = SourceKind::kApi;
  IpAddress client;
  IpAddress listener;
  std::string helo;      // SMTP: what the client called itself
  std::string protocol;  // WITH keyword of the Received field
};

// What the client asks for one recipient's notifications (RFC 3461 4.1, 4.2): kept for the next
// hop.
struct RecipientDsn {
  uint8_t notify = 0;  // NotifyFlag; 0: not given
  std::string orcpt;   // "addr-type;xtext"; empty: not given
};

struct Submission {
  SubmissionSource source;
  std::string mail_from;                // without angle brackets; empty: <>
  std::vector<std::string> recipients;  // without angle brackets
  std::string content;                  // any line ends when kApi, CRLF when kSmtp
  std::string virtual_mta;              // empty: the source decides
  std::string job_id;
  std::string envelope_id;  // as text, not as xtext
  std::string idempotency_key;
  bool smtp_utf8 = false;
  std::vector<RecipientDsn> dsn;  // one per recipient, or empty
  std::string ret;                // "FULL" or "HDRS"; empty: not given
};

enum class RecipientState : uint8_t { kQueued, kSuppressed, kInvalid };

struct RecipientResult {
  RecipientState state = RecipientState::kQueued;
  std::string detail;
};

struct SubmitResult {
  // OK: each recipient has its result. Else nothing was kept; the codes are those of
  // proto/submission.proto.
  absl::Status status;
  MessageId id;
  std::vector<RecipientResult> recipients;
  bool duplicate = false;
};

}  // namespace convoy::shard
