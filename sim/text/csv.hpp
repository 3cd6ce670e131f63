#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/text/json.hpp"

namespace simrun {

/// Named values of one row, in order; null where one does not apply.
using Row = std::vector<std::pair<std::string, Json>>;

/// A whole number where it is one.
Json count_of(double value);

/// The number, or null.
Json or_null(const std::optional<double>& value);

/// The row as an object.
Json object_of(const Row& row);

/// A value as text: numbers in the shortest form that reads back as the same, null as nothing.
std::string table_cell(const Json& value);

/// The same, quoted where CSV asks for it. Text that a spreadsheet would take for a formula has an apostrophe before
/// it: text that begins, apostrophes aside, with one of = + - @, a tab or a line end. Whoever takes one apostrophe off
/// such text has what it was.
std::string csv_cell(const Json& value);

/// A line of these names; a line of the row's values.
std::string csv_header(const std::vector<std::string>& names);
std::string csv_line(const Row& row);

}  // namespace simrun
