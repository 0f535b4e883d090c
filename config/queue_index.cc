#include "config/queue_index.h"

namespace convoy::config {
namespace {

absl::string_view Key(std::string_view text) { return {text.data(), text.size()}; }

uint64_t PairOf(uint32_t domain, uint32_t vmta) { return uint64_t{domain} << 32 | vmta; }

}  // namespace

uint32_t QueueIndex::NumberOf(std::string_view domain, std::string_view vmta) {
  const auto known_domain = domains_.find(Key(domain));
  const auto known_vmta = vmtas_.find(Key(vmta));
  if (known_domain != domains_.end() && known_vmta != vmtas_.end()) {
    const auto queue = queues_.find(PairOf(known_domain->second, known_vmta->second));
    if (queue != queues_.end()) return queue->second;
  }
  return Add(domain, vmta);
}

uint32_t QueueIndex::Add(std::string_view domain, std::string_view vmta) {
  const size_t bytes = name_bytes_ + domain.size() + vmta.size();
  const bool full = queues_.size() >= limits_.queues || bytes > limits_.name_bytes ||
                    paths_.size() >= limits_.paths;
  if (full) Forget();
  const auto [path, added] = known_paths_.try_emplace(config_->PathFor(domain, vmta),
                                                      static_cast<uint32_t>(paths_.size()));
  if (added) paths_.push_back(&path->first);
  queues_.emplace(PairOf(NumberOfName(domain, &domains_), NumberOfName(vmta, &vmtas_)),
                  path->second);
  return path->second;
}

uint32_t QueueIndex::NumberOfName(std::string_view name, Names* names) {
  const auto [known, added] =
      names->try_emplace(std::string(name), static_cast<uint32_t>(names->size()));
  if (added) name_bytes_ += name.size();
  return known->second;
}

void QueueIndex::Forget() {
  domains_.clear();
  vmtas_.clear();
  queues_.clear();
  known_paths_.clear();
  paths_.clear();
  name_bytes_ = 0;
  ++generation_;
}

}  // namespace convoy::config
