#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/text/terminal.hpp"

namespace simrun {

/// A share of 1, for people: "87.5 %".
std::string percent(double share, int decimals = 1);

/// What people read on a terminal is at most so wide where it can be.
constexpr std::size_t page_width = 120;

/// Text broken at spaces into lines of at most `width` characters where it can be; those after the first are
/// indented by `indent` spaces. A percent sign stays behind its number. No line end at the end.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = page_width);

/// Text in columns, the first aligned left, the others right. Cells are shown as names are (shown_name).
class Table {
 public:
  explicit Table(std::vector<std::string> headings) { add_row(std::move(headings)); }

  void add_column(const std::string& heading) { rows_.front().push_back(shown_name(heading)); }

  /// Aligns every column left.
  void align_left() { all_left_ = true; }

  /// A row may be short.
  void add_row(std::vector<std::string> cells);

  /// An empty line, if rows follow.
  void add_break() { breaks_.insert(rows_.size()); }

  /// Breaks cells of the first column at commas so that lines have at most page_width characters, where it can. What
  /// is still too wide becomes several tables below each other, which all begin with the first `repeated` columns.
  void fit_page(std::size_t repeated = 1);

  std::string text() const;

 private:
  std::vector<std::size_t> widths() const;
  std::vector<std::vector<std::size_t>> parts(const std::vector<std::size_t>& widths) const;
  std::string text_of(const std::vector<std::size_t>& columns, const std::vector<std::size_t>& widths) const;

  std::vector<std::vector<std::string>> rows_;
  std::set<std::size_t> breaks_;  ///< rows with an empty line before them
  bool all_left_ = false;
  std::size_t repeated_ = 0;  ///< columns with which every part begins; 0: there is one
};

}  // namespace simrun
