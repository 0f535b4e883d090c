// One version of the cluster's configuration, as the coordinator keeps it.
//
// The highest version is the current one. Versions are never reused, also not those of versions
// that were dropped from the history.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace convoy::coordinator {

inline constexpr size_t kConfigsKept = 20;

struct ConfigRecord {
  uint64_t version = 0;
  int64_t time_ms = 0;  // when it became current, Unix
  std::string who;
  std::string comment;
  std::string fingerprint;   // of the configuration in it
  uint64_t rollback_of = 0;  // 0: new content
  std::string bundle;        // encoded; holds keys and passwords
  uint32_t files = 0;        // in the bundle; 0: kept by a release that did not count
  uint64_t octets = 0;       // of them

  bool operator==(const ConfigRecord&) const = default;
};
using ConfigRecordPtr = std::shared_ptr<const ConfigRecord>;

class ConfigHistory {
 public:
  void Add(ConfigRecordPtr record) { records_[record->version] = std::move(record); }
  // What has to go so that one more version can be kept; removes it here.
  std::vector<uint64_t> MakeRoom() {
    std::vector<uint64_t> gone;
    while (records_.size() >= kConfigsKept) {
      gone.push_back(records_.begin()->first);
      records_.erase(records_.begin());
    }
    return gone;
  }
  // Null if there is none, or not any more.
  ConfigRecordPtr Find(uint64_t version) const {
    const auto found = records_.find(version);
    return found == records_.end() ? nullptr : found->second;
  }
  ConfigRecordPtr current() const { return records_.empty() ? nullptr : records_.rbegin()->second; }
  uint64_t current_version() const { return records_.empty() ? 0 : records_.rbegin()->first; }
  const std::map<uint64_t, ConfigRecordPtr>& all() const { return records_; }

 private:
  std::map<uint64_t, ConfigRecordPtr> records_;
};

}  // namespace convoy::coordinator
