#include "config/lexer.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace convoy::config {
namespace {

// "kind name [word] [word]" of each statement, one a line.
std::string Shape(std::string_view text, bool lenient = false) {
  std::vector<Diagnostic> diagnostics;
  std::string shape;
  for (const Statement& s : Lex("f", text, &diagnostics, lenient)) {
    CatTo(&shape,
          s.kind == Statement::Kind::kOpen    ? "<"
          : s.kind == Statement::Kind::kClose ? "</"
                                              : "",
          s.name.text);
    for (const Word& word : s.words) {
      CatTo(&shape, word.regex ? " /" : " [", word.text, word.regex ? "/" : "]");
    }
    shape += '\n';
  }
  for (const Diagnostic& d : diagnostics) CatTo(&shape, d.ToString(), "\n");
  return shape;
}

TEST(Lexer, QuotesTakeBothEscapes) {
  EXPECT_EQ(Shape(R"(a "x y" "" "q \" q" "q "" q" "c\d")"),
            "a [x y] [] [q \" q] [q \" q] [c\\d]\n");
  EXPECT_EQ(Shape(R"(<acct-file |/usr/bin/php /x.php --from=""$from"" --a=b>)"),
            "<acct-file [|/usr/bin/php] [/x.php] [--from=\"\"$from\"\"] [--a=b]\n");
}

TEST(Lexer, CommentsAnywhere) {
  EXPECT_EQ(Shape("a b#c\n#x\n  # y\n<d *> # z\n</d># w\n"), "a [b]\n<d [*]\n</d\n");
}

TEST(Lexer, SectionsMayHaveBlanks) {
  EXPECT_EQ(Shape("<mx-rollup-list >\n</mx-rollup-list>\n<domain   $x>\n</domain $x>\n< d >\n"),
            "<mx-rollup-list\n</mx-rollup-list\n<domain [$x]\n</domain [$x]\n<d\n");
}

TEST(Lexer, RegexesAreOneWord) {
  EXPECT_EQ(Shape("reply /a \"b c/ mode=backoff, skip-mx\n"),
            "reply /a \"b c/ [mode=backoff,] [skip-mx]\n");
  EXPECT_EQ(Shape(R"(/http:\/\/x\\/ other)"), "/re/ /http:\\/\\/x\\\\/ [other]\n");
  EXPECT_EQ(Shape("// other\n"), "/re/ // [other]\n");
  EXPECT_EQ(Shape("header X-A /b/ virtual-mta=/c\n"), "header [X-A] /b/ [virtual-mta=/c]\n");
  EXPECT_EQ(Shape("log-file /var/log/x\n"), "log-file [/var/log/x]\n") << "a path is none";
  EXPECT_EQ(Shape("rcpt-to /x/ <pattern-list>\n"), "rcpt-to /x/\n<pattern-list\n");
}

TEST(Lexer, LenientJoinsABrokenRegex) {
  EXPECT_EQ(Shape("/looks like  \n   spam/ spam-related\n// other\n", true),
            "/re/ /looks like spam/ [spam-related]\n/re/ // [other]\n"
            "f:2:1: warning: the regex of line 1 ends here: joined by a blank (write it on one "
            "line)\n");
}

TEST(Lexer, ListsGoOn) {
  EXPECT_EQ(Shape("domain-macro a\n  b,c\n"), "domain-macro [a] [b,c]\n");
  EXPECT_EQ(Shape("domain-macro a b,\n\n # x\n c,\n d\ne f\n"),
            "domain-macro [a] [b,] [c,] [d]\ne [f]\n");
  EXPECT_EQ(Shape("domain-macro a b,\n<domain *>\n"), "domain-macro [a] [b,]\n<domain [*]\n");
}

TEST(Lexer, HowALineIsIndentedEndsNoList) {
  constexpr char kEnds[] =
      "domain-macro [a] [b,]\nmax-smtp-out [5]\n"
      "f:2:1: warning: the list of line 1 ends with a comma, and here is 'max-smtp-out' (the list "
      "is taken to end there; remove the comma)\n";
  EXPECT_EQ(Shape("domain-macro a b,\nmax-smtp-out 5\n"), kEnds);
  std::string indented(kEnds);
  indented.replace(indented.find("f:2:1"), 5, "f:2:21");
  EXPECT_EQ(Shape("domain-macro a b,\n                    max-smtp-out 5\n"), indented);
}

TEST(Lexer, WordsKnowTheirPlace) {
  std::vector<Diagnostic> diagnostics;
  const auto statements = Lex("f", "\xef\xbb\xbf\r\n\tname  \"a\" b\r\n", &diagnostics);
  ASSERT_EQ(statements.size(), 1u);
  EXPECT_EQ(statements[0].name.line, 2);
  EXPECT_EQ(statements[0].name.column, 2);
  EXPECT_EQ(statements[0].words[0].column, 8);
  EXPECT_EQ(statements[0].words[0].end, 11);
  EXPECT_EQ(statements[0].words[1].column, 12);
  EXPECT_EQ(statements[0].words[1].end, 13);
  EXPECT_TRUE(statements[0].words[0].quoted);
}

}  // namespace
}  // namespace convoy::config
