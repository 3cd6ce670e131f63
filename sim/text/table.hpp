#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/text/terminal.hpp"

namespace simrun {

/// A share of 1, for people: "87.5 %".
std::string percent(double share, int decimals = 1);

/// Text in columns, the first aligned left, the others right. Cells are shown as names are (shown_name).
class Table {
 public:
  explicit Table(std::vector<std::string> headings) { add_row(std::move(headings)); }

  void add_column(const std::string& heading) { rows_.front().push_back(shown_name(heading)); }

  /// Aligns every column left.
  void align_left() { all_left_ = true; }

  /// A row may be short.
  void add_row(std::vector<std::string> cells);

  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  bool all_left_ = false;
};

}  // namespace simrun
