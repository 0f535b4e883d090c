#include "shard/suppress/suppression_list.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>

#include "base/text.h"

namespace convoy::shard {
namespace {

TEST(SuppressionList, ListsAddressesWithoutCaseAndWholeDomains) {
  const auto list = *SuppressionList::Parse("s.txt",
                                            "# people\r\nAnn@Example.com\r\n\n"
                                            "@gone.example  # all of it\nlist.example\n");
  EXPECT_EQ(list->size(), 3u);
  EXPECT_TRUE(list->Contains("ann@example.COM"));
  EXPECT_FALSE(list->Contains("bob@example.com"));
  EXPECT_TRUE(list->Contains("bob@gone.example"));
  EXPECT_TRUE(list->Contains("x@list.example"));
  EXPECT_FALSE(list->Contains("x@sub.list.example"));
}

// However an address is written in the file, and however in the submission, it is one address.
TEST(SuppressionList, EverySpellingOfAnEntryMatchesEverySpellingOfARecipient) {
  struct Case {
    std::string_view line;
    std::string_view recipient;
  };
  for (const Case& c :
       std::initializer_list<Case>{{"\xEF\xBB\xBF"
                                    "first@x.example",
                                    "first@x.example"},
                                   {"csv@x.example,2024-01-01,unsub", "csv@x.example"},
                                   {"csv@x.example;2024-01-01", "csv@x.example"},
                                   {"csv@x.example\t# 3", "csv@x.example"},
                                   {"\"csv@x.example\",\"2024, May\"", "csv@x.example"},
                                   {"\"\"\"odd one\"\"@x.example\",1", "\"odd one\"@x.example"},
                                   {"@x.example,whole domain", "any@x.example"},
                                   {"<angle@x.example>", "angle@x.example"},
                                   {"plain@x.example", "\"plain\"@x.example"},
                                   {"plain@x.example", "\"pl\\ain\"@X.example"},
                                   {"\"plain\"@x.example", "plain@x.example"},
                                   {"\"a,b #c\"@x.example  # why", "\"a,b #c\"@x.example"},
                                   {"a#b@x.example", "a#b@x.example"},
                                   {"user@bücher.example", "user@xn--bcher-kva.example"},
                                   {"user@XN--BCHER-KVA.example", "user@bücher.example"},
                                   {"@bücher.example", "any@xn--bcher-kva.example"},
                                   {"JÜRGEN@x.example", "jürgen@x.example"},
                                   {"Ἀλέξης@x.example", "Ἀλέξης@x.example"},
                                   {"ΝΊΚΟΣ@x.example", "νίκος@x.example"},
                                   {"Ёлка@x.example", "ёлКА@x.example"},
                                   {"ŁUKASZ.Ÿ@x.example", "łukasz.ÿ@x.example"},
                                   {"user@[192.0.2.1]", "USER@[192.0.2.1]"},
                                   {"user@[IPv6:2001:db8:0::1]", "user@[IPv6:2001:DB8::1]"}}) {
    const auto list = SuppressionList::Parse("s.txt", c.line);
    ASSERT_TRUE(list.ok()) << list.status();
    EXPECT_EQ((*list)->size(), 1u) << c.line;
    EXPECT_TRUE((*list)->Contains(c.recipient)) << c.line << " / " << c.recipient;
  }
}

TEST(SuppressionList, WhatIsNotListedIsNot) {
  const auto list =
      *SuppressionList::Parse("s.txt", "a#b@x.example\n\"\"@x.example\n@y.example\nİ@x.example\n");
  for (const std::string_view address : {"a@x.example", "other@x.example", "x@sub.y.example",
                                         "ı@x.example", "i@x.example", "not an address", ""}) {
    EXPECT_FALSE(list->Contains(address)) << address;
  }
}

TEST(SuppressionList, RefusesWhatCouldNeverMatch) {
  for (const std::string_view line :
       {"email,date,reason", "Ann <ann@x.example>", "ann@x.example bob@x.example", "ann@", "@",
        "ann@x..example", "ann@x.example,", "a b@x.example", "\"open@x.example", "<>", "postmaster",
        "*@x.example.", "ann@x.example>", "j\xFCrgen@x.example", "a@x.example\rb@x.example",
        "mailto:ann@-x.example"}) {
    const bool ok = SuppressionList::Parse("s.txt", line).ok();
    EXPECT_EQ(ok, line == "ann@x.example,") << line;
  }
}

TEST(SuppressionList, EqualListsAreKnownInAnyOrder) {
  const auto list = [](std::string_view text) { return *SuppressionList::Parse("s", text); };
  EXPECT_TRUE(list("a@b.example\nc@d.example\n")->SameAs(*list("C@d.example\na@b.example\n")));
  EXPECT_FALSE(list("a@b.example\n")->SameAs(*list("a@c.example\n")));
  EXPECT_FALSE(list("a@b.example\n")->SameAs(*list("a@b.example\nc@d.example\n")));
}

TEST(SuppressionList, BadLineNamesFileAndLine) {
  const auto list = SuppressionList::Parse("s.txt", "a@b.example\nnot an address\n");
  EXPECT_EQ(list.status().message(),
            absl::string_view("s.txt:2: 'not an address' is neither an address "
                              "(user@example.com) nor a domain (@example.com)"));
}

TEST(SuppressionList, MissingFileIsNamed) {
  const auto list = SuppressionList::Load("/nonexistent/s.txt");
  EXPECT_EQ(list.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace convoy::shard
