// Makes the content that is spooled from the content that was handed in.
//
// Line ends are normalised, fields for us (x-virtual-mta, x-job, x-envid) are read and removed,
// fields that must not travel (Bcc, Return-Path) are removed, trace fields are put before the rest.
// After this nothing changes the content but the signature put before it.
//
// RFC:       5321 4.4 (Received), 5322 3.6.3 (Bcc), 6409 8 (Date, Message-ID), 5321 6.3 (loops)
// Errors:    InvalidArgument saying what is wrong and where
// Determinism: pure
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "base/time_types.h"
#include "shard/engine/policy_book.h"
#include "shard/ingest/submission.h"

namespace convoy::shard {

struct ContentOptions {
  SourcePolicy source;
  std::string host_name;
  MessageId id;
  WallTime now{};
  // Asked once with the message's x-virtual-mta ("" when absent or not processed): is the header to
  // be repaired? Unset: no.
  std::function<bool(const std::string& virtual_mta)> sanitize;
};

struct PreparedContent {
  std::string text;           // header, blank line, body
  uint32_t header_bytes = 0;  // the blank line included
  std::string body_hash;      // relaxed SHA-256, 32 octets
  std::string from_domain;    // "" when there is no usable From
  std::string virtual_mta;    // from x-virtual-mta, "" when absent or not processed
  std::string job_id;
  std::string envelope_id;
  uint32_t own_hops = 0;  // Received fields by our host name
  uint32_t hops = 0;      // all Received fields
  bool eight_bit = false;
};

absl::StatusOr<PreparedContent> PrepareContent(const Submission& submission,
                                               const ContentOptions& options);

}  // namespace convoy::shard
