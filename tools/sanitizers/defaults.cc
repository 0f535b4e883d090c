// Defaults and suppressions of the sanitizer run-times.
//
// Debian's libraries are not instrumented: ThreadSanitizer sees neither their atomics nor their
// frames. What they read and write through memcpy and the like is therefore not checked at all, and
// a test in which values pass between threads inside gRPC is tagged "no-tsan". Passing values
// between our own threads stays checked.

extern "C" {

const char* __tsan_default_suppressions();
const char* __tsan_default_options();
const char* __asan_default_options();
const char* __ubsan_default_options();
const char* __lsan_default_suppressions();

const char* __tsan_default_suppressions() {
  return "race:librocksdb\n"
         "race:libgrpc\n"
         "race:libunbound\n"
         "deadlock:librocksdb\n"
         "deadlock:libgrpc\n";
}

const char* __tsan_default_options() {
  return "second_deadlock_stack=1:halt_on_error=1:ignore_interceptors_accesses=1";
}

const char* __asan_default_options() {
  return "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1";
}

const char* __ubsan_default_options() { return "print_stacktrace=1:halt_on_error=1"; }

const char* __lsan_default_suppressions() {
  return "leak:libgrpc.so\n"
         "leak:librocksdb.so\n"
         "print_suppressions=0\n";
}
}
