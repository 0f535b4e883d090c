// Turns the sections of a file into a Config; the only writer of its members.
//
// Determinism: pure
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace convoy::config {

class ConfigBuilder {
 public:
  explicit ConfigBuilder(std::vector<Diagnostic>* diagnostics)
      : diagnostics_(diagnostics), config_(std::make_shared<Config>()) {}
  std::shared_ptr<const Config> Build(const Section& root, const std::vector<SourceFile>& files);

 private:
  void Error(const Position& where, std::string message, std::string hint = "");
  void Warn(const Position& where, std::string message, std::string hint = "");
  void ReadMacros(const Section& root);
  void ReadGlobal(const Setting& setting);
  void ReadListener(const Setting& setting, uint16_t default_port, std::vector<Endpoint>* out);
  void ReadSource(const Section& section);
  void ReadVmta(const Section& section);
  void ReadPool(const Section& section);
  void ReadDomain(const Section& section, Config::DomainRules* rules);
  void ReadAcctFile(const Section& section);
  void ReadSourceHost(const Setting& setting, std::vector<SourceHostEntry>* hosts);
  void ReadDomainKey(const Setting& setting, std::vector<DomainKeyEntry>* keys);
  void AddRule(std::string_view pattern, Config::DomainRules::Rule rule,
               Config::DomainRules* rules);
  // `text` with every $NAME replaced by each of its domains.
  std::vector<std::string> Expand(std::string_view text, const Position& where, int depth = 0);
  void CheckNames();

  std::vector<Diagnostic>* const diagnostics_;
  std::shared_ptr<Config> config_;
  std::map<std::string, std::vector<std::string>, std::less<>> macros_;
  std::vector<std::pair<std::string, Position>> used_vmtas_;
  std::vector<SourceHostEntry> global_hosts_;
};

}  // namespace convoy::config
