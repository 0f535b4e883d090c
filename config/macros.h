// The domain-macros of a configuration, and the domain names that hold them.
//
//     domain-macro isp yahoo,ymail
//     domain-macro tld .com,.co.uk
//     <domain $isp$tld>               # yahoo.com, yahoo.co.uk, ymail.com, ymail.co.uk
//
// A macro may be used before it is defined and may hold other macros. Lines of one name add up.
//
// Limits:    kDomainsMax for one macro or pattern, kNameBytesMax for one name, kBytesMax for all
//            that is expanded
// Errors:    as diagnostics; what is at fault stands for no domain
// Determinism: pure
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/section.h"

namespace convoy::config {

class Macros {
 public:
  static constexpr size_t kDomainsMax = 100'000;
  static constexpr size_t kNameBytesMax = 1024;
  static constexpr size_t kBytesMax = size_t{64} << 20;

  explicit Macros(std::vector<Diagnostic>* diagnostics) : diagnostics_(diagnostics) {}

  // Takes every domain-macro line of the top level and expands each once.
  void Read(const Section& root);
  // `text` with every $NAME replaced by each of its domains: all combinations, in order.
  std::vector<std::string> Expand(std::string_view text, const Position& where);

 private:
  struct Macro {
    Position where;
    std::vector<std::string> items;     // as written, lower case
    std::vector<std::string> expanded;  // once `done`
    bool open = false;                  // is being expanded
    bool done = false;
  };

  void Error(const Position& where, Said message, Said hint = {});
  void Define(const Setting& setting);
  const std::vector<std::string>& Resolve(const std::string& name, Macro* macro);

  std::vector<Diagnostic>* const diagnostics_;
  std::map<std::string, Macro, std::less<>> macros_;
  size_t bytes_ = 0;
};

}  // namespace convoy::config
