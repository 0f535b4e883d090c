// Any text is a policy or an error; a policy keeps what policy.h promises.
#include <string>
#include <string_view>

#include "base/check.h"
#include "sts/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace convoy::sts;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = ParsePolicy(text);
  if (policy.ok()) {
    CHECK(policy->max_age <= kMaxAgeMax && policy->mx.size() <= kPatternsMax);
    CHECK(policy->mode == Mode::kNone || !policy->mx.empty());
    for (const std::string& pattern : policy->mx) {
      if (!pattern.starts_with('*')) CHECK(Covers(*policy, pattern));
    }
    Covers(*policy, text);
  }
  const auto id = PolicyId({std::string(text)});
  CHECK(!id.has_value() || (!id->empty() && id->size() <= 32));
  return 0;
}
