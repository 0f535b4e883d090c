#include "config/section.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "base/text.h"
#include "config/units.h"

namespace convoy::config {
namespace {

constexpr int kIncludeDepthMax = 16;

struct SectionKind {
  std::string_view name;
  Scope scope;
  uint32_t inside;  // scopes it may stand in
  bool needs_argument;
};
constexpr SectionKind kSections[] = {
    {"source", kSource, kGlobal, true},
    {"domain", kDomain, kGlobal | kVirtualMta | kPool, true},
    {"virtual-mta", kVirtualMta, kGlobal, true},
    {"virtual-mta-pool", kPool, kGlobal, true},
    {"acct-file", kAcctFile, kGlobal, true},
    {"smtp-pattern-list", kOtherSection, kGlobal, true},
    {"bounce-category-patterns", kOtherSection, kGlobal, false},
    {"mx-rollup-list", kOtherSection, kGlobal, false},
    {"pattern-list", kOtherSection, kGlobal, true},
    {"smtp-user", kOtherSection, kGlobal, true},
    {"spool", kOtherSection, kGlobal, true},
    {"address-list", kOtherSection, kGlobal, true},
    {"bounce-processor", kOtherSection, kGlobal, false},
    {"feedback-loop-processor", kOtherSection, kGlobal, false},
};

const SectionKind* FindSection(std::string_view name) {
  for (const SectionKind& kind : kSections) {
    if (EqualsIgnoreCase(kind.name, name)) return &kind;
  }
  return nullptr;
}

class Reader {
 public:
  Reader(const FileAccess& access, std::vector<SourceFile>* files,
         std::vector<Diagnostic>* diagnostics)
      : access_(access), files_(files), diagnostics_(diagnostics) {}

  Section Run(const std::string& path) {
    Section root;
    root.where = {path, 0, 0};
    std::vector<Section*> open = {&root};
    ReadFile(path, {path, 0, 0}, &open, 0);
    return root;
  }

 private:
  void Report(Severity severity, Position where, std::string message, std::string hint = "") {
    diagnostics_->push_back({severity, std::move(where), std::move(message), std::move(hint)});
  }

  void ReadFile(const std::string& path, const Position& from, std::vector<Section*>* open,
                int depth) {
    if (std::find(stack_.begin(), stack_.end(), path) != stack_.end()) {
      return Report(Severity::kError, from, Cat("'", path, "' includes itself"));
    }
    if (depth > kIncludeDepthMax) {
      return Report(Severity::kError, from, "includes are nested too deep", "at most 16 levels");
    }
    const auto text = access_.read(path);
    if (!text.ok()) {
      return Report(Severity::kError, from, std::string(text.status().message()));
    }
    files_->push_back({path, *text});
    stack_.push_back(path);
    const size_t level = open->size();
    for (const Statement& statement : Lex(path, *text, diagnostics_)) {
      Take(path, statement, open, level, depth);
    }
    while (open->size() > level) {
      Report(Severity::kError, open->back()->where,
             Cat("<", open->back()->kind, "> is never closed"),
             Cat("add </", open->back()->kind, "> after its last line"));
      open->pop_back();
    }
    stack_.pop_back();
  }

  void Take(const std::string& path, const Statement& statement, std::vector<Section*>* open,
            size_t level, int depth) {
    const Position where{path, statement.name.line, statement.name.column};
    if (statement.kind == Statement::Kind::kOpen) return Open(statement, where, open);
    if (statement.kind == Statement::Kind::kClose) return Close(statement, where, open, level);
    if (EqualsIgnoreCase(statement.name.text, "include")) {
      return Include(path, statement, where, open, depth);
    }
    Add(statement, where, open->back());
  }

  void Open(const Statement& statement, const Position& where, std::vector<Section*>* open) {
    const SectionKind* kind = FindSection(statement.name.text);
    Section section;
    section.where = where;
    section.scope = kOtherSection;
    section.kind = Lower(statement.name.text);
    section.argument = statement.words.size() == 1 ? statement.words[0].text : statement.rest;
    if (kind == nullptr) {
      std::vector<std::string_view> names;
      for (const SectionKind& known : kSections) names.push_back(known.name);
      const std::string nearest = Nearest(section.kind, names);
      Report(Severity::kError, where, Cat("unknown section <", statement.name.text, ">"),
             nearest.empty() ? "" : Cat("did you mean <", nearest, ">?"));
    } else {
      section.scope = kind->scope;
      if ((kind->inside & open->back()->scope) == 0) {
        Report(Severity::kError, where,
               Cat("<", kind->name, "> cannot stand in ", ScopeText(open->back()->scope)));
      }
      if (kind->needs_argument && section.argument.empty()) {
        Report(Severity::kError, where, Cat("<", kind->name, "> needs a name"),
               Cat("write <", kind->name, " NAME>"));
      }
      if (kind->scope != kAcctFile && kind->scope != kOtherSection && statement.words.size() > 1) {
        Report(Severity::kError, where,
               Cat("<", kind->name, "> takes one name, not ", statement.words.size()),
               "use a domain-macro for several");
      }
      if (kind->scope == kOtherSection) {
        Report(Severity::kWarning, where, Cat("<", kind->name, "> has no effect yet"));
      }
    }
    open->back()->children.push_back(std::move(section));
    open->push_back(&open->back()->children.back());
  }

  void Close(const Statement& statement, const Position& where, std::vector<Section*>* open,
             size_t level) {
    if (open->size() <= level) {
      return Report(Severity::kError, where,
                    Cat("</", statement.name.text, "> without <", statement.name.text, ">"));
    }
    if (!EqualsIgnoreCase(open->back()->kind, statement.name.text)) {
      Report(Severity::kError, where,
             Cat("</", statement.name.text, "> closes <", open->back()->kind, "> of line ",
                 open->back()->where.line),
             Cat("write </", open->back()->kind, ">"));
    }
    open->pop_back();
  }

  void Include(const std::string& path, const Statement& statement, const Position& where,
               std::vector<Section*>* open, int depth) {
    if (statement.words.size() != 1) {
      return Report(Severity::kError, where, "include takes one file or pattern");
    }
    const std::string wanted = ResolvePath(path, statement.words[0].text);
    std::vector<std::string> found = {wanted};
    if (wanted.find_first_of("*?[") != std::string::npos) {
      found = access_.glob(wanted);
      if (found.empty()) Report(Severity::kWarning, where, Cat("no file matches ", wanted));
    }
    for (const std::string& file : found) ReadFile(file, where, open, depth + 1);
  }

  void Add(const Statement& statement, const Position& where, Section* section) {
    if (section->scope == kOtherSection) return;
    Setting setting;
    setting.spelled = statement.name.text;
    setting.words = statement.words;
    setting.rest = statement.rest;
    setting.where = where;
    const std::string& name = statement.name.text;
    const bool backoff_line = name.size() == 3 && (name[0] == '4' || name[0] == '5') &&
                              IsDigit(name[1]) && IsDigit(name[2]);
    if (backoff_line && section->scope == kDomain) {
      section->settings.push_back(std::move(setting));
      return;
    }
    const DirectiveRow* row = FindDirective(name, section->scope);
    if (row == nullptr || (row->scopes & section->scope) == 0) {
      return Unknown(name, row, where, section->scope);
    }
    if (!row->alias_of.empty()) row = FindDirective(row->alias_of);
    setting.row = row;
    if (!Check(setting)) return;
    if (row->effect == Effect::kNotYet) {
      Report(Severity::kWarning, where, Cat("'", name, "' has no effect yet"),
             std::string(row->help));
    }
    section->settings.push_back(std::move(setting));
  }

  void Unknown(const std::string& name, const DirectiveRow* row, const Position& where,
               Scope scope) {
    if (row != nullptr) {
      uint32_t scopes = 0;  // of all rows of that name
      for (const DirectiveRow& other : DirectiveTable()) {
        if (other.name == row->name) scopes |= other.scopes;
      }
      std::string places;
      for (uint32_t bit = 1; bit <= kAcctFile; bit <<= 1) {
        if ((scopes & bit) != 0) CatTo(&places, places.empty() ? "" : ", ", ScopeText(bit));
      }
      return Report(Severity::kError, where, Cat("'", name, "' cannot stand in ", ScopeText(scope)),
                    Cat("it belongs in ", places));
    }
    const std::string nearest = Nearest(name, DirectiveNames(scope));
    Report(Severity::kError, where, Cat("unknown directive '", name, "' in ", ScopeText(scope)),
           nearest.empty() ? "" : Cat("did you mean '", nearest, "'?"));
  }

  // The value has the form that the table asks for.
  bool Check(const Setting& setting) {
    const DirectiveRow& row = *setting.row;
    const auto fail = [&](std::string_view message) {
      const Position where =
          setting.words.empty()
              ? setting.where
              : Position{setting.where.file, setting.words[0].line, setting.words[0].column};
      Report(Severity::kError, where, Cat(setting.spelled, ": ", message), std::string(row.help));
      return false;
    };
    if (row.kind == ValueKind::kAny) return true;
    if (setting.words.empty()) return fail("a value is missing");
    const bool many = row.kind == ValueKind::kWords || row.kind == ValueKind::kTimeList;
    if (!many && setting.words.size() > 1) return fail("one value expected, found several");
    const absl::Status checked = CheckValue(row.kind, setting);
    return checked.ok() ? true : fail(std::string(checked.message()));
  }

  static absl::Status CheckValue(ValueKind kind, const Setting& setting) {
    switch (kind) {
      case ValueKind::kBool:
        return ParseBool(setting.first()).status();
      case ValueKind::kCount:
        return ParseCount(setting.first(), 0).status();
      case ValueKind::kTime:
        return ParseTime(setting.first()).status();
      case ValueKind::kTimeList:
        return ParseTimeList(setting.rest).status();
      case ValueKind::kRate:
        return ParseRate(setting.first()).status();
      case ValueKind::kSize:
        return ParseSize(setting.first()).status();
      case ValueKind::kText:
      case ValueKind::kWords:
      case ValueKind::kAny:
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  const FileAccess& access_;
  std::vector<SourceFile>* const files_;
  std::vector<Diagnostic>* const diagnostics_;
  std::vector<std::string> stack_;
};

}  // namespace

FileAccess RealFiles() {
  FileAccess access;
  access.read = [](const std::string& path) -> absl::StatusOr<std::string> {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      return absl::NotFoundError(Cat("cannot read ", path, ": ", std::strerror(errno)));
    }
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
  };
  access.glob = [](const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> paths;
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    globfree(&found);
    std::sort(paths.begin(), paths.end());
    return paths;
  };
  return access;
}

std::string ResolvePath(std::string_view base, std::string_view path) {
  if (!path.empty() && path.front() == '/') return std::string(path);
  const size_t slash = base.rfind('/');
  if (slash == std::string_view::npos) return std::string(path);
  return Cat(base.substr(0, slash + 1), path);
}

Section ReadSections(const std::string& path, const FileAccess& access,
                     std::vector<SourceFile>* files, std::vector<Diagnostic>* diagnostics) {
  return Reader(access, files, diagnostics).Run(path);
}

}  // namespace convoy::config
