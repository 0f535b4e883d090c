// A finding about a setting only when it is wrong for every queue it holds for.
//
// A general <domain> section gives values to queues for which they were not meant; that such a
// value is odd there is no mistake. So each queue is looked at, and what is good in one of them is
// good.
//
//     Always always("L305");
//     EachQueue(survey, [&](const Queue& q) { always.See(setting, partner, bad, message, fix); });
//     always.Report(findings);
//
// Determinism: pure
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/lint/lint.h"

namespace convoy::config::lint {

// One way in which <domain> sections combine.
struct Queue {
  std::string domain;
  std::string vmta;                // "": any without sections of its own
  std::vector<std::string> vmtas;  // those it stands for
  Policy policy;
  Holdings holdings;

  // What was set last; null if nobody did.
  const Setting* Find(std::string_view directive) const;
};
// Every combination once.
void EachQueue(const Survey& survey, const std::function<void(const Queue&)>& f);

class Always {
 public:
  explicit Always(std::string_view id) : id_(id) {}

  // `bad`: together the two are wrong for this queue. Either may be null: a default.
  // What is said is that of the first wrong one.
  void See(const Setting* first, const Setting* second, bool bad, const std::string& message,
           const std::string& fix);
  void Report(std::vector<Finding>* findings) const;

 private:
  struct Seen {
    bool bad = true;
    const Setting* partner = nullptr;
    std::string message;
    std::string fix;
  };
  struct ByPlace {
    bool operator()(const Setting* a, const Setting* b) const;
  };

  void SeeOne(const Setting* setting, const Setting* partner, bool bad, const std::string& message,
              const std::string& fix);

  const std::string_view id_;
  std::map<const Setting*, Seen, ByPlace> seen_;
};

}  // namespace convoy::config::lint
