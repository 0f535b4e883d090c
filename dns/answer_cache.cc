#include "dns/answer_cache.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace convoy::dns {

std::string QuestionKey(const std::string& name, RecordType type) {
  return Cat(static_cast<uint16_t>(type), ' ', name);
}

std::optional<DnsAnswer> AnswerCache::Find(const std::string& name, RecordType type, MonoTime now) {
  const auto found = places_.find(QuestionKey(name, type));
  if (found == places_.end()) return std::nullopt;
  const Place place = found->second;
  if (place->expires <= now) {
    entries_.erase(place);
    places_.erase(found);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, place);
  DnsAnswer answer = place->answer;
  answer.ttl = place->expires - now;
  return answer;
}

void AnswerCache::Store(const std::string& name, RecordType type, const DnsAnswer& answer,
                        MonoTime now) {
  const Duration ttl = TtlOf(answer);
  if (ttl.us <= 0 || options_.entries_max == 0) return;
  const std::string key = QuestionKey(name, type);
  if (const auto found = places_.find(key); found != places_.end()) {
    entries_.erase(found->second);
    places_.erase(found);
  }
  if (entries_.size() >= options_.entries_max) {
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({.key = key, .answer = answer, .expires = now + ttl});
  places_.emplace(key, entries_.begin());
}

void AnswerCache::Clear() {
  places_.clear();
  entries_.clear();
}

Duration AnswerCache::TtlOf(const DnsAnswer& answer) const {
  switch (answer.status) {
    case DnsStatus::kOk:
      return std::min(answer.ttl, options_.ttl_max);
    case DnsStatus::kNoData:
    case DnsStatus::kNxDomain:
      return std::min(answer.ttl, options_.negative_ttl_max);
    case DnsStatus::kServFail:
    case DnsStatus::kTimeout:
    case DnsStatus::kBogus:
      return options_.failure_ttl;
  }
  return {0};
}

}  // namespace convoy::dns
