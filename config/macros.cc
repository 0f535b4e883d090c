#include "config/macros.h"

#include <algorithm>

#include "base/text.h"

namespace convoy::config {
namespace {

Said TooMany() { return Say<"a pattern such as *.example.com stands for any number">(); }

bool IsMacroChar(char c) { return IsAlnum(c) || c == '_'; }

// A pattern as text and macros in turn: "a.", $x, ".b" ...
struct Piece {
  std::string_view text;  // without the '$'
  bool macro = false;
};

std::vector<Piece> Pieces(std::string_view text) {
  std::vector<Piece> pieces;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    if (dollar != 0) {
      pieces.push_back({text.substr(0, dollar), false});
      text.remove_prefix(std::min(dollar, text.size()));
      continue;
    }
    size_t end = 1;
    while (end < text.size() && IsMacroChar(text[end])) ++end;
    pieces.push_back({text.substr(1, end - 1), true});
    text.remove_prefix(end);
  }
  return pieces;
}

}  // namespace

void Macros::Error(const Position& where, Said message, Said hint) {
  diagnostics_->push_back({Severity::kError, where, std::move(message), std::move(hint)});
}

void Macros::Read(const Section& root) {
  for (const Setting& setting : root.settings) {
    if (setting.row->name == "domain-macro") Define(setting);
  }
  for (auto& [name, macro] : macros_) Resolve(name, &macro);
}

void Macros::Define(const Setting& setting) {
  const std::string_view first = setting.first();
  // "domain-macro tld,.com" has no blank behind the name.
  const std::string name = Lower(first.substr(0, first.find(',')));
  if (name.empty() || !std::all_of(name.begin(), name.end(), IsMacroChar)) {
    return Error(setting.place(0), Say<"'{}' is no name for a macro">(first),
                 Say<"letters, digits and _ only">());
  }
  Macro& macro = macros_[name];
  if (macro.items.empty()) macro.where = setting.where;
  const size_t before = macro.items.size();
  for (size_t i = first.size() == name.size() ? 1 : 0; i < setting.words.size(); ++i) {
    std::string_view word = setting.words[i].text;
    if (i == 0) word.remove_prefix(name.size());
    for (const std::string_view piece : Split(word, ',')) {
      if (!Trim(piece).empty()) macro.items.push_back(Lower(Trim(piece)));
    }
  }
  if (macro.items.size() == before) {
    Error(setting.where, Say<"macro '{}' has no domains">(name),
          Say<"write 'domain-macro {} example.com,example.net'">(name));
  }
}

const std::vector<std::string>& Macros::Resolve(const std::string& name, Macro* macro) {
  if (macro->done) return macro->expanded;
  if (macro->open) {
    Error(macro->where, Say<"domain-macro '{}' refers to itself">(name),
          Say<"a macro may hold other macros, but not in a circle">());
    return macro->expanded;
  }
  macro->open = true;
  std::vector<std::string> all;
  const size_t said = diagnostics_->size();
  for (const std::string& item : macro->items) {
    if (diagnostics_->size() != said) break;  // one error is enough for one macro
    for (std::string& one : Expand(item, macro->where)) all.push_back(std::move(one));
    if (all.size() > kDomainsMax) {
      Error(macro->where,
            Say<"domain-macro '{}' stands for more than {} domains">(name, kDomainsMax), TooMany());
      all.clear();
      break;
    }
  }
  macro->expanded = std::move(all);
  macro->open = false;
  macro->done = true;
  return macro->expanded;
}

std::vector<std::string> Macros::Expand(std::string_view text, const Position& where) {
  if (text.size() > kNameBytesMax) {
    Error(where,
          Say<"'{}...' has {} octets, a domain at most {}">(text.substr(0, 40), text.size(),
                                                            kNameBytesMax),
          Say<"are there commas between the domains?">());
    return {};
  }
  if (bytes_ > kBytesMax) return {};  // said already
  std::vector<std::string> expanded = {""};
  for (const Piece& piece : Pieces(text)) {
    if (!piece.macro) {
      for (std::string& one : expanded) one += piece.text;
      continue;
    }
    const std::string name = Lower(piece.text);
    const auto macro = macros_.find(name);
    if (macro == macros_.end()) {
      std::vector<std::string_view> names;
      for (const auto& [known, list] : macros_) names.push_back(known);
      const std::string nearest = Nearest(name, names);
      Error(where, Say<"no domain-macro is named '{}'">(name),
            nearest.empty() ? Say<"define it with 'domain-macro NAME LIST'">()
                            : Say<"did you mean ${}?">(nearest));
      return {};
    }
    const std::vector<std::string>& list = Resolve(name, &macro->second);
    if (list.empty()) return {};
    if (list.size() * expanded.size() > kDomainsMax) {
      Error(where, Say<"'{}' stands for more than {} domains">(text, kDomainsMax), TooMany());
      return {};
    }
    std::vector<std::string> product;
    product.reserve(list.size() * expanded.size());
    for (const std::string& front : expanded) {
      for (const std::string& one : list) {
        product.push_back(front + one);
        bytes_ += product.back().size();
      }
    }
    if (bytes_ > kBytesMax) {
      Error(where, Say<"the macros of this configuration stand for too many domains">(),
            Say<"at most 64 MiB in all">());
      return {};
    }
    expanded = std::move(product);
  }
  return expanded;
}

}  // namespace convoy::config
