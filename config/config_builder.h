// Turns the sections of a file into a Config; the only writer of its members.
//
// Determinism: pure
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/list_builder.h"
#include "config/macros.h"
#include "config/model.h"

namespace convoy::config {

class ConfigBuilder {
 public:
  explicit ConfigBuilder(std::vector<Diagnostic>* diagnostics)
      : diagnostics_(diagnostics),
        config_(std::make_shared<Config>()),
        macros_(diagnostics),
        lists_(diagnostics, &macros_, &config_->lists_) {}
  std::shared_ptr<const Config> Build(const Section& root, const std::vector<SourceFile>& files);

 private:
  // A name that something must have.
  struct Use {
    std::string name;
    Position where;
  };

  void Error(const Position& where, Said message, Said hint = {});
  void Warn(const Position& where, Said message, Said hint = {});
  // config_builder.cc: the top level and sources.
  void ReadGlobal(const Setting& setting);
  // `words` of a line of `file`, the first one an address.
  void ReadListener(const std::string& file, std::string_view what, const std::vector<Word>& words);
  void ReadNameServer(const Setting& setting);
  void ReadSource(const Section& section);
  void ReadAcctFile(const Section& section);
  void ReadRecords(const Setting& setting, AcctFile* file);
  void ReadKeyList(const Section& section);
  void NoteUses(const Section& section);
  // vmta_builder.cc: virtual MTAs, pools and their names.
  void ReadVmta(const Section& section);
  void ReadPool(const Section& section);
  // What is said with EHLO (RFC 5321 4.1.1.1).
  void CheckHelloName(std::string_view name, const Position& where);
  void ReadSourceHost(const Setting& setting, std::vector<SourceHostEntry>* hosts);
  void ReadDomainKey(const Setting& setting, std::vector<DomainKeyEntry>* keys);
  void FindPools();
  bool IsNewName(const Section& section);
  void CheckNames();
  // Every use must be one of `names`, else "no WHAT is named ...".
  void CheckUses(const std::vector<Use>& uses, std::string_view what,
                 const std::vector<std::string_view>& names);
  // domain_builder.cc: <domain> sections.
  void ReadDomain(const Section& section, DomainRules* rules);
  void CheckDomain(const Section& section, bool top_level);
  // queue-to that leads in a circle; once all <domain> sections are read.
  void CheckSites();
  std::shared_ptr<const DomainSet> DomainsOf(const std::string& text, const Position& where);
  void AddPattern(std::string_view text, const Position& where, DomainRules* rules,
                  const SectionPtr& section);

  std::vector<Diagnostic>* const diagnostics_;
  std::shared_ptr<Config> config_;
  Macros macros_;
  ListBuilder lists_;
  // <domain $...> as written -> what it stands for; null after an error.
  std::map<std::string, std::shared_ptr<const DomainSet>, std::less<>> domain_sets_;
  std::map<std::string, Position, std::less<>> pool_places_;
  std::vector<Use> vmta_uses_;  // virtual MTAs or pools
  std::vector<Use> member_uses_;
  std::vector<Use> reply_list_uses_;
  std::vector<Use> pattern_list_uses_;
  std::vector<Use> address_list_uses_;
  std::vector<Use> rewrite_list_uses_;
  std::vector<Use> source_uses_;
  std::vector<Use> group_uses_;
  std::vector<Use> proxy_uses_;
  std::vector<Use> sites_;  // what queue-to names
  std::vector<SourceHostEntry> global_hosts_;
  bool has_host_name_ = false;
};

}  // namespace convoy::config
