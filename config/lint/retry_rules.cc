// L304 to L306: times of retries that defeat each other.
#include <algorithm>

#include "base/text.h"
#include "config/lint/always.h"
#include "config/lint/rules.h"

namespace convoy::config::lint {
namespace {

// "retry-after 10m", as set or by default.
std::string Written(const Queue& queue, std::string_view name) {
  const Setting* setting = queue.Find(name);
  const DirectiveRow& row = *FindDirective(name, kDomain);
  return setting == nullptr ? Cat(name, ' ', row.default_text)
                            : Cat(setting->spelled, ' ', setting->value());
}

}  // namespace

void NoSecondAttempt(const Survey& survey, Findings* out) {
  Always unreachable("L304");
  Always deferred("L304");
  EachQueue(survey, [&](const Queue& queue) {
    const Policy& policy = queue.policy;
    const auto see = [&](std::string_view name, Duration first, Always* always) {
      const bool bad = policy.bounce_after.us > 0 && first >= policy.bounce_after;
      always->See(queue.Find(name), queue.Find("bounce-after"), bad,
                  Cat("mail bounces before it is tried again: '", Written(queue, "bounce-after"),
                      "', but '", Written(queue, name), "'"),
                  "make bounce-after several times as long as the first wait");
    };
    see("retry-after", policy.retry_after.front(), &unreachable);
    if (!policy.bounce_on_4xx_status) {
      see("retry-interval", std::max(policy.retry_interval.front(), policy.min_retry_interval),
          &deferred);
    }
  });
  unreachable.Report(out);
  deferred.Report(out);
}

void IntervalNeverHolds(const Survey& survey, Findings* out) {
  Always always("L305");
  EachQueue(survey, [&](const Queue& queue) {
    const Setting* least = queue.Find("min-retry-interval");
    if (least == nullptr) return;
    const std::vector<Duration>& waits = queue.policy.retry_interval;
    const bool bad =
        *std::max_element(waits.begin(), waits.end()) < queue.policy.min_retry_interval;
    always.See(queue.Find("retry-interval"), least, bad,
               Cat("'", Written(queue, "retry-interval"), "' never holds: '",
                   Written(queue, "min-retry-interval"), "' is longer"),
               "make min-retry-interval the shorter of the two");
  });
  always.Report(out);
}

void BackoffRetriesSooner(const Survey& survey, Findings* out) {
  Always always("L306");
  EachQueue(survey, [&](const Queue& queue) {
    const Setting* backoff = queue.Find("backoff-retry-after");
    if (backoff == nullptr) return;
    const auto waits = ParseTimeList(backoff->value());
    if (!waits.ok() || waits->empty()) return;
    const std::vector<Duration>& normal = queue.policy.retry_after;
    const bool bad = *std::max_element(waits->begin(), waits->end()) <
                     *std::min_element(normal.begin(), normal.end());
    always.See(backoff, nullptr, bad,
               Cat("'", Written(queue, "backoff-retry-after"), "' is shorter than '",
                   Written(queue, "retry-after"), "': backoff mode would try more often"),
               "make backoff-retry-after the longer of the two");
  });
  always.Report(out);
}

}  // namespace convoy::config::lint
