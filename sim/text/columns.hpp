#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/text/csv.hpp"

namespace simrun {

/// A column of a file of results: its name, and what stands in it in the row of a `What`; null where it does not apply.
template <typename What>
struct Column {
  std::string name;
  std::function<Json(const What&)> value;
};

template <typename What>
using Columns = std::vector<Column<What>>;

/// Appends columns of a `Part` to those of a `Whole`; `get` gives the part of a whole.
template <typename Whole, typename Part, typename Get>
void append_columns(Columns<Whole>& to, const Columns<Part>& columns, const Get& get) {
  for (const Column<Part>& column : columns)
    to.push_back({column.name, [value = column.value, get](const Whole& whole) { return value(get(whole)); }});
}

template <typename What>
std::vector<std::string> names_of(const Columns<What>& columns) {
  std::vector<std::string> names;
  for (const Column<What>& column : columns) names.push_back(column.name);
  return names;
}

template <typename What>
Row row_of(const Columns<What>& columns, const What& what) {
  Row row;
  for (const Column<What>& column : columns) row.emplace_back(column.name, column.value(what));
  return row;
}

}  // namespace simrun
