#include "dns/caching_resolver.h"

#include <optional>
#include <utility>

namespace convoy::dns {

void CachingResolver::Resolve(std::string name, RecordType type, AnswerDone done) {
  name = NormalName(name);
  if (std::optional<DnsAnswer> answer = cache_.Find(name, type, loop_.MonoNow());
      answer.has_value()) {
    ++hits_;
    loop_.Post([done = std::move(done), answer = *std::move(answer)]() mutable {
      done(std::move(answer));
    });
    return;
  }
  const std::string key = QuestionKey(name, type);
  std::vector<AnswerDone>& waiting = asked_[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) {
    ++joined_;
    return;
  }
  ++misses_;
  upstream_.Resolve(name, type, [this, name, type, key](DnsAnswer answer) {
    cache_.Store(name, type, answer, loop_.MonoNow());
    const auto found = asked_.find(key);
    std::vector<AnswerDone> answered = std::move(found->second);
    asked_.erase(found);  // first: a callback may ask again
    for (AnswerDone& each : answered) each(answer);
  });
}

}  // namespace convoy::dns
