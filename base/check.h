// CHECK: stops the process when an invariant of ours is broken. On in production.
//
// Only for what no peer, client, file or disk can cause; those get a Status.
#pragma once

namespace convoy {

// Prints `file:line: CHECK failed: what` to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* what);

}  // namespace convoy

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::convoy::CheckFailed(__FILE__, __LINE__, #condition))
