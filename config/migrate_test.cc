#include "config/migrate.h"

#include <gtest/gtest.h>

#include <map>

#include "base/text.h"
#include "config/load.h"
#include "config/testing/corpus.h"

namespace convoy::config {
namespace {

FileAccess Files(std::map<std::string, std::string> files) {
  FileAccess access;
  access.read = [files](const std::string& path) -> absl::StatusOr<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return absl::NotFoundError(Cat("no ", path));
    return found->second;
  };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  return access;
}

// The new text, then what was changed and left, each as "line: text".
std::string Migrated(const std::string& text, const MigrateOptions& options = {}) {
  std::vector<Diagnostic> diagnostics;
  const auto migration = MigrateConfig("f", Files({{"f", text}}), options, &diagnostics);
  if (!migration.has_value()) return CheckReport({nullptr, diagnostics}, false);
  std::string out = migration->text;
  for (const auto& change : migration->changes) {
    CatTo(&out, change.where.line, ": ", change.text, "\n");
  }
  for (const auto& left : migration->left) {
    CatTo(&out, "left ", left.where.line, ": ", left.text, "\n");
  }
  return out;
}

TEST(Migrate, OldNamesAndValuesAreRewritten) {
  EXPECT_EQ(Migrated("<domain *>\r\n\tROUTE   [192.0.2.7]  # why\r\n"
                     "  max-smtp-out-per-source-ip \"5\"\n  backoff-max-msg-per-hour 70\n"
                     "  backoff-max-msg-per-hour unlimited\n</domain>\n"
                     "<source 0/0>\nremove-received-headers yes\nremove-received-headers no\n"
                     "</source>"),
            "<domain *>\r\n\tsmtp-hosts   [192.0.2.7]  # why\r\n"
            "  source-ip-max-smtp-out 0/0 5\n  backoff-max-msg-rate 70/h\n"
            "  backoff-max-msg-rate unlimited\n</domain>\n"
            "<source 0/0>\nremove-header Received\n"
            "# remove-received-headers no  # nothing is removed unless 'remove-header' says so\n"
            "</source>"
            "2: 'ROUTE' is now 'smtp-hosts'\n"
            "3: 'max-smtp-out-per-source-ip' is now 'source-ip-max-smtp-out 0/0 5'\n"
            "4: 'backoff-max-msg-per-hour' is now 'backoff-max-msg-rate 70/h'\n"
            "5: 'backoff-max-msg-per-hour' is now 'backoff-max-msg-rate unlimited'\n"
            "8: 'remove-received-headers' is now 'remove-header Received'\n"
            "9: 'remove-received-headers' is a comment now: nothing is removed unless "
            "'remove-header' says so\n");
}

TEST(Migrate, WhatDoesNothingBecomesAComment) {
  EXPECT_EQ(Migrated("sync-msg-create no   # old\n<spool /x>\n  deliver-only no\n  # keep\n"
                     "</spool>  \nsmtp-port 25\n"),
            "# sync-msg-create no   # old  # no effect: mail and outcomes are always synced before "
            "they are answered\n"
            "# <spool /x>  # no effect: the spool lies in --data-dir\n"
            "  # deliver-only no\n"
            "  # keep\n"
            "# </spool>  \n"
            "# smtp-port 25  # no effect yet: a listener is an address and a port; if it is meant: "
            "smtp-listener IP:PORT\n"
            "1: 'sync-msg-create' is a comment now: no effect: mail and outcomes are always synced "
            "before they are answered\n"
            "2: <spool> is a comment now: no effect: the spool lies in --data-dir\n"
            "6: 'smtp-port' is a comment now: no effect yet: a listener is an address and a port; "
            "if it is meant: smtp-listener IP:PORT\n");
}

TEST(Migrate, AListThatWouldGoOnIsLeft) {
  EXPECT_EQ(Migrated("domain-macro a b.example,\nsync-msg-create no\n"),
            "domain-macro a b.example,\nsync-msg-create no\n"
            "left 2: 'sync-msg-create': the list of line 1 would go on: end it first\n");
}

TEST(Migrate, LenientDisablesWhatIsNotKnown) {
  const std::string text = "dummy-smtp-port 2525\nnobody-knows x\n<strange y>\n  a b\n</strange>\n";
  EXPECT_NE(Migrated(text).find("3 errors"), std::string::npos);
  EXPECT_EQ(Migrated(text, {.part = "", .lenient = true}),
            "# dummy-smtp-port 2525  # not supported: the test receiver is a program of its own, "
            "convoy-sink\n"
            "# nobody-knows x  # unknown directive\n"
            "# <strange y>  # unknown section\n"
            "  # a b\n"
            "# </strange>\n"
            "1: 'dummy-smtp-port' is a comment now: not supported: the test receiver is a program "
            "of its own, convoy-sink\n"
            "2: 'nobody-knows' is a comment now: unknown directive\n"
            "3: <strange> is a comment now: unknown section\n");
}

TEST(Migrate, IncludedFilesAreNamedAndCanBeTheOneToRewrite) {
  const FileAccess access = Files(
      {{"d/main", "<domain *>\n  include old\n</domain>\n"}, {"d/old", "route [192.0.2.7]\n"}});
  std::vector<Diagnostic> diagnostics;
  const auto main = MigrateConfig("d/main", access, {}, &diagnostics);
  ASSERT_TRUE(main.has_value());
  EXPECT_TRUE(main->changes.empty());
  EXPECT_EQ(main->others, std::vector<std::string>{"d/old"});
  const auto part =
      MigrateConfig("d/main", access, {.part = "d/old", .lenient = false}, &diagnostics);
  ASSERT_TRUE(part.has_value());
  EXPECT_EQ(part->text, "smtp-hosts [192.0.2.7]\n");
  EXPECT_FALSE(
      MigrateConfig("d/main", access, {.part = "old", .lenient = false}, &diagnostics).has_value());
}

// A file that is read twice, and means two things.
TEST(Migrate, ALineWithTwoMeaningsIsLeft) {
  const FileAccess access =
      Files({{"main", "include part\n<domain *>\n  include part\n</domain>\n"},
             {"part", "421-means-mx-unavailable yes\n"}});
  std::vector<Diagnostic> diagnostics;
  const auto part = MigrateConfig("main", access, {.part = "part", .lenient = false}, &diagnostics);
  ASSERT_TRUE(part.has_value());
  EXPECT_TRUE(part->changes.empty());
  ASSERT_EQ(part->left.size(), 1u);
}

// What the configuration does, line by line: what has no effect is left out, old names are new.
void Dump(const Section& section, std::string* out) {
  CatTo(out, "<", section.kind, ' ', section.argument, ">\n");
  for (const Setting& setting : section.settings) {
    if (setting.row == nullptr) {
      CatTo(out, setting.spelled, ' ', setting.rest, "\n");
      continue;
    }
    const std::string_view name = setting.row->name;
    const DirectiveRow* spelled = FindDirective(setting.spelled, section.scope);
    if (name == "max-smtp-out-per-source-ip") {
      CatTo(out, "source-ip-max-smtp-out 0/0 ", setting.value(), "\n");
    } else if (name == "backoff-max-msg-per-hour") {
      CatTo(out, "backoff-max-msg-rate ", setting.value(), "/h\n");
    } else if (name == "remove-received-headers") {
      if (*ParseBool(setting.first())) CatTo(out, "remove-header Received\n");
    } else if (setting.row->effect != Effect::kNoEffect &&
               setting.row->effect != Effect::kNotSupported &&
               (setting.row->replacement.empty() || setting.row->effect == Effect::kEffective) &&
               (spelled->replacement.empty() || (setting.row->scopes & section.scope) != 0)) {
      CatTo(out, name, ' ', setting.value(), "\n");
    }
  }
  for (const Section& child : section.children) {
    const bool counts = child.scope != kSpool && child.scope != kSignals && child.scope != kNoScope;
    if (counts) Dump(child, out);
  }
}

// Every file of every configuration of the corpus, at once: no old name is left, nothing without
// effect, and the configuration does what it did.
TEST(Migrate, EachConfigurationOfTheCorpus) {
  int migrated = 0;
  for (const std::string& name : CorpusNames()) {
    SCOPED_TRACE(name);
    const std::string file = Cat(name, ".conf");
    const bool lenient = IsLenient(ReadCorpusFile(file));
    const FileAccess access = CorpusAccess([&](const std::string& path, std::string text) {
      std::vector<Diagnostic> ignored;
      const auto migration =
          MigrateConfig(file, CorpusAccess(), {.part = path, .lenient = lenient}, &ignored);
      return migration.has_value() ? migration->text : text;
    });
    const ReadOptions options{.lenient = lenient};
    if (LoadConfig(file, CorpusAccess(), options).config == nullptr) continue;
    ++migrated;
    const LoadResult result = LoadConfig(file, access, options);
    EXPECT_NE(result.config, nullptr) << CheckReport(result, false);
    for (const Diagnostic& d : result.diagnostics) {
      EXPECT_EQ(d.ToString().find("old name"), std::string::npos) << d.ToString();
      EXPECT_NE(d.severity, Severity::kNote) << d.ToString();
    }
    std::vector<SourceFile> files;
    std::vector<Diagnostic> ignored;
    std::string was;
    std::string is;
    Dump(ReadSections(file, CorpusAccess(), &files, &ignored, options), &was);
    Dump(ReadSections(file, access, &files, &ignored, options), &is);
    EXPECT_EQ(was, is);
  }
  EXPECT_GE(migrated, 15);
}

// Nothing is left to do in what was migrated.
TEST(Migrate, OnceIsEnough) {
  for (const std::string& name : CorpusNames()) {
    const std::string file = Cat(name, ".conf");
    const MigrateOptions options{.part = "", .lenient = IsLenient(ReadCorpusFile(file))};
    std::vector<Diagnostic> ignored;
    const auto once = MigrateConfig(file, CorpusAccess(), options, &ignored);
    if (!once.has_value()) continue;
    const auto twice =
        MigrateConfig(file, CorpusAccess([&](const std::string& path, std::string text) {
                        return path == file ? once->text : text;
                      }),
                      options, &ignored);
    ASSERT_TRUE(twice.has_value()) << name;
    EXPECT_TRUE(twice->changes.empty()) << name;
    EXPECT_EQ(twice->text, once->text) << name;
  }
}

}  // namespace
}  // namespace convoy::config
