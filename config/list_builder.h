// Turns the sections of lists into typed values (lists.h).
//
// Errors:    as diagnostics; a line at fault is left out
// Determinism: pure
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/lists.h"
#include "config/macros.h"
#include "config/section.h"

namespace convoy::config {

class ListBuilder {
 public:
  ListBuilder(std::vector<Diagnostic>* diagnostics, Macros* macros, Lists* lists)
      : diagnostics_(diagnostics), macros_(macros), lists_(lists) {}

  // Sections that are no list are left alone.
  void Read(const Section& section);
  // Lists that call each other in a circle; once all are read.
  void CheckCalls();
  // virtual-mta=NAME of pattern lists, to be checked by the caller.
  const std::vector<std::pair<std::string, Position>>& used_vmtas() const { return used_vmtas_; }

 private:
  void Error(const Position& where, Said message, Said hint = {});
  void Warn(const Position& where, Said message, Said hint = {});
  // Null, with a diagnostic, if the word is missing or no regex.
  RegexPtr Pattern(const Setting& setting, size_t index);
  // The words from `index` on, split at commas and trimmed.
  static std::vector<std::string> Actions(const Setting& setting, size_t index);

  void ReadReplies(const Section& section);
  bool ReadAction(const Setting& setting, std::string_view action, ReplyRule* rule);
  bool ReadFlag(std::string_view name, ReplyRule* rule);
  bool CheckActions(const Setting& setting, const ReplyRule& rule);
  void WarnOfIdleActions(const Setting& setting, const ReplyRule& rule);
  void ReadBounceCategories(const Section& section);
  void ReadRollups(const Section& section);
  std::vector<PatternRule> ReadPatterns(const Section& section, bool nested);
  bool ReadPattern(const Setting& setting, bool nested, PatternRule* rule, size_t* result);
  bool ReadResult(const Setting& setting, const std::string& text, PatternRule* rule);
  void ReadAddresses(const Section& section);
  void ReadRewrites(const Section& section);
  void ReadUser(const Section& section);
  void ReadGroup(const Section& section);
  void ReadProxy(const Section& section);
  void ReadSpool(const Section& section);
  void ReadDns(const Section& section);
  template <typename List>
  bool IsNew(const std::vector<List>& lists, const Section& section);

  std::vector<Diagnostic>* const diagnostics_;
  Macros* const macros_;
  Lists* const lists_;
  std::vector<std::pair<std::string, Position>> used_vmtas_;
};

}  // namespace convoy::config
