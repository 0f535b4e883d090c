// L301 to L303: limits that contradict each other.
#include <algorithm>

#include "base/text.h"
#include "config/lint/always.h"
#include "config/lint/rules.h"

namespace convoy::config::lint {
namespace {

// True if no stream that keeps to `outer` can exceed `inner`: inner is never reached. In an
// interval of inner there are at most ceil(inner / outer) intervals of outer, each with outer.count
// at most.
bool NeverReached(const RateValue& inner, const RateValue& outer) {
  if (inner.interval.us == 0 || outer.interval.us == 0) return false;
  const int64_t intervals = (inner.interval.us + outer.interval.us - 1) / outer.interval.us;
  return outer.count <= INT64_MAX / std::max<int64_t>(intervals, 1) &&
         inner.count > outer.count * std::max<int64_t>(intervals, 1);
}

std::optional<RateValue> RateOf(const Setting* setting) {
  if (setting == nullptr) return std::nullopt;
  const auto rate = ParseRate(setting->first());
  return rate.ok() && rate->interval.us > 0 ? std::optional<RateValue>(*rate) : std::nullopt;
}

// 0: no limit, or none was set.
int64_t CountOf(const Setting* setting) {
  return setting == nullptr ? 0 : ParseCount(setting->first(), 0).value_or(0);
}

std::string Both(const Setting& one, const Setting* other, std::string_view fallback) {
  return Cat("'", one.spelled, " ", one.value(), "' is above '",
             other == nullptr ? std::string(fallback) : Cat(other->spelled, " ", other->value()),
             "'");
}

constexpr char kLower[] = "backoff mode is meant to be slower: lower it";

void SeeBackoffLines(const Queue& queue, Always* always) {
  const auto lines = queue.holdings.find("");
  if (lines == queue.holdings.end()) return;
  for (const Holding& line : lines->second) {
    const std::vector<std::string_view> fields = Split(line.setting->rest, ',');
    if (fields.size() != 4) continue;
    const int64_t connections = ParseCount(Trim(fields[2]), 0).value_or(0);
    const int64_t messages = ParseCount(Trim(fields[3]), 0).value_or(0);
    const int64_t most = queue.policy.max_smtp_out;
    const RateValue& site = queue.policy.site_max_msg_rate;
    const bool many = most > 0 && connections > most;
    const bool fast = messages > 0 && NeverReached({messages, Hours(1)}, site);
    always->See(line.setting, nullptr, many || fast,
                many
                    ? Cat("a backoff to ", connections, " connections is above max-smtp-out ", most)
                    : Cat("a backoff to ", messages, " messages per hour is above the site's rate"),
                kLower);
  }
}

}  // namespace

void BackoffAboveNormal(const Survey& survey, Findings* out) {
  Always always("L301");
  EachQueue(survey, [&](const Queue& queue) {
    const Setting* connections = queue.Find("backoff-max-smtp-out");
    if (const int64_t count = CountOf(connections); count > 0) {
      const Setting* normal = queue.Find("max-smtp-out");
      const bool bad = queue.policy.max_smtp_out > 0 && count > queue.policy.max_smtp_out;
      always.See(connections, nullptr, bad, Both(*connections, normal, "max-smtp-out 20"), kLower);
    }
    for (const std::string_view name : {"max-msg-rate", "max-connect-rate"}) {
      const Setting* backoff = queue.Find(Cat("backoff-", name));
      const Setting* normal = queue.Find(name);
      const auto slow = RateOf(backoff);
      const auto fast = RateOf(normal);
      if (!slow.has_value() || !fast.has_value()) continue;
      always.See(backoff, nullptr, NeverReached(*slow, *fast), Both(*backoff, normal, ""), kLower);
    }
    SeeBackoffLines(queue, &always);
  });
  always.Report(out);
}

namespace {

constexpr char kReach[] = "lower it, or raise the limit around it";

// A limit of the queue against one that holds for more than the queue.
void SeeCount(const Setting* setting, int64_t outer, const std::string& name, Always* always) {
  const int64_t count = CountOf(setting);
  if (count == 0 || outer == 0) return;
  always->See(setting, nullptr, count > outer,
              Cat("'", setting->spelled, " ", count, "' is never reached: ", name, " is ", outer),
              kReach);
}

void SeeVmtas(const Survey& survey, const std::set<std::string>& usable, const Queue& queue,
              Always* always) {
  const Setting* connections = queue.Find("max-smtp-out");
  const Setting* rate = queue.Find("max-msg-rate");
  const auto messages = RateOf(rate);
  for (const std::string& name : queue.vmtas) {
    if (!usable.contains(Lower(name))) continue;
    const VirtualMta& vmta = *survey.config->FindVmta(name);
    const int64_t count = CountOf(connections);
    if (count > 0) {
      always->See(connections, nullptr, vmta.max_smtp_out > 0 && count > vmta.max_smtp_out,
                  Cat("'", connections->spelled, " ", count, "' is never reached: virtual MTA ",
                      vmta.name, " has max-smtp-out ", vmta.max_smtp_out),
                  kReach);
    }
    if (!messages.has_value()) continue;
    always->See(rate, nullptr, NeverReached(*messages, vmta.max_smtp_msg_rate),
                Cat("'", rate->spelled, " ", rate->value(), "' is never reached: virtual MTA ",
                    vmta.name, " has a lower max-smtp-msg-rate"),
                kReach);
  }
}

}  // namespace

void AboveTheLimitAround(const Survey& survey, Findings* out) {
  const std::set<std::string> usable = UsableVmtas(survey);
  const int64_t total = survey.config->total_max_smtp_out();
  // One limit around it that is too low is enough, so each is looked at by itself.
  Always by_total("L302");
  Always by_site("L302");
  Always by_vmta("L302");
  EachQueue(survey, [&](const Queue& queue) {
    const Setting* connections = queue.Find("max-smtp-out");
    const Setting* site = queue.Find("site-max-smtp-out");
    SeeCount(connections, total, "total-max-smtp-out of a shard", &by_total);
    SeeCount(site, total, "total-max-smtp-out of a shard", &by_total);
    SeeCount(connections, queue.policy.site_max_smtp_out, "site-max-smtp-out", &by_site);
    const Setting* rate = queue.Find("max-msg-rate");
    const Setting* per_hour = queue.Find("max-msg-per-hour");
    const Setting* around = per_hour == nullptr ? queue.Find("site-max-msg-rate") : per_hour;
    if (const auto messages = RateOf(rate); messages.has_value() && around != nullptr) {
      by_site.See(rate, nullptr, NeverReached(*messages, queue.policy.site_max_msg_rate),
                  Cat("'", rate->spelled, " ", rate->value(), "' is never reached: '",
                      around->spelled, " ", around->value(), "' is lower"),
                  kReach);
    }
    SeeVmtas(survey, usable, queue, &by_vmta);
  });
  for (const Always* one : {&by_total, &by_site, &by_vmta}) one->Report(out);
}

void ColdWithoutVmta(const Survey& survey, Findings* out) {
  // Virtual MTAs that warm-up mail can go by, by the name of the one it was submitted for.
  std::set<std::string> warm;
  bool any = false;
  for (const Section& section : survey.root.children) {
    if ((section.scope & (kVirtualMta | kPool)) == 0) continue;
    if (!IsSet(section, "cold-virtual-mta") && !IsSet(section, "auto-cold-virtual-mta")) continue;
    any = true;
    for (const std::string& name : survey.config->MembersOf(section.argument)) {
      warm.insert(Lower(name));
    }
  }
  Always always("L303");
  EachQueue(survey, [&](const Queue& queue) {
    const Setting* setting = queue.Find("max-cold-virtual-mta-msg");
    const bool has = queue.vmta.empty() ? any : warm.contains(Lower(queue.vmta));
    always.See(setting, nullptr, !has,
               "'max-cold-virtual-mta-msg' does nothing: there is no cold virtual MTA to send by",
               "write 'cold-virtual-mta NAME' into the <virtual-mta> or its pool");
  });
  always.Report(out);
}

}  // namespace convoy::config::lint
