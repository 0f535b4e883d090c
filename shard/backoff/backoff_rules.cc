#include "shard/backoff/backoff_rules.h"

namespace convoy::shard {

const ReplyRule* FindRule(const std::vector<ReplyRule>& rules, const ReplyLines& reply) {
  for (const ReplyRule& rule : rules) {
    if (rule.pattern->Matches(reply)) return &rule;
  }
  return nullptr;
}

}  // namespace convoy::shard
