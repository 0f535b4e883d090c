#include "base/clock.h"

#include <ctime>

namespace convoy {
namespace {

int64_t ReadMicros(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return int64_t{ts.tv_sec} * 1000000 + ts.tv_nsec / 1000;
}

class KernelClock final : public Clock {
 public:
  MonoTime MonoNow() const override { return {ReadMicros(CLOCK_BOOTTIME)}; }
  WallTime WallNow() const override { return {ReadMicros(CLOCK_REALTIME)}; }
};

}  // namespace

const Clock& SystemClock() {
  static const KernelClock clock;
  return clock;
}

}  // namespace convoy
