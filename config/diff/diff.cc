#include "config/diff/diff.h"

#include "config/diff/policy_diff.h"
#include "config/diff/section_diff.h"

namespace convoy::config {

std::vector<Change> DiffConfigs(const Survey& before, const Survey& after) {
  std::vector<Change> changes = DiffSections(before, after);
  for (Change& change : DiffPolicies(before, after)) changes.push_back(std::move(change));
  return changes;
}

}  // namespace convoy::config
