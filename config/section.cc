#include "config/section.h"

#include <algorithm>

#include "base/text.h"
#include "config/invented_names.h"
#include "config/secret.h"
#include "config/section_table.h"
#include "config/units.h"
#include "config/value_check.h"

namespace convoy::config {
namespace {

constexpr int kIncludeDepthMax = 16;
constexpr size_t kSectionDepthMax = 16;
constexpr size_t kFilesMax = 10'000;

bool IsBackoffLine(std::string_view name) {
  return name.size() == 3 && (name[0] == '4' || name[0] == '5') && IsDigit(name[1]) &&
         IsDigit(name[2]);
}

// A name that may stand here, or else one that stands elsewhere.
Said DidYouMean(std::string_view name, Scope scope) {
  const std::string here = Nearest(name, DirectiveNames(scope));
  if (!here.empty()) return Say<"did you mean '{}'?">(here);
  const std::string elsewhere = Nearest(name, DirectiveNames(~0u));
  if (elsewhere.empty()) return Say<"docs/reference/directives.md lists all">();
  return Say<"did you mean '{}'? It belongs in {}">(
      elsewhere, ScopesText(ScopesOf(*FindDirective(elsewhere))));
}

class Reader {
 public:
  Reader(const FileAccess& access, std::vector<SourceFile>* files,
         std::vector<Diagnostic>* diagnostics, const ReadOptions& options)
      : access_(access), files_(files), diagnostics_(diagnostics), options_(options) {}

  Section Run(const std::string& path) {
    Section root;
    root.where = {path, 0, 0};
    open_ = {{&root, nullptr}};
    ReadFile(path, {path, 0, 0}, 0);
    return root;
  }

 private:
  struct Open {
    Section* section;
    const SectionKind* kind;  // null: the top level or an unknown section
    bool skipped = false;     // unknown: its lines are not looked at
  };

  void Report(Severity severity, Position where, Said message, Said hint = {}) {
    diagnostics_->push_back({severity, std::move(where), std::move(message), std::move(hint)});
  }
  // An error, or a warning in lenient reading.
  void Refuse(Position where, Said message, Said hint = {}) {
    Report(options_.lenient ? Severity::kWarning : Severity::kError, std::move(where),
           std::move(message), std::move(hint));
  }

  void ReadFile(const std::string& path, const Position& from, int depth) {
    if (std::find(stack_.begin(), stack_.end(), path) != stack_.end()) {
      return Report(Severity::kError, from, Say<"'{}' includes itself">(path),
                    Say<"remove this line">());
    }
    if (depth > kIncludeDepthMax) {
      return Report(Severity::kError, from, Say<"includes are nested too deep">(),
                    Say<"at most 16 levels">());
    }
    if (files_->size() >= kFilesMax) {
      given_up_ = true;
      return Report(Severity::kError, from, Say<"too many files are included">(),
                    Say<"at most 10000">());
    }
    const auto text = access_.read(path);
    if (!text.ok()) {
      return Report(Severity::kError, from, Say<"{}">(text.status()));
    }
    files_->push_back({path, *text});
    stack_.push_back(path);
    const size_t level = open_.size();
    for (const Statement& statement : Lex(path, *text, diagnostics_, options_.lenient)) {
      Take(path, statement, level, depth);
      if (given_up_) break;
    }
    while (open_.size() > level && !given_up_) {
      const Section& section = *open_.back().section;
      Report(Severity::kError, section.where, Say<"<{}> is never closed">(section.kind),
             Say<"add </{}> after its last line">(section.kind));
      open_.pop_back();
    }
    stack_.pop_back();
  }

  void Take(const std::string& path, const Statement& statement, size_t level, int depth) {
    const Position where{path, statement.name.line, statement.name.column};
    if (statement.kind == Statement::Kind::kOpen) return OpenSection(statement, where);
    if (statement.kind == Statement::Kind::kClose) return Close(statement, where, level);
    if (open_.back().skipped) return;
    if (EqualsIgnoreCase(statement.name.text, "include")) {
      return Include(path, statement, where, depth);
    }
    Add(statement, where);
  }

  void OpenSection(const Statement& statement, const Position& where) {
    const Open parent = open_.back();
    if (open_.size() > kSectionDepthMax) {
      Report(Severity::kError, where, Say<"sections are nested too deep">(),
             Say<"at most 16 levels">());
      given_up_ = true;
      return;
    }
    Section section;
    section.where = where;
    section.kind = Lower(statement.name.text);
    section.argument = statement.words.size() == 1 ? statement.words[0].text : statement.rest;
    const SectionKind* kind = FindSection(statement.name.text);
    const bool skipped = kind == nullptr || parent.skipped;
    if (!parent.skipped) {
      if (kind == nullptr) {
        UnknownSection(statement, where);
      } else {
        CheckOpening(*kind, statement, where, *parent.section);
        section.scope = kind->scope;
        Attach(kind->scope, where, parent.section);
      }
    }
    parent.section->children.push_back(std::move(section));
    open_.push_back({&parent.section->children.back(), kind, skipped});
    if (skipped) open_.back().section->scope = kNoScope;
  }

  void UnknownSection(const Statement& statement, const Position& where) {
    const std::string_view hint = HintForSection(statement.name.text);
    std::vector<std::string_view> names;
    for (const SectionKind& known : SectionKinds()) names.push_back(known.name);
    const std::string nearest = Nearest(Lower(statement.name.text), names);
    Refuse(where, Say<"unknown section <{}>">(statement.name.text),
           !hint.empty()     ? Say<"{}">(hint)
           : nearest.empty() ? Say<"docs/reference/directives.md lists all">()
                             : Say<"did you mean <{}>?">(nearest));
  }

  void CheckOpening(const SectionKind& kind, const Statement& statement, const Position& where,
                    const Section& parent) {
    if ((kind.inside & parent.scope) == 0) {
      Report(Severity::kError, where,
             Say<"{} cannot stand in {}">(kind.text, ScopeText(parent.scope)),
             Say<"it belongs in {}">(ScopesText(kind.inside)));
    }
    const bool top_list = kind.scope == kPatternList && parent.scope == kGlobal;
    if ((kind.argument == Argument::kName || kind.argument == Argument::kText || top_list) &&
        statement.words.empty()) {
      Report(Severity::kError, where, Say<"{} needs a name">(kind.text),
             Say<"write <{} NAME>">(kind.name));
    }
    if (kind.argument == Argument::kNone && !statement.words.empty()) {
      Report(Severity::kError, where, Say<"{} takes no name">(kind.text),
             Say<"write {}">(kind.text));
    }
    if ((kind.argument == Argument::kName || kind.argument == Argument::kOptional) &&
        statement.words.size() > 1) {
      Report(Severity::kError, where,
             Say<"{} takes one name, not {}">(kind.text, statement.words.size()),
             kind.scope == kDomain ? Say<"use a domain-macro for several">() : Said());
    }
    if (parent.scope == kind.scope) return;  // the outer one said it
    Announce(kind.effect, Effect::kEffective, where, kind.text, kind.why, "");
  }

  // Says what `effect` means for the user; nothing if the section said the same already.
  void Announce(Effect effect, Effect said, const Position& where, std::string_view what,
                std::string_view why, std::string_view replacement) {
    if (effect == said && effect != Effect::kEffective) return;
    Said hint = replacement.empty() ? Said() : Say<"write '{}' instead">(replacement);
    switch (effect) {
      case Effect::kEffective:
        if (!hint.empty()) {
          Report(Severity::kWarning, where, Say<"{} is an old name">(what), std::move(hint));
        }
        return;
      case Effect::kNoEffect:
        return Report(Severity::kNote, where, Say<"{} has no effect: {}">(what, why),
                      std::move(hint));
      case Effect::kNotYet:
        return Report(Severity::kWarning, where, Say<"{} has no effect yet: {}">(what, why),
                      std::move(hint));
      case Effect::kNotSupported:
        return Refuse(where, Say<"{} is not supported: {}">(what, why), std::move(hint));
    }
  }

  // A nested <pattern-list> is the result of the line before it.
  void Attach(Scope scope, const Position& where, Section* parent) {
    if (scope != kPatternList || parent->scope != kPatternList) return;
    if (parent->settings.empty() || parent->settings.back().child >= 0) {
      return Report(Severity::kError, where,
                    Say<"a nested <pattern-list> follows the line it is for">(),
                    Say<"write 'rcpt-to /re/' in front of it">());
    }
    parent->settings.back().child = static_cast<int>(parent->children.size());
  }

  void Close(const Statement& statement, const Position& where, size_t level) {
    if (open_.size() <= level) {
      return Report(Severity::kError, where,
                    Say<"</{}> without <{}>">(statement.name.text, statement.name.text));
    }
    const Section& section = *open_.back().section;
    if (!EqualsIgnoreCase(section.kind, statement.name.text)) {
      Report(Severity::kError, where,
             Say<"</{}> closes <{}> of line {}">(statement.name.text, section.kind,
                                                 section.where.line),
             Say<"write </{}>">(section.kind));
    } else if (!statement.words.empty()) {
      const std::string& name =
          statement.words.size() == 1 ? statement.words[0].text : statement.rest;
      if (!EqualsIgnoreCase(name, section.argument)) {
        Report(Severity::kWarning, where,
               Say<"</{} {}> closes <{} {}> of line {}">(section.kind, name, section.kind,
                                                         section.argument, section.where.line),
               Say<"write </{}>">(section.kind));
      }
    }
    open_.pop_back();
  }

  void Include(const std::string& path, const Statement& statement, const Position& where,
               int depth) {
    const Section& section = *open_.back().section;
    const DirectiveRow& row = *FindDirective("include");
    if ((row.scopes & section.scope) == 0) {
      return Unknown("include", &row, where, section.scope);
    }
    if (statement.words.size() != 1 || statement.words[0].text.empty()) {
      return Report(Severity::kError, where, Say<"include takes one file or pattern">(),
                    Say<"quote a name that has blanks">());
    }
    const std::string& name = statement.words[0].text;
    if (StartsWithIgnoreCase(name, "http://") || StartsWithIgnoreCase(name, "https://")) {
      return Report(Severity::kError, where, Say<"include: '{}' is not fetched">(name),
                    Say<"a configuration that depends on another server may change or fail by "
                        "itself; copy the file to the coordinator">());
    }
    const std::string wanted = ResolvePath(path, name);
    std::vector<std::string> found = {wanted};
    if (wanted.find_first_of("*?[") != std::string::npos) {
      found = access_.glob(wanted);
      if (found.empty()) Report(Severity::kWarning, where, Say<"no file matches {}">(wanted));
    }
    for (const std::string& file : found) {
      if (!given_up_) ReadFile(file, where, depth + 1);
    }
  }

  void Add(const Statement& statement, const Position& where) {
    Section* section = open_.back().section;
    Setting setting;
    setting.spelled = statement.name.text;
    setting.words = statement.words;
    setting.rest = statement.rest;
    setting.where = where;
    const std::string& name = statement.name.text;
    if (IsBackoffLine(name) && section->scope == kDomain) {
      section->settings.push_back(std::move(setting));
      return;
    }
    const DirectiveRow* spelled = FindDirective(name, section->scope);
    if (spelled == nullptr || (spelled->scopes & section->scope) == 0) {
      return Unknown(name, spelled, where, section->scope);
    }
    const DirectiveRow* row = spelled;
    if (!row->alias_of.empty()) row = FindDirective(row->alias_of, kDomain | kSource);
    setting.row = row;
    if (!Check(&setting)) return;
    const SectionKind* kind = open_.back().kind;
    // What else it may be is refused by CheckMeaning.
    const bool plain = row->name == "type" && row->kind == ValueKind::kChoice;
    if (!plain)
      Announce(row->effect, kind == nullptr ? Effect::kEffective : kind->effect, where,
               Cat("'", name, "'"), row->why, spelled->replacement);
    CheckMeaning(setting);
    section->settings.push_back(std::move(setting));
  }

  void Unknown(const std::string& name, const DirectiveRow* row, const Position& where,
               Scope scope) {
    if (row != nullptr) {
      return Refuse(where, Say<"'{}' cannot stand in {}">(name, ScopeText(scope)),
                    Say<"it belongs in {}">(ScopesText(ScopesOf(*row))));
    }
    const std::string_view hint = HintForDirective(name);
    Refuse(where, Say<"unknown directive '{}' in {}">(name, ScopeText(scope)),
           hint.empty() ? DidYouMean(name, scope) : Say<"{}">(hint));
  }

  // The value has the form that the table asks for; a secret is read.
  bool Check(Setting* setting) {
    absl::Status checked = CheckValue(*setting);
    if (!checked.ok() && PutDefault(setting)) checked = CheckValue(*setting);
    if (checked.ok() && setting->row->secret) checked = ReadSecret(setting);
    if (checked.ok()) return true;
    const DirectiveRow& row = *setting->row;
    Report(Severity::kError, setting->place(WordAtFault(*setting)),
           Say<"{}: {}">(setting->spelled, checked), Say<"{}">(row.help));
    return false;
  }

  // Values that are well-formed and would do harm, or nothing.
  void CheckMeaning(const Setting& setting) {
    const std::string_view name = setting.row->name;
    const std::string_view value = setting.first();
    if (name == "type" && setting.row->kind == ValueKind::kChoice &&
        !EqualsIgnoreCase(value, "smtp")) {
      Refuse(setting.where, Say<"'type {}' is not built yet: the mail would leave by SMTP">(value),
             Say<"remove the section, and do not submit mail for its domains">());
    }
    if (name == "bounce-upon-no-mx" && ParseTime(value).ok()) {
      Report(Severity::kWarning, setting.place(0),
             Say<"'bounce-upon-no-mx' with a time has no effect yet: it is taken as no">(),
             Say<"write yes or no">());
    }
    // A count of 0 is no limit; here it was most likely meant to stop mail, as a rate of 0 does.
    const bool none = setting.row->kind == ValueKind::kCount && name.ends_with("max-smtp-out") &&
                      ParseUint(value) == 0u;
    if (none && setting.row->effect == Effect::kEffective) {
      Refuse(setting.place(0), Say<"'{} {}' would be no limit at all">(name, value),
             Say<"write 'unlimited', or stop the mail with: convoy pause queue 'DOMAIN/*'">());
    }
    if (name == "queue-to" && EqualsIgnoreCase(value, "{sparkpost}")) {
      Refuse(setting.where,
             Say<"'queue-to {sparkpost}' is not supported: it is one vendor's cloud">(),
             Say<"write 'smtp-hosts HOST' to relay to it">());
    }
  }

  absl::Status ReadSecret(Setting* setting) {
    if (setting->words.empty() || !options_.resolve_secrets) return absl::OkStatus();
    const std::string& text = setting->words.back().text;
    if (text.empty()) return absl::OkStatus();
    const auto secret = setting->row->name == "outbound-auth"
                            ? ResolveCredentials(text, setting->where.file, access_)
                            : ResolveSecret(text, setting->where.file, access_);
    if (secret.ok()) setting->secret = *secret;
    return secret.status();
  }

  const FileAccess& access_;
  std::vector<SourceFile>* const files_;
  std::vector<Diagnostic>* const diagnostics_;
  const ReadOptions options_;
  std::vector<Open> open_;
  bool given_up_ = false;
  std::vector<std::string> stack_;
};

}  // namespace

Section ReadSections(const std::string& path, const FileAccess& access,
                     std::vector<SourceFile>* files, std::vector<Diagnostic>* diagnostics,
                     const ReadOptions& options) {
  return Reader(access, files, diagnostics, options).Run(path);
}

}  // namespace convoy::config
