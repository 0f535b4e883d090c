#include "coordinator/store/memory_store.h"

#include <utility>

namespace convoy::coordinator {

absl::StatusOr<Store::Opened> MemoryStore::Open() {
  disk_.epoch = Epoch(disk_.epoch.value() + 1);
  Opened opened{
      .epoch = disk_.epoch, .state = {.table = disk_.table, .members = {}}, .configs = {}};
  for (const auto& [id, record] : disk_.members) opened.state.members.push_back(record);
  for (const auto& [version, record] : disk_.configs) opened.configs.push_back(record);
  return opened;
}

void MemoryStore::Commit(StoreWrite write, Done done) {
  auto finish = [this, alive = std::weak_ptr<bool>(alive_), write = std::move(write),
                 done = std::move(done)]() mutable {
    if (alive.expired()) return;
    for (const MemberId id : write.update.erased_members) disk_.members.erase(id);
    for (const MemberRecord& record : write.update.put_members) disk_.members[record.id] = record;
    if (write.update.table_changed) disk_.table = *write.table;
    if (write.config != nullptr) disk_.configs[write.config->version] = write.config;
    for (const uint64_t version : write.erased_configs) disk_.configs.erase(version);
    done(absl::OkStatus());
  };
  loop_.CallAfter(latency_, std::move(finish));
}

}  // namespace convoy::coordinator
