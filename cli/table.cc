#include "cli/table.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace convoy::cli {
namespace {

std::string Cut(std::string text, size_t width_max) {
  constexpr std::string_view kDots = "...";
  if (width_max == 0 || text.size() <= width_max) return text;
  return text.substr(0, width_max - kDots.size()).append(kDots);
}

void AppendLine(const std::vector<Column>& columns, const std::vector<size_t>& widths,
                const std::vector<std::string>& cells, std::string* out) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += "  ";
    const std::string padding(widths[i] - cells[i].size(), ' ');
    line += columns[i].align == Align::kRight ? padding + cells[i] : cells[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  CatTo(out, line, '\n');
}

}  // namespace

void Table::Add(std::vector<std::string> cells) {
  CHECK(cells.size() == columns_.size());
  for (size_t i = 0; i < cells.size(); ++i) cells[i] = Cut(Escape(cells[i]), columns_[i].width_max);
  rows_.push_back(std::move(cells));
}

std::string Table::ToString() const {
  std::vector<std::string> titles;
  std::vector<size_t> widths;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    widths.push_back(column.title.size());
  }
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  AppendLine(columns_, widths, titles, &out);
  for (const auto& row : rows_) AppendLine(columns_, widths, row, &out);
  return out;
}

}  // namespace convoy::cli
