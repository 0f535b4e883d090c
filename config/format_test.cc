#include "config/format.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "config/line_tree.h"
#include "config/load.h"
#include "config/testing/corpus.h"

namespace convoy::config {
namespace {

std::string Format(std::string_view text) {
  std::vector<Diagnostic> diagnostics;
  return FormatConfig("f", text, &diagnostics).value_or("refused");
}

TEST(Format, SectionsAreIndentedAndSetApart) {
  EXPECT_EQ(
      Format("\n\n<virtual-mta v1>\nsmtp-source-host\t192.0.2.1   a.example\n"
             "\n<domain   *>\n\n\n dkim-sign yes\n\n</domain>\n</virtual-mta>\n"
             "<domain x.example>\n</domain>\n\n\n\nhost-name a\nhost-name b\n\n\nhost-name c"),
      "<virtual-mta v1>\n"
      "    smtp-source-host 192.0.2.1 a.example\n"
      "\n"
      "    <domain *>\n"
      "        dkim-sign yes\n"
      "    </domain>\n"
      "</virtual-mta>\n"
      "\n"
      "<domain x.example>\n"
      "</domain>\n"
      "\n"
      "host-name a\n"
      "host-name b\n"
      "\n"
      "host-name c\n");
}

TEST(Format, CommentsStayWhereTheyAre) {
  EXPECT_EQ(Format("#!top\n<domain *># all\r\n# in it  \n  max-smtp-out   5# five\n</domain>\n"
                   "#of the next\n<domain a>\n</domain> # end\n# last"),
            "#!top\n"
            "<domain *>  # all\n"
            "    # in it\n"
            "    max-smtp-out 5  # five\n"
            "</domain>\n"
            "\n"
            "#of the next\n"
            "<domain a>\n"
            "</domain>  # end\n"
            "\n"
            "# last\n");
}

TEST(Format, ListsKeepTheirLines) {
  EXPECT_EQ(Format("domain-macro a\n b.example, c.example,\n# why\n\n\n  d.example\nhost-name x\n"),
            "domain-macro a\n"
            "    b.example, c.example,\n"
            "    # why\n"
            "\n"
            "    d.example\n"
            "host-name x\n");
}

TEST(Format, WhatBlanksMeanIsKept) {
  EXPECT_EQ(Format("<domain  a>\n 421   RP  001 *,  1h, 5, 1000\n auth-password  \"a  b\"\n"
                   "</domain>\n<smtp-pattern-list  x>\nreply  /a  b/   mode=backoff,  skip-mx\n"
                   "</smtp-pattern-list>\n<acct-file   |/bin/x  y>\n</acct-file>\n"),
            "<domain a>\n"
            "    421 RP  001 *,  1h, 5, 1000\n"
            "    auth-password \"a  b\"\n"
            "</domain>\n"
            "\n"
            "<smtp-pattern-list x>\n"
            "    reply /a  b/ mode=backoff, skip-mx\n"
            "</smtp-pattern-list>\n"
            "\n"
            "<acct-file |/bin/x  y>\n"
            "</acct-file>\n");
}

TEST(Format, AListBehindItsLineIsPartOfIt) {
  EXPECT_EQ(Format("<pattern-list a>\nrcpt-to /x/   <pattern-list>\n* virtual-mta=v\n"
                   "</pattern-list>\nrcpt-to /y/ virtual-mta=w\n</pattern-list>\n"),
            "<pattern-list a>\n"
            "    rcpt-to /x/ <pattern-list>\n"
            "        * virtual-mta=v\n"
            "    </pattern-list>\n"
            "    rcpt-to /y/ virtual-mta=w\n"
            "</pattern-list>\n");
}

TEST(Format, WhatCannotBeCutIsRefused) {
  std::vector<Diagnostic> diagnostics;
  EXPECT_EQ(FormatConfig("f", "log-file \"x\nhost-name a\n", &diagnostics), std::nullopt);
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].where.line, 1);
  EXPECT_EQ(Format("</domain>\nnobody-knows   this\n<nor-this>\nx  y\n"),
            "</domain>\n\nnobody-knows this\n<nor-this>\n    x y\n")
      << "what the words mean does not matter";
}

// Every file of the corpus that can be cut: formatting keeps its statements, and is done once.
TEST(Format, EachFileOfTheCorpus) {
  int formatted = 0;
  for (const std::string& file : CorpusFiles()) {
    SCOPED_TRACE(file);
    const std::string text = ReadCorpusFile(file);
    std::vector<Diagnostic> diagnostics;
    const auto once = FormatConfig(file, text, &diagnostics);
    EXPECT_EQ(once.has_value(), !HasErrors(diagnostics));
    if (!once.has_value()) continue;
    ++formatted;
    EXPECT_TRUE(SameStatements(text, *once)) << *once;
    EXPECT_EQ(FormatConfig(file, *once, &diagnostics), once);
  }
  EXPECT_GE(formatted, 40);
}

// Every configuration of the corpus, with all that it includes: the formatted one is equal.
TEST(Format, EachConfigurationStaysEqual) {
  const FileAccess formatted = CorpusAccess([](const std::string& path, std::string text) {
    std::vector<Diagnostic> diagnostics;
    return FormatConfig(path, text, &diagnostics).value_or(text);
  });
  for (const std::string& name : CorpusNames()) {
    SCOPED_TRACE(name);
    const std::string file = Cat(name, ".conf");
    const ReadOptions options{.lenient = IsLenient(ReadCorpusFile(file))};
    std::vector<SourceFile> files;
    std::vector<Diagnostic> before;
    std::vector<Diagnostic> after;
    const Section was = ReadSections(file, CorpusAccess(), &files, &before, options);
    const Section is = ReadSections(file, formatted, &files, &after, options);
    EXPECT_EQ(Difference(was, is), "");
    EXPECT_EQ(before.size(), after.size());
  }
}

}  // namespace
}  // namespace convoy::config
