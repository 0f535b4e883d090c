// Merges the pages of queues that the shards gave into one page.
//
// Every shard was asked for a full page after the same cursor, so the first rows of the union are
// right.
//
// Errors:    InvalidArgument for a page size or selector no shard should be asked with
// Determinism: pure
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "proto/admin.pb.h"

namespace convoy::coordinator {

inline constexpr uint32_t kPageSizeDefault = 20;
inline constexpr uint32_t kPageSizeMax = 1000;

// What each shard is asked, from what the operator asked.
absl::Status ToListRequest(const mta::v1::ShowQueuesRequest& in, mta::v1::ListQueuesRequest* out);

// Sorts `rows` as `asked.order()` says, keeps one page of them, and sets `next` if more follow.
void MergePage(const mta::v1::ListQueuesRequest& asked, std::vector<mta::v1::QueueRow> rows,
               bool more_on_shards, mta::v1::ShowQueuesResponse* out);

// Both parts are given, and not both are `*`.
absl::Status CheckChange(const mta::v1::ChangeQueueRequest& request);

}  // namespace convoy::coordinator
