#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace simrun {

/// A CSV file with a line of column names, as spreadsheets and simrun write it (RFC 4180): fields may be quoted, lines
/// end with LF or CRLF.
class CsvTable {
 public:
  /// Throws InputError in the name of `file`, at the line: no rows, a line with more or fewer fields than names, a
  /// quote that does not end, a name that stands twice.
  CsvTable(std::string file, const std::string& text);

  std::size_t rows() const { return rows_.size(); }

  /// Names of columns that have one, in the order of the alphabet.
  std::vector<std::string> columns() const;
  bool has(const std::string& column) const { return columns_.contains(column); }

  /// What stands in a row; nothing where the column is missing or the field is empty.
  std::optional<std::string> text(std::size_t row, const std::string& column) const;

  /// The same as a number. Throws InputError where it is none, or not finite.
  std::optional<double> number(std::size_t row, const std::string& column) const;

  /// Throws the InputError of a mistake in that row.
  [[noreturn]] void fail(std::size_t row, const std::string& wrong, const std::string& accepted) const;

 private:
  struct Line {
    std::size_t number;
    std::vector<std::string> fields;
  };

  std::string file_;
  std::map<std::string, std::size_t> columns_;
  std::vector<Line> rows_;
};

}  // namespace simrun
