#include "sim/device_profile.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "kernels/index_coding.hpp"
#include "sim/fields.hpp"

namespace simrun {
namespace {

double value_on(const std::string& axis, const Work& work) {
  if (axis == "elements") return work.elements;
  if (axis == "entries") return work.entries;
  if (axis == "parts") return work.parts;
  return work.entries / std::max(1.0, work.elements);
}

/// Where a value lies on an axis: between grid points `low` and `low + 1`, at `share` of the way in log scale. A share
/// above 1 goes on beyond the last point.
struct Place {
  std::size_t low = 0;
  double share = 0;
  double beyond = 1;  ///< the factor by which the value exceeds the last grid point, if time grows with it
};

Place place_on(const CostTable::Axis& axis, double value) {
  const auto& grid = axis.values;
  if (grid.size() == 1 || value <= grid.front()) {
    return {0, 0, grid.size() == 1 ? std::max(1.0, value / grid.front()) : 1};
  }
  if (value >= grid.back()) return {grid.size() - 2, 1, value / grid.back()};
  const auto above = std::upper_bound(grid.begin(), grid.end(), value);
  const auto low = static_cast<std::size_t>(above - grid.begin()) - 1;
  return {low, std::log(value / grid[low]) / std::log(grid[low + 1] / grid[low]), 1};
}

std::string kind_name(PayloadKind kind) {
  switch (kind) {
    case PayloadKind::dense32:
      return "dense32";
    case PayloadKind::dense16:
      return "dense16";
    case PayloadKind::pairs:
      return "pairs";
    case PayloadKind::signs:
      return "signs";
    case PayloadKind::sparse_signs:
      break;
  }
  return "sparse-signs";
}

double positive_number(const Json& value, const Where& where) {
  if (!value.is_number() || !(value.get<double>() > 0)) where.fail("is " + brief(value), "accepted: a number above 0");
  return value.get<double>();
}

/// The numbers of nested lists, one level for each of `axes`, in order.
void flatten(const Json& value, std::span<const CostTable::Axis> axes, const Where& where, std::vector<double>& out) {
  if (axes.empty()) {
    out.push_back(positive_number(value, where));
    return;
  }
  const std::size_t count = axes.front().values.size();
  if (!value.is_array() || value.size() != count)
    where.fail("is " + brief(value),
               "accepted: a list of " + std::to_string(count) + ", one for each of " + axes.front().name);
  for (std::size_t i = 0; i < count; ++i) flatten(value[i], axes.subspan(1), where / i, out);
}

/// A table as it stands in the file.
struct TableText {
  std::string provenance;
  std::string source;
  Json axes;
  Json seconds;
  Json p25;
  Json p75;
};

Field<std::string> provenance() {
  return choice<std::string>({{"measured", "measured"}, {"published", "published"}, {"scaled", "scaled"}});
}

Field<TableText> table_field() {
  return Object<TableText>()
      .required("provenance", &TableText::provenance, provenance(), "how the times are known")
      .optional("source", &TableText::source, text(), "where they come from")
      .required("axes", &TableText::axes, anything(), "grid values by axis: elements, entries, parts, density")
      .required("seconds", &TableText::seconds, anything(), "times, nested lists in the order of the axes")
      .optional("p25", &TableText::p25, anything(), "lower quartile of the measured times")
      .optional("p75", &TableText::p75, anything(), "upper quartile of the measured times")
      .field();
}

CostTable::Axis read_axis(const OperationEntry& operation, std::size_t number, const Json& axes, const Where& where) {
  const std::string name(operation.axes[number]);
  if (!axes.is_object() || axes.size() != operation.axes.size() ||
      std::next(axes.begin(), static_cast<std::ptrdiff_t>(number)).key() != name) {
    std::vector<std::string> names(operation.axes.begin(), operation.axes.end());
    where.fail("wrong axes", "accepted, in this order: " + one_of(names, "then"));
  }
  CostTable::Axis axis{name, {}};
  if (!axes[name].is_array() || axes[name].empty())
    (where / name).fail("is " + brief(axes[name]), "accepted: a list of numbers");
  for (std::size_t i = 0; i < axes[name].size(); ++i)
    axis.values.push_back(positive_number(axes[name][i], where / name / i));
  if (std::adjacent_find(axis.values.begin(), axis.values.end(), std::greater_equal<>()) != axis.values.end())
    (where / name).fail("the values do not ascend", "accepted: each value above the one before");
  return axis;
}

CostTable read_table(const OperationEntry& operation, Json& value, const Where& where) {
  const TableText read = table_field().read(value, where);
  CostTable table;
  table.provenance = read.provenance;
  table.source = read.source;
  for (std::size_t i = 0; i < operation.axes.size(); ++i)
    table.axes.push_back(read_axis(operation, i, read.axes, where / "axes"));
  flatten(read.seconds, table.axes, where / "seconds", table.seconds);
  return table;
}

std::map<std::string, CostTable> read_operations(Json& value, const Where& where) {
  if (!value.is_object()) where.fail("is " + brief(value), "accepted: an object, one table an operation");
  std::vector<std::string> known;
  for (const OperationEntry& operation : profile_operations()) known.emplace_back(operation.name);
  for (const auto& [key, unused] : value.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) fail_unknown_key(where, key, known);
  }
  std::map<std::string, CostTable> tables;
  for (const OperationEntry& operation : profile_operations()) {
    const std::string name(operation.name);
    if (!value.contains(name)) (where / name).fail("is missing", "every operation is required");
    tables[name] = read_table(operation, value[name], where / name);
  }
  return tables;
}

}  // namespace

Seconds CostTable::at(const Work& work) const {
  // One axis or two: interpolate along the second in both neighbouring rows of the first.
  std::vector<Place> places;
  for (const Axis& axis : axes) places.push_back(place_on(axis, std::max(1e-30, value_on(axis.name, work))));
  const std::size_t columns = axes.size() == 2 ? axes[1].values.size() : 1;
  const auto log_time = [&](std::size_t row, std::size_t column) { return std::log(seconds[row * columns + column]); };
  const auto between = [](double low, double high, double share) { return low + share * (high - low); };
  const auto along_columns = [&](std::size_t row) {
    if (columns == 1) return log_time(row, 0);
    return between(log_time(row, places[1].low), log_time(row, places[1].low + 1), places[1].share);
  };
  const double rows = axes[0].values.size() == 1
                          ? along_columns(0)
                          : between(along_columns(places[0].low), along_columns(places[0].low + 1), places[0].share);
  double time = std::exp(rows);
  for (const Place& place : places) time *= place.beyond;
  return Seconds(time);
}

const std::vector<OperationEntry>& profile_operations() {
  static const std::vector<OperationEntry> table = {
      {"encode.dense16", {"elements"}},
      {"encode.pairs", {"elements", "density"}},
      {"encode.signs", {"elements"}},
      {"encode.sparse-signs", {"elements", "density"}},
      {"combine.pairs", {"entries"}},
      {"combine.signs", {"elements", "parts"}},
      {"combine.sparse-signs", {"elements", "density"}},
      {"decode.dense16", {"elements"}},
      {"decode.pairs", {"entries"}},
      {"decode.signs", {"elements"}},
      {"decode.sparse-signs", {"entries"}},
      {"index-encode.bitmap", {"elements", "density"}},
      {"index-decode.bitmap", {"elements", "density"}},
      {"index-encode.delta", {"elements", "density"}},
      {"index-decode.delta", {"elements", "density"}},
      {"index-encode.elias-fano", {"elements", "density"}},
      {"index-decode.elias-fano", {"elements", "density"}},
  };
  return table;
}

std::string operation_name(Stage stage, PayloadKind kind) {
  const char* names[] = {"encode.", "combine.", "decode."};
  return names[static_cast<int>(stage)] + kind_name(kind);
}

Seconds DeviceProfile::seconds(const Work& work) const {
  const bool is_free =
      work.kind == PayloadKind::dense32 || (work.kind == PayloadKind::dense16 && work.stage == Stage::combine);
  if (is_free || work.entries + work.elements == 0) return Seconds(0);
  return operations.at(operation_name(work.stage, work.kind)).at(work) + index_seconds(work);
}

Seconds DeviceProfile::index_seconds(const Work& work) const {
  if (work.index == IndexCoding::none || work.index == IndexCoding::raw32) return Seconds(0);
  const std::string coding(index_coding(work.index).name);
  const auto time = [&](const std::string& direction, double entries) {
    Work one = work;
    one.entries = entries;
    return operations.at("index-" + direction + "." + coding).at(one);
  };
  switch (work.stage) {
    case Stage::encode:
      return time("encode", work.entries);
    case Stage::combine:
      return work.parts * time("decode", work.entries / work.parts) + time("encode", work.result_entries);
    case Stage::decode:
      break;
  }
  return work.parts * time("decode", work.entries / work.parts);
}

DeviceProfile read_device_profile(const std::string& file) {
  Json json = parse_json(file, read_text(file));
  const auto operations =
      convert(anything(), [](Json value, const Where& where) { return read_operations(value, where); });
  return Object<DeviceProfile>()
      .required("format", &DeviceProfile::format, whole(1, 1), "version of this format")
      .required("name", &DeviceProfile::name, text(), "name that scenarios use")
      .required("device", &DeviceProfile::device, text(), "what was measured")
      .required("software", &DeviceProfile::software, text(), "with what")
      .required("provenance", &DeviceProfile::provenance, provenance(), "of most operations")
      .required("source", &DeviceProfile::source, text(), "where the figures come from")
      .optional("conditions", &DeviceProfile::conditions,
                convert(anything(), [](const Json& value, const Where&) { return value.dump(); }),
                "how it was measured")
      .required("operations", &DeviceProfile::operations, operations, "times by operation")
      .field()
      .read(json, {file, ""});
}

}  // namespace simrun
