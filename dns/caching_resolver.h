// A resolver in front of another: answers from a cache, and asks each question only once at a time.
//
// Thread:    loop-affine; the upstream resolver must answer or go before this one
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "dns/answer_cache.h"
#include "dns/resolver.h"
#include "runtime/event_loop.h"

namespace convoy::dns {

class CachingResolver final : public Resolver {
 public:
  CachingResolver(EventLoop& loop, Resolver& upstream, AnswerCache::Options options = {})
      : loop_(loop), upstream_(upstream), cache_(options) {}
  void Resolve(std::string name, RecordType type, AnswerDone done) override;
  bool validates() const override { return upstream_.validates(); }
  void Clear() { cache_.Clear(); }

  int64_t hits() const { return hits_; }
  int64_t misses() const { return misses_; }
  // Questions that waited for the same question's answer.
  int64_t joined() const { return joined_; }

 private:
  EventLoop& loop_;
  Resolver& upstream_;
  AnswerCache cache_;
  absl::flat_hash_map<std::string, std::vector<AnswerDone>> asked_;  // by QuestionKey
  int64_t hits_ = 0;
  int64_t misses_ = 0;
  int64_t joined_ = 0;
};

}  // namespace convoy::dns
