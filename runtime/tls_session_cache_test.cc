#include "runtime/tls_session_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "runtime/virtual_loop.h"

namespace convoy {
namespace {

TlsSession Session(std::string doubt) { return {.state = nullptr, .doubt = std::move(doubt)}; }

std::string Taken(TlsSessionCache& cache, const std::string& key) {
  const auto session = cache.Take(key);
  return session.has_value() ? session->doubt : "-";
}

TEST(TlsSessionCache, TheLatestIsTakenAndUsedOnce) {
  VirtualLoop loop;
  TlsSessionCache cache(loop);
  EXPECT_EQ(Taken(cache, "a"), "-");
  cache.Put("a", Session("1"));
  cache.Put("a", Session("2"));
  EXPECT_EQ(Taken(cache, "b"), "-");
  EXPECT_EQ(Taken(cache, "a"), "2");
  EXPECT_EQ(Taken(cache, "a"), "1");
  EXPECT_EQ(Taken(cache, "a"), "-");
  EXPECT_EQ(cache.keys(), 0u);
}

TEST(TlsSessionCache, AnOldOneIsNotTaken) {
  VirtualLoop loop;
  TlsSessionCache cache(loop, {.age_max = Minutes(10)});
  cache.Put("a", Session("1"));
  loop.RunFor(Minutes(9));
  const auto session = cache.Take("a");
  ASSERT_TRUE(session.has_value());
  cache.Put("a", *session);  // it is no younger for that
  EXPECT_EQ(cache.keys(), 1u);
  loop.RunFor(Minutes(1));
  EXPECT_EQ(Taken(cache, "a"), "-");
  EXPECT_EQ(cache.keys(), 0u);
}

TEST(TlsSessionCache, ItIsBounded) {
  VirtualLoop loop;
  TlsSessionCache cache(loop, {.keys_max = 3, .sessions_per_key_max = 2});
  for (int i = 0; i < 5; ++i) cache.Put("a", Session(Cat(i)));
  for (const char* key : {"b", "c"}) cache.Put(key, Session(key));
  EXPECT_EQ(Taken(cache, "a"), "4");  // and so is used later than b and c
  cache.Put("d", Session("d"));
  EXPECT_EQ(cache.keys(), 3u);
  EXPECT_EQ(Taken(cache, "b"), "-");
  EXPECT_EQ(Taken(cache, "a"), "3");
  EXPECT_EQ(Taken(cache, "a"), "-");
}

}  // namespace
}  // namespace convoy
