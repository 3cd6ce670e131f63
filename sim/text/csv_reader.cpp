#include "sim/text/csv_reader.hpp"

#include <charconv>
#include <cmath>

#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

InputError mistake_in_line(const std::string& file, std::size_t line, const std::string& wrong,
                           const std::string& accepted) {
  return {file, "line " + std::to_string(line), wrong, accepted};
}

/// Goes through the text field by field.
class CsvScanner {
 public:
  CsvScanner(const std::string& file, const std::string& text) : file_(file), text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  std::size_t line() const { return line_; }

  std::vector<std::string> next_line() {
    std::vector<std::string> fields;
    while (true) {
      fields.push_back(!at_end() && text_[at_] == '"' ? quoted() : plain());
      if (at_end() || text_[at_] != ',') break;
      ++at_;
    }
    if (!at_end() && text_[at_] == '\r') ++at_;
    if (!at_end() && text_[at_] != '\n')
      throw mistake_in_line(file_, line_, "a quoted field goes on after its quote", "accepted: a comma there");
    ++at_;
    ++line_;
    return fields;
  }

 private:
  std::string plain() {
    const std::size_t begin = at_;
    while (!at_end() && text_[at_] != ',' && text_[at_] != '\n') ++at_;
    std::size_t end = at_;
    if (end > begin && text_[end - 1] == '\r') --end;
    return text_.substr(begin, end - begin);
  }

  std::string quoted() {
    const std::size_t begun = line_;
    std::string field;
    for (++at_; !at_end(); ++at_) {
      if (text_[at_] == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') {
          ++at_;
          return field;
        }
        ++at_;
      }
      if (text_[at_] == '\n') ++line_;
      field += text_[at_];
    }
    throw mistake_in_line(file_, begun, "a quoted field does not end", "accepted: a quote at its end");
  }

  const std::string& file_;
  const std::string& text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

CsvTable::CsvTable(std::string file, const std::string& text) : file_(std::move(file)) {
  const std::string mark = "\xef\xbb\xbf";  // spreadsheets begin with it
  const std::string contents = text.starts_with(mark) ? text.substr(mark.size()) : text;
  CsvScanner scanner(file_, contents);
  const std::vector<std::string> names = scanner.next_line();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;  // spreadsheets append such columns
    if (!columns_.emplace(names[i], i).second)
      throw mistake_in_line(file_, 1, "the column \"" + shown_name(names[i]) + "\" stands there twice",
                            "accepted: names that differ");
  }
  while (!scanner.at_end()) {
    const std::size_t line = scanner.line();
    std::vector<std::string> fields = scanner.next_line();
    if (fields.size() == 1 && fields.front().empty()) continue;
    if (fields.size() != names.size())
      throw mistake_in_line(file_, line, "has " + std::to_string(fields.size()) + " fields",
                            "accepted: " + std::to_string(names.size()) + ", as the first line has names");
    rows_.push_back({line, std::move(fields)});
  }
  if (rows_.empty())
    throw mistake_in_line(file_, 1, "no line follows", "accepted: a line of column names, and lines of values");
}

std::vector<std::string> CsvTable::columns() const {
  std::vector<std::string> names;
  for (const auto& [name, at] : columns_) names.push_back(name);
  return names;
}

std::optional<std::string> CsvTable::text(std::size_t row, const std::string& column) const {
  const auto found = columns_.find(column);
  if (found == columns_.end() || rows_[row].fields[found->second].empty()) return std::nullopt;
  return rows_[row].fields[found->second];
}

std::optional<double> CsvTable::number(std::size_t row, const std::string& column) const {
  const auto given = text(row, column);
  if (!given) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc{} || end != given->data() + given->size() || !std::isfinite(value))
    fail(row, column + " is \"" + shown_name(*given) + "\"", "accepted: a finite number");
  return value;
}

void CsvTable::fail(std::size_t row, const std::string& wrong, const std::string& accepted) const {
  throw mistake_in_line(file_, rows_[row].number, wrong, accepted);
}

}  // namespace simrun
