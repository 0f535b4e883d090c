// The suppression lists in force, by the path that `suppress-file` names.
//
// Thread:    loop-affine
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "shard/suppress/suppression_list.h"

namespace convoy::shard {

class SuppressionBook {
 public:
  void Set(const std::string& path, std::shared_ptr<const SuppressionList> list) {
    lists_[path] = std::move(list);
  }
  void Remove(const std::string& path) { lists_.erase(path); }
  // The first of `paths` whose list has the address; null if none has. A path that was never set is
  // an empty list.
  const SuppressionList* Find(const std::vector<std::string>& paths,
                              std::string_view address) const {
    for (const std::string& path : paths) {
      const auto found = lists_.find(path);
      if (found != lists_.end() && found->second->Contains(address)) return found->second.get();
    }
    return nullptr;
  }

 private:
  absl::flat_hash_map<std::string, std::shared_ptr<const SuppressionList>> lists_;
};

}  // namespace convoy::shard
