// Reads a stream to its end, for tests.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace convoy {

// Reads until the end or an error; appends what came.
inline Task<absl::Status> ReadAll(Stream& stream, std::string* out) {
  char buffer[4096];
  for (;;) {
    const absl::StatusOr<size_t> n = co_await stream.Read(buffer, sizeof buffer);
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return absl::OkStatus();
    out->append(buffer, *n);
  }
}

inline Task<void> ReadAllInto(Stream& stream, std::string* out, absl::Status* status, bool* ended) {
  *status = co_await ReadAll(stream, out);
  *ended = true;
}

}  // namespace convoy
