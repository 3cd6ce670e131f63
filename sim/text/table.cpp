#include "sim/text/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace simrun {
namespace {

constexpr std::size_t column_gap = 2;
constexpr std::size_t least_first = 20;  ///< characters of a first column that is broken

/// The pieces of `text` between marks, each with its mark's first character at the end if that is no space.
std::vector<std::string> pieces_between(std::string_view text, std::string_view mark) {
  std::vector<std::string> all;
  for (std::size_t end = 0; (end = text.find(mark)) != text.npos; text.remove_prefix(end + mark.size()))
    all.emplace_back(text.substr(0, mark.front() == ' ' ? end : end + 1));
  all.emplace_back(text);
  return all;
}

/// As many pieces a line as fit; lines after the first are indented.
std::vector<std::string> filled_lines(const std::vector<std::string>& pieces, std::size_t width, std::size_t indent) {
  std::vector<std::string> lines = {pieces.front()};
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    if (width_of(lines.back()) + 1 + width_of(pieces[i]) <= width) {
      lines.back() += " " + pieces[i];
    } else {
      lines.push_back(std::string(indent, ' ') + pieces[i]);
    }
  }
  return lines;
}

}  // namespace

std::string percent(double share, int decimals) {
  // Zero has no sign.
  const bool is_zero = std::abs(100 * share) < 0.5 * std::pow(10.0, -decimals);
  return fmt::format("{:.{}f} %", is_zero ? 0.0 : 100 * share, decimals);
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::vector<std::string> words;
  for (std::string& word : pieces_between(text, " ")) {
    // A number stays with its percent sign.
    if (word.starts_with('%') && !words.empty()) {
      words.back() += " " + word;
    } else {
      words.push_back(std::move(word));
    }
  }
  std::string all;
  for (const std::string& line : filled_lines(words, width, indent)) all += (all.empty() ? "" : "\n") + line;
  return all;
}

void Table::add_row(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = shown_name(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

void Table::fit_page(std::size_t repeated) {
  repeated_ = repeated;
  const std::vector<std::size_t> all = widths();
  const std::size_t others = std::accumulate(all.begin() + 1, all.end(), column_gap * (all.size() - 1));
  const std::size_t most = others + least_first < page_width ? page_width - others : least_first;
  if (all.front() <= most) return;
  std::vector<std::vector<std::string>> rows;
  std::set<std::size_t> breaks;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (breaks_.contains(i)) breaks.insert(rows.size());
    const std::vector<std::string> lines = filled_lines(pieces_between(rows_[i].front(), ", "), most, column_gap);
    rows_[i].front() = lines.front();
    rows.push_back(std::move(rows_[i]));
    for (std::size_t line = 1; line < lines.size(); ++line) rows.push_back({lines[line]});
  }
  rows_ = std::move(rows);
  breaks_ = std::move(breaks);
}

/// Numbers of the columns of each part.
std::vector<std::vector<std::size_t>> Table::parts(const std::vector<std::size_t>& widths) const {
  std::vector<std::vector<std::size_t>> parts(1);
  std::size_t width = 0;
  const auto add = [&](std::size_t column) {
    parts.back().push_back(column);
    width += widths[column] + column_gap;
  };
  for (std::size_t column = 0; column < widths.size(); ++column) {
    const bool fits = widths[column] == 0 || width + widths[column] <= page_width;
    if (repeated_ > 0 && parts.back().size() > repeated_ && !fits) {
      parts.emplace_back();
      width = 0;
      for (std::size_t first = 0; first < repeated_; ++first) add(first);
    }
    add(column);
  }
  return parts;
}

std::string Table::text() const {
  const std::vector<std::size_t> widths = this->widths();
  std::string all;
  for (const std::vector<std::size_t>& part : parts(widths)) all += (all.empty() ? "" : "\n") + text_of(part, widths);
  return all;
}

std::string Table::text_of(const std::vector<std::size_t>& columns, const std::vector<std::size_t>& widths) const {
  std::string all;
  for (std::size_t number = 0; number < rows_.size(); ++number) {
    const auto& row = rows_[number];
    std::string line;
    for (const std::size_t i : columns) {
      if (i >= row.size()) continue;
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      line +=
          (i == 0 ? "" : std::string(column_gap, ' ')) + (i == 0 || all_left_ ? row[i] + padding : padding + row[i]);
    }
    if (breaks_.contains(number)) all += "\n";
    all += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return all;
}

}  // namespace simrun
