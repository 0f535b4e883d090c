// Policies from a table, and a store in memory: for tests.
//
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "runtime/event_loop.h"
#include "sts/policy_book.h"

namespace convoy::sts {

inline std::string PolicyText(std::string_view mode, std::string_view mx,
                              int64_t max_age = 604'800) {
  return Cat("version: STSv1\nmode: ", mode, "\nmx: ", mx, "\nmax_age: ", max_age, "\n");
}

// Answers from a table, after a while.
class TableFetcher final : public PolicyFetcher {
 public:
  explicit TableFetcher(EventLoop& loop) : loop_(loop) {}
  void Fetch(std::string domain, FetchDone done) override {
    asked.push_back(domain);
    absl::StatusOr<std::string> answer = absl::UnavailableError("no connection");
    if (texts.contains(domain)) answer = texts[domain];
    const Duration wait = slow.contains(domain) ? slow[domain] : Milliseconds(10);
    loop_.CallAfter(wait, [done = std::move(done), answer = std::move(answer)]() mutable {
      done(std::move(answer));
    });
  }
  std::map<std::string, std::string> texts;
  std::map<std::string, Duration> slow;
  std::vector<std::string> asked;

 private:
  EventLoop& loop_;
};

class TableStore final : public PolicyStore {
 public:
  void Save(const std::string& domain, std::string value) override {
    values[domain] = std::move(value);
  }
  void Erase(const std::string& domain) override { values.erase(domain); }
  std::map<std::string, std::string> values;
};

}  // namespace convoy::sts
