// Text tables for people: aligned columns, two blanks between them, no lines drawn.
//
//     Table table({{"queue"}, {"#rcpt", Align::kRight}});
//     table.Add({"gmail.com/v1", "12"});
//     std::string text = table.ToString();
//
// Cells are escaped: what a remote server said cannot move the cursor of a terminal.
//
// Determinism: pure
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace convoy::cli {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
  size_t width_max = 0;  // 0: as wide as needed; longer cells end in "..."
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // Title line and rows, each with a line end and no blanks before it.
  std::string ToString() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace convoy::cli
