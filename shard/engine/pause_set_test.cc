#include "shard/engine/pause_set.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace convoy::shard {
namespace {

PauseSelector Selector(std::string_view text) {
  const absl::StatusOr<PauseSelector> selector = PauseSelector::Parse(text);
  EXPECT_TRUE(selector.ok()) << text << ": " << selector.status();
  return *selector;
}

PauseSet Paused(std::initializer_list<std::string_view> selectors) {
  PauseSet set;
  for (const std::string_view text : selectors) set.Add(Selector(text));
  return set;
}

// What a resume removes, or the refusal.
std::string Resume(PauseSet* set, std::string_view text) {
  const absl::StatusOr<std::vector<PauseSelector>> removed = set->Remove(Selector(text));
  if (!removed.ok()) {
    EXPECT_TRUE(absl::IsFailedPrecondition(removed.status())) << removed.status();
    return std::string(removed.status().message());
  }
  std::string names;
  for (const PauseSelector& selector : *removed) names += selector.ToString() + " ";
  return names;
}

TEST(PauseSetTest, ExactSelectorCoversOneQueueWithoutCase) {
  const PauseSet set = Paused({"GMail.com/V1"});
  EXPECT_TRUE(set.Covers("gmail.com", "v1"));
  EXPECT_TRUE(set.Covers("GMAIL.com", "V1"));
  EXPECT_FALSE(set.Covers("gmail.com", "v2"));
  EXPECT_FALSE(set.Covers("mail.com", "v1"));
}

TEST(PauseSetTest, EitherPartMayBeAny) {
  const PauseSet set = Paused({"gmail.com/*", "*/v9"});
  EXPECT_TRUE(set.Covers("gmail.com", "v1"));
  EXPECT_TRUE(set.Covers("other.example", "v9"));
  EXPECT_FALSE(set.Covers("other.example", "v1"));
  EXPECT_FALSE(Paused({}).Covers("gmail.com", "v1"));
}

TEST(PauseSetTest, SelectorThatWouldCoverNothingOrAllIsRefused) {
  for (const char* bad : {"*/*", "/v1", "gmail.com/", "gmail.com", "gmail*/v1", "gmail.com/v*",
                          "gmail.com/v1/x", "gm ail\x01.com/v1", ""}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PauseSelector::Parse(bad).status())) << bad;
  }
  const std::string longest(PauseSelector::kNameMax, 'a');
  EXPECT_TRUE(PauseSelector::Make(longest, "v").ok());
  EXPECT_FALSE(PauseSelector::Make(longest + "a", "v").ok());
}

TEST(PauseSetTest, WrittenAndReadBack) {
  for (const char* text : {"gmail.com/v1", "gmail.com/*", "*/v1"}) {
    EXPECT_EQ(Selector(text).ToString(), text);
  }
}

TEST(PauseSetTest, RepeatedPauseIsOne) {
  PauseSet set = Paused({"a.example/v1", "A.example/V1"});
  EXPECT_EQ(set.size(), 1u);
  EXPECT_EQ(Resume(&set, "a.example/v1"), "a.example/v1 ");
  EXPECT_FALSE(set.Covers("a.example", "v1"));
  EXPECT_EQ(Resume(&set, "a.example/v1"), "") << "a repeat is harmless";
}

TEST(PauseSetTest, WiderResumeRemovesAllItCovers) {
  PauseSet set = Paused({"a.example/v1", "a.example/*", "b.example/v1"});
  EXPECT_EQ(Resume(&set, "a.example/*"), "a.example/* a.example/v1 ");
  EXPECT_FALSE(set.Covers("a.example", "v1"));
  EXPECT_TRUE(set.Covers("b.example", "v1"));
}

TEST(PauseSetTest, ResumeUnderAWiderPauseIsRefusedAndChangesNothing) {
  PauseSet set = Paused({"a.example/v1", "a.example/*"});
  const std::string refusal = Resume(&set, "a.example/v1");
  EXPECT_NE(refusal.find("wider pause a.example/*"), std::string::npos) << refusal;
  EXPECT_EQ(set.size(), 2u);
  EXPECT_NE(Resume(&set, "a.example/v2").find("a.example/*"), std::string::npos);
}

TEST(PauseSetTest, CrossingPausesCanEachBeResumed) {
  PauseSet set = Paused({"a.example/*", "*/v1"});
  EXPECT_EQ(Resume(&set, "a.example/*"), "a.example/* ");
  EXPECT_TRUE(set.Covers("a.example", "v1")) << "by */v1";
  EXPECT_FALSE(set.Covers("a.example", "v2"));
  EXPECT_EQ(Resume(&set, "*/v1"), "*/v1 ");
  EXPECT_FALSE(set.Covers("a.example", "v1"));
}

TEST(PauseSetTest, PartOfAFilter) {
  EXPECT_TRUE(PartMatches("", "v1"));
  EXPECT_TRUE(PartMatches("*", "v1"));
  EXPECT_TRUE(PartMatches("V1", "v1"));
  EXPECT_FALSE(PartMatches("v", "v1"));
}

}  // namespace
}  // namespace convoy::shard
