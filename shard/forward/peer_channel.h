// The wire from one shard to another, without saying which wire.
//
// GrpcPeerChannel (rpc/) speaks proto/forward.proto; the simulator delivers the same values over
// its own network. The two conversations of that file are told apart by transfer_sequence.
//
// Errors:    as named in proto/forward.proto; Unavailable and DeadlineExceeded mean "outcome
// unknown" Thread:    loop-affine
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/time_types.h"
#include "runtime/stream.h"

namespace convoy::shard {

struct ForwardedRecipient {
  std::string address;
  uint32_t index = 0;
  std::string queue_domain;
  std::string virtual_mta;
  uint32_t attempts = 0;
  WallTime due{};  // 0: now
  std::string last_reply;
  uint8_t notify = 0;  // NotifyFlag
  std::string orcpt;
};

struct ForwardedMessage {
  std::string message_id;  // 16 octets
  std::string mail_from;
  std::shared_ptr<const std::string> content;  // header and body
  uint32_t header_bytes = 0;
  std::string job_id;
  std::string envelope_id;
  WallTime accepted{};
  std::string source_type;
  std::string source_mta;
  std::string virtual_mta_pool;
  std::string from_domain;
  std::string payload_hash;   // 32 octets
  WallTime receipts_until{};  // 0: no receipts needed
  bool smtp_utf8 = false;
  std::string ret;
  std::vector<ForwardedRecipient> recipients;
};

struct ForwardBatch {
  std::string from_shard;
  std::string from_uid;
  uint64_t epoch = 0;
  uint64_t transfer_sequence = 0;  // 0: new mail
  uint64_t transfers_done_below = 0;
  std::vector<ForwardedMessage> messages;

  size_t content_bytes() const {
    size_t bytes = 0;
    for (const ForwardedMessage& message : messages) bytes += message.content->size();
    return bytes;
  }
};

// What the owner says of a batch of new mail that is durable there.
struct ForwardAnswer {
  // For each message: recipients known from receipts, not queued again. Shorter: 0 for the rest.
  std::vector<uint32_t> repeated;

  uint32_t RepeatedOf(size_t message) const {
    return message < repeated.size() ? repeated[message] : 0;
  }
};
using ForwardDone = absl::AnyInvocable<void(absl::StatusOr<ForwardAnswer>)>;

class PeerChannel {
 public:
  virtual ~PeerChannel() = default;
  // Sends one batch to the shard at `address` (HOST:PORT). `done` runs exactly once, on the loop,
  // at the latest soon after `deadline`.
  virtual void Forward(const std::string& address, std::shared_ptr<const ForwardBatch> batch,
                       Duration deadline, ForwardDone done) = 0;
};

}  // namespace convoy::shard
