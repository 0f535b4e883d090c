#include "bench/sink_rules.h"

#include <optional>

#include "base/text.h"

namespace convoy::bench {
namespace {

std::optional<SinkPhase> PhaseOf(std::string_view word) {
  if (word == "connect") return SinkPhase::kConnect;
  if (word == "ehlo") return SinkPhase::kEhlo;
  if (word == "mail") return SinkPhase::kMail;
  if (word == "rcpt") return SinkPhase::kRcpt;
  if (word == "data") return SinkPhase::kData;
  if (word == "dot") return SinkPhase::kDot;
  return {};
}

std::string_view TakeWord(std::string_view* text) {
  *text = Trim(*text);
  const size_t end = std::min(text->find(' '), text->size());
  const std::string_view word = text->substr(0, end);
  text->remove_prefix(end);
  return word;
}

}  // namespace

bool GlobMatches(std::string_view glob, std::string_view text) {
  size_t g = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && LowerChar(glob[g]) == LowerChar(text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

absl::Status SinkRules::Add(std::string_view text) {
  const auto wrong = [text](std::string_view why) {
    return absl::InvalidArgumentError(Cat(
        "rule '", text, "': ", why, " (expected: PHASE GLOB CODE TEXT|close|stall [;times=N])"));
  };
  Rule rule;
  std::string_view rest = text;
  const size_t option = rest.find(";times=");
  if (option != std::string_view::npos) {
    const auto times = ParseUint(Trim(rest.substr(option + 7)));
    if (!times.has_value() || *times == 0 || *times > 1'000'000)
      return wrong("times= needs a number");
    rule.times = static_cast<int>(*times);
    rest = rest.substr(0, option);
  }
  const auto phase = PhaseOf(TakeWord(&rest));
  if (!phase.has_value()) return wrong("unknown phase");
  rule.phase = *phase;
  rule.glob = TakeWord(&rest);
  const std::string_view action = Trim(rest);
  if (rule.glob.empty() || action.empty()) return wrong("pattern or action missing");
  if (action == "close") {
    rule.action.kind = SinkAction::Kind::kClose;
  } else if (action == "stall") {
    rule.action.kind = SinkAction::Kind::kStall;
  } else if (action.size() >= 3 && IsDigit(action[0]) && IsDigit(action[1]) && IsDigit(action[2])) {
    rule.action = {SinkAction::Kind::kReply, std::string(action)};
  } else {
    return wrong("unknown action");
  }
  rules_.push_back(std::move(rule));
  return absl::OkStatus();
}

SinkAction SinkRules::Decide(SinkPhase phase, std::string_view subject) {
  for (Rule& rule : rules_) {
    if (rule.phase != phase || !GlobMatches(rule.glob, subject)) continue;
    if (rule.times > 0) {
      auto [entry, added] = rule.used.try_emplace(std::string(subject), 0);
      if (entry->second >= rule.times) continue;
      ++entry->second;
    }
    return rule.action;
  }
  return {};
}

}  // namespace convoy::bench
