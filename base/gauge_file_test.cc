#include "base/gauge_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>

namespace convoy {
namespace {

TEST(GaugeFile, ValuesAreInTheFileWithoutClosingIt) {
  const std::string path = testing::TempDir() + "/gauges";
  const auto gauges = *GaugeFile::Open(path);
  gauges->Add(Gauge::kInFlight, 5);
  gauges->Add(Gauge::kInFlight, -2);
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string bytes = text.str();
  ASSERT_EQ(bytes.size(), 8u + 8 * static_cast<size_t>(Gauge::kCount));
  EXPECT_EQ(bytes.substr(0, 8), "CONVOYG1");
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + 16, 8);
  EXPECT_EQ(value, 3u);
  EXPECT_EQ(gauges->Get(Gauge::kInFlight), 3u);
}

TEST(GaugeFile, MissingDirectoryIsAnError) {
  EXPECT_FALSE(GaugeFile::Open("/nonexistent/gauges").ok());
}

}  // namespace
}  // namespace convoy
