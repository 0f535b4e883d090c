#include "shard/suppress/suppression_list.h"

#include <gtest/gtest.h>

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
