#include "sim/scenario.h"

#include <map>

#include "base/text.h"

namespace convoy::sim {

absl::StatusOr<Scenario> ParseScenario(std::string_view name, std::string_view text) {
  Scenario out;
  out.name = name;
  const std::map<std::string_view, int64_t*> keys = {
      {"shards", &out.shards},
      {"late-shards", &out.late_shards},
      {"domains", &out.domains},
      {"messages", &out.messages},
      {"seconds", &out.seconds},
      {"hostile", &out.hostile},
      {"shard-kills", &out.shard_kills},
      {"coordinator-kills", &out.coordinator_kills},
      {"partitions", &out.partitions},
      {"one-way-percent", &out.one_way_percent},
      {"partition-seconds-max", &out.partition_seconds_max},
      {"lost-answers-percent", &out.lost_answers_percent},
      {"keyed-percent", &out.keyed_percent},
      {"repeat-percent", &out.repeat_percent},
      {"suppressed-percent", &out.suppressed_percent},
      {"disk-ms-max", &out.disk_ms_max},
      {"slow-disk-ms", &out.slow_disk_ms},
      {"full-disks", &out.full_disks},
      {"dns-failures", &out.dns_failures},
      {"fence", &out.fence},
      {"clocks-disagree", &out.clocks_disagree},
      {"rates-over-owners", &out.rates_over_owners},
      {"leaves", &out.leaves},
      {"reloads", &out.reloads},
      {"bad-reloads-percent", &out.bad_reloads_percent},
  };
  int number = 0;
  for (const std::string_view raw : Split(text, '\n')) {
    ++number;
    const std::string_view line = Trim(raw.substr(0, raw.find('#')));
    if (line.empty()) continue;
    const size_t equals = line.find('=');
    const auto found = keys.find(Trim(line.substr(0, equals)));
    if (equals == std::string_view::npos || found == keys.end()) {
      return absl::InvalidArgumentError(Cat(name, ":", number,
                                            ": expected 'key = number' with a known key, found '",
                                            Escape(line), "'"));
    }
    const auto value = ParseInt(Trim(line.substr(equals + 1)));
    if (!value.has_value() || *value < 0 || *value > 1'000'000) {
      return absl::InvalidArgumentError(
          Cat(name, ":", number, ": ", found->first, " must be a number from 0 to 1000000"));
    }
    *found->second = *value;
  }
  if (out.shards < 1 || out.shards > 9 || out.late_shards >= out.shards || out.domains < 1) {
    return absl::InvalidArgumentError(
        Cat(name, ": needs 1 to 9 shards, fewer late-shards, and a domain"));
  }
  if (out.rates_over_owners != 0 && out.reloads > 0) {
    return absl::InvalidArgumentError(
        Cat(name,
            ": rates-over-owners needs reloads = 0: what counts under which limit is known "
            "within one run of a shard only"));
  }
  return out;
}

}  // namespace convoy::sim
