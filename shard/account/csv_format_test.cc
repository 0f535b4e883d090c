#include "shard/account/csv_format.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr EventType kAll[] = {EventType::kDelivery, EventType::kBounce, EventType::kTransient,
                              EventType::kTransientQueue, EventType::kReceipt};

UtcOffset East(int seconds) {
  return [seconds](WallTime) { return seconds; };
}

std::string Record(const CsvFormat& format, const AccountEvent& event) {
  std::string line;
  format.AppendRecord(event, &line);
  return line;
}

// Fields of one line, as RFC 4180 reads it.
std::vector<std::string> Cells(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line.substr(0, line.size() - 2)) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back().push_back(c);
    }
  }
  return cells;
}

TEST(CsvFormatTest, EveryRecordHasACellForEachColumnOfTheHeader) {
  const CsvFormat format({std::begin(kAll), std::end(kAll)}, East(0));
  const size_t columns = Cells(format.header()).size();
  EXPECT_GT(columns, 20u);
  for (const EventType type : kAll) {
    AccountEvent event;
    event.type = type;
    event.dsn_diag = "smtp;550 no, \"never\"";
    EXPECT_EQ(Cells(Record(format, event)).size(), columns) << EventTypeName(type);
    EXPECT_EQ(Cells(Record(format, event))[0], EventTypeName(type));
  }
}

TEST(CsvFormatTest, ColumnsThatDoNotApplyStayEmpty) {
  const CsvFormat format({EventType::kDelivery, EventType::kBounce}, East(0));
  AccountEvent event;
  event.size_bytes = 1234;
  const std::vector<std::string> header = Cells(format.header());
  const size_t size =
      static_cast<size_t>(std::find(header.begin(), header.end(), "dlvSize") - header.begin());
  ASSERT_LT(size, header.size());
  EXPECT_EQ(Cells(Record(format, event))[size], "1234");
  event.type = EventType::kBounce;
  EXPECT_EQ(Cells(Record(format, event))[size], "");
}

TEST(CsvFormatTest, ARecordIsOneLineWhateverThePeerSaid) {
  const CsvFormat format({EventType::kBounce}, East(0));
  AccountEvent event;
  event.type = EventType::kBounce;
  event.dsn_diag = "smtp;550 no\r\nd,2019,forged\n";
  event.rcpt = "a\r\nd,forged@x.test";
  const std::string line = Record(format, event);
  EXPECT_TRUE(line.ends_with("\r\n"));
  const std::string_view inside = std::string_view(line).substr(0, line.size() - 2);
  EXPECT_TRUE(std::none_of(inside.begin(), inside.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20;
  })) << line;
  EXPECT_NE(line.find("a\\x0d\\x0ad,forged@x.test"), std::string::npos) << line;
}

TEST(CsvFormatTest, QuotesAreDoubledInsideQuotes) {
  const CsvFormat format({EventType::kReceipt}, East(0));
  AccountEvent event;
  event.type = EventType::kReceipt;
  event.rcpt = "\"a,b\"@x.test";
  EXPECT_NE(Record(format, event).find(",\"\"\"a,b\"\"@x.test\","), std::string::npos);
}

TEST(CsvFormatTest, TimesAreLocalWithTheirOffset) {
  AccountEvent event;
  event.logged_ms = 1549662845000;
  const std::vector<std::pair<int, std::string>> cases = {
      {0, "2019-02-08 21:54:05+0000"},
      {3600, "2019-02-08 22:54:05+0100"},
      {-(3 * 3600 + 1800), "2019-02-08 18:24:05-0330"}};
  for (const auto& [offset, text] : cases) {
    const CsvFormat format({EventType::kDelivery}, East(offset));
    EXPECT_EQ(Cells(Record(format, event))[1], text);
    EXPECT_EQ(Cells(Record(format, event))[2], "") << "never queued";
  }
}

TEST(CsvFormatTest, TypesHaveShortAndLongNames) {
  EXPECT_EQ(*ParseEventType("Delivery"), EventType::kDelivery);
  EXPECT_EQ(*ParseEventType("tq"), EventType::kTransientQueue);
  EXPECT_EQ(ParseEventType("x").status().message(),
            "unknown record type \"x\"; known are d, b, t, tq, r");
}

}  // namespace
}  // namespace convoy::shard
