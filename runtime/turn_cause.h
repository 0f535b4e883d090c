// Names what the loop thread is doing, so that a slow turn can be logged with its cause.
//
//     NameTurn("scheduler: assign");      // a literal; the last one named in a turn is reported
//
// Thread:    thread-safe (each thread has its own)
#pragma once

namespace convoy {

namespace turn_internal {
inline thread_local const char* cause = nullptr;
}  // namespace turn_internal

inline void NameTurn(const char* cause) { turn_internal::cause = cause; }

// Takes the name given since the last call; null if there is none.
inline const char* TakeTurnName() {
  const char* const cause = turn_internal::cause;
  turn_internal::cause = nullptr;
  return cause;
}

}  // namespace convoy
