#include "sim/devices/profile_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

namespace simrun {
namespace {

/// A table as it stands in the file.
struct TableText {
  std::string provenance;
  std::string source;
  Json axes;
  Json seconds;
  Json p5;
  Json p25;
  Json p75;
  Json p95;
  Json n;
  std::optional<InterpolationError> error;
  std::int64_t verified_bytes = 0;
  Band range;
};

/// A modelled table would not be one.
Field<std::string> table_provenance() {
  return choice<std::string>({{"measured", "measured"}, {"published", "published"}, {"scaled", "scaled"}});
}

Field<Band> range_field() {
  return convert(list_of(number({0, 1e9, true}), 2), [](std::vector<double> factors, const Where& where) {
    if (factors.size() != 2 || factors[0] > 1 || factors[1] < 1)
      where.fail("is no range around 1", "accepted: two factors of the times, at most 1 and at least 1");
    return Band{factors[0], factors[1]};
  });
}

Field<TableText> table_field() {
  return Object<TableText>()
      .required("provenance", &TableText::provenance, table_provenance(), "how the times are known")
      .optional("source", &TableText::source, text(), "where they come from, or what is timed")
      .required("axes", &TableText::axes, anything(), "grid values by axis: elements, entries, parts, density")
      .required("seconds", &TableText::seconds, anything(), "times, nested lists in the order of the axes")
      .optional("p5", &TableText::p5, anything(), "5 % quantile of the measured times; seconds are the medians")
      .optional("p25", &TableText::p25, anything(), "25 % quantile")
      .optional("p75", &TableText::p75, anything(), "75 % quantile")
      .optional("p95", &TableText::p95, anything(), "95 % quantile")
      .optional("n", &TableText::n, anything(), "numbers of samples")
      .optional("interpolation_error", &TableText::error, error_field(), "of points left out, as a share of their time")
      .optional("verified_bytes", &TableText::verified_bytes, whole(0, std::numeric_limits<std::int64_t>::max()),
                "of results that were compared with the CPU back end's, or held against laws")
      .optional("range", &TableText::range, range_field(),
                "of times that were not measured: factors between which real ones lie, 5 % and 95 % quantiles")
      .field();
}

double positive_number(const Json& value, const Where& where) {
  if (!value.is_number() || !(value.get<double>() > 0 && value.get<double>() <= 1e12))
    where.fail("is " + brief(value), "accepted: a number above 0, at most 1e12");
  return value.get<double>();
}

/// The numbers of nested lists, one level for each of `axes`, in order.
void flatten(const Json& value, std::span<const CostTable::GridAxis> axes, const Where& where,
             std::vector<double>& out) {
  if (axes.empty()) {
    out.push_back(positive_number(value, where));
    return;
  }
  const std::size_t count = axes.front().values.size();
  if (!value.is_array() || value.size() != count)
    where.fail("is " + brief(value),
               "accepted: a list of " + std::to_string(count) + ", one for each of " + name_of(axes.front().axis));
  for (std::size_t i = 0; i < count; ++i) flatten(value[i], axes.subspan(1), where / i, out);
}

/// An operation's time may not depend on its second axis, and the table then be without it.
std::vector<Axis> axes_given(const OperationEntry& operation, const Json& axes, const Where& where) {
  std::vector<std::string> names;
  for (const Axis axis : operation.axes) names.emplace_back(name_of(axis));
  bool fits = axes.is_object() && !axes.empty() && axes.size() <= names.size();
  for (auto [key, i] = std::pair(axes.begin(), std::size_t{0}); fits && key != axes.end(); ++key, ++i)
    fits = key.key() == names[i];
  if (!fits) where.fail("wrong axes", "accepted, in this order: " + one_of(names, "then"));
  return {operation.axes.begin(), operation.axes.begin() + static_cast<std::ptrdiff_t>(axes.size())};
}

CostTable::GridAxis read_axis(Axis which, const Json& axes, const Where& where) {
  const std::string name = name_of(which);
  CostTable::GridAxis axis{which, {}};
  if (!axes[name].is_array() || axes[name].empty())
    (where / name).fail("is " + brief(axes[name]), "accepted: a list of numbers");
  for (std::size_t i = 0; i < axes[name].size(); ++i)
    axis.values.push_back(positive_number(axes[name][i], where / name / i));
  if (std::adjacent_find(axis.values.begin(), axis.values.end(), std::greater_equal<>()) != axis.values.end())
    (where / name).fail("the values do not ascend", "accepted: each value above the one before");
  return axis;
}

/// What only measured times have.
void check_no_spread(const TableText& read, const Where& where) {
  const std::array<std::pair<const char*, const Json*>, 5> lists = {
      {{"p5", &read.p5}, {"p25", &read.p25}, {"p75", &read.p75}, {"p95", &read.p95}, {"n", &read.n}}};
  for (const auto& [key, list] : lists) {
    if (!list->is_null()) (where / key).fail("the times are " + read.provenance, "accepted: of measured times alone");
  }
}

/// Quantiles have the shape of the times and lie in order around them.
TimeSpread read_spread(const TableText& read, const CostTable& table, const Where& where) {
  TimeSpread spread;
  const auto take = [&](const Json& from, const char* key, std::vector<double>& to) {
    if (from.is_null()) (where / key).fail("is missing", "required of measured times: p5, p25, p75, p95, n");
    flatten(from, table.axes(), where / key, to);
  };
  take(read.p5, "p5", spread.p5);
  take(read.p25, "p25", spread.p25);
  take(read.p75, "p75", spread.p75);
  take(read.p95, "p95", spread.p95);
  take(read.n, "n", spread.n);
  for (std::size_t i = 0; i < spread.n.size(); ++i) {
    const std::array<double, 5> ascending = {spread.p5[i], spread.p25[i], table.seconds()[i], spread.p75[i],
                                             spread.p95[i]};
    if (!std::is_sorted(ascending.begin(), ascending.end()))
      where.fail("the quantiles of time number " + std::to_string(i) + " do not ascend",
                 "accepted: p5 <= p25 <= seconds <= p75 <= p95");
    if (spread.n[i] != std::floor(spread.n[i]))
      (where / "n").fail("is " + brief(spread.n[i]), "accepted: whole numbers");
  }
  if (!read.error) (where / "interpolation_error").fail("is missing", "required of measured times");
  spread.error = *read.error;
  spread.verified_bytes = static_cast<std::uint64_t>(read.verified_bytes);
  return spread;
}

OperationTimes read_table(const OperationEntry& operation, Json& value, const Where& where) {
  const TableText read = table_field().read(value, where);
  OperationTimes times;
  times.provenance = read.provenance;
  times.source = read.source;
  std::vector<CostTable::GridAxis> axes;
  for (const Axis axis : axes_given(operation, read.axes, where / "axes"))
    axes.push_back(read_axis(axis, read.axes, where / "axes"));
  std::vector<double> seconds;
  flatten(read.seconds, axes, where / "seconds", seconds);
  times.table = CostTable(std::move(axes), std::move(seconds));
  if (read.provenance == "measured") {
    times.spread = read_spread(read, times.table, where);
  } else {
    check_no_spread(read, where);
    times.range = read.range;
  }
  return times;
}

}  // namespace

Field<InterpolationError> error_field() {
  return Object<InterpolationError>()
      .required("median", &InterpolationError::median, number({0, 1e9}), "of the points left out")
      .required("worst", &InterpolationError::worst, number({0, 1e9}), "of the points left out")
      .field();
}

std::map<std::string, OperationTimes> read_operations(Json value, const Where& where) {
  if (!value.is_object()) where.fail("is " + brief(value), "accepted: an object, one table an operation");
  std::vector<std::string> known;
  std::vector<OperationEntry> all = profile_operations();
  all.insert(all.end(), codec_operations().begin(), codec_operations().end());
  for (const OperationEntry& operation : all) known.push_back(operation.name);
  for (const auto& [key, unused] : value.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) fail_unknown_key(where, key, known);
  }
  std::map<std::string, OperationTimes> tables;
  for (const OperationEntry& operation : all) {
    const std::string& name = operation.name;
    if (value.contains(name)) tables[name] = read_table(operation, value[name], where / name);
  }
  return tables;
}

}  // namespace simrun
