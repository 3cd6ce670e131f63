#include "sim/devices/profile_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

#include "sim/text/fields.hpp"
#include "sim/text/file_kind.hpp"

namespace simrun {
namespace {

using Conditions = std::vector<std::pair<std::string, std::string>>;

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

Field<std::string> provenance() {
  return choice<std::string>(
      {{"measured", "measured"}, {"published", "published"}, {"scaled", "scaled"}, {"modelled", "modelled"}});
}

Field<InterpolationError> error_field() {
  return Object<InterpolationError>()
      .required("median", &InterpolationError::median, number({0, 1e9}), "of the points left out")
      .required("worst", &InterpolationError::worst, number({0, 1e9}), "of the points left out")
      .field();
}

Field<Band> range_field() {
  return convert(list_of(number({0, 1e9, true}), 2), [](std::vector<double> factors, const Where& where) {
    if (factors.size() != 2 || factors[0] > 1 || factors[1] < 1)
      where.fail("is no range around 1", "accepted: two factors of the times, at most 1 and at least 1");
    return Band{factors[0], factors[1]};
  });
}

/// `item` is of a time in seconds, or of a number.
template <class Item>
Field<Estimate> estimate_field(Field<Item> item, double (*value)(Item)) {
  return convert(list_of(item, 3), [value](std::vector<Item> values, const Where& where) {
    const auto at = [&](std::size_t i) { return value(values[i]); };
    if (values.size() != 3 || at(0) > at(1) || at(1) > at(2))
      where.fail("is no estimate", "accepted: three values that ascend: low, typical, high");
    return Estimate{at(0), at(1), at(2)};
  });
}

Field<KernelModel> kernel_model_field() {
  return Object<KernelModel>()
      .optional("launch", &KernelModel::launch, estimate_field<Seconds>(duration(), [](Seconds s) { return s.value; }),
                "time from one kernel's end to the next one's: low, typical, high")
      .optional("bandwidth_share", &KernelModel::share,
                estimate_field<double>(number({0, 1, true}), [](double share) { return share; }),
                "of the memory's bandwidth: low, typical, high")
      .field();
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

Field<Conditions> conditions_field() {
  return convert(anything(), [](Json value, const Where& where) {
    if (!value.is_object()) where.fail("is " + brief(value), "accepted: an object of texts");
    Conditions conditions;
    for (auto& [key, entry] : value.items()) conditions.emplace_back(key, text().read(entry, where / key));
    return conditions;
  });
}

Field<Drift> drift_field() {
  return Object<Drift>()
      .required("what", &Drift::what, text(), "what was measured again and again")
      .required("values", &Drift::values,
                convert(list_of(number({0, 1e18, true}), 1),
                        [](std::vector<double> values, const Where& where) {
                          if (values.size() > 3) where.fail("the list is too long", "accepted: at most three numbers");
                          return values;
                        }),
                "first, half-way and last, as far as it came")
      .field();
}

Field<Measurement> measurement_field() {
  return Object<Measurement>()
      .required("timer", &Measurement::timer, text(), "what times were taken with")
      .required("caches", &Measurement::caches, text(), "what is in caches when a run begins")
      .required("samples", &Measurement::samples, text(), "how many runs")
      .required("order", &Measurement::order, text(), "of the points")
      .required("data", &Measurement::data, text(), "what was encoded")
      .required("bandwidth_p5", &Measurement::bandwidth_p5, bandwidth(), "5 % quantile of the copies")
      .required("bandwidth_p95", &Measurement::bandwidth_p95, bandwidth(), "95 % quantile of the copies")
      .required("bandwidth_n", &Measurement::bandwidth_n, whole(1, 1'000'000'000), "number of copies")
      .required("drift", &Measurement::drift, list_of(drift_field(), 0), "what was measured first, half-way and last")
      .required("interpolation_error", &Measurement::error, error_field(), "of points left out, all operations")
      .field();
}

Field<DeviceProfile> profile_field() {
  return Object<DeviceProfile>()
      .required("name", &DeviceProfile::name, text(), "name that scenarios use")
      .required("device", &DeviceProfile::device, text(), "what was measured")
      .optional("uuid", &DeviceProfile::uuid, text(), "of the GPU that was measured")
      .required("software", &DeviceProfile::software, text(), "with what")
      .with_default("implementation", "simrun", &DeviceProfile::implementation, name_text(), "whose kernels were timed")
      .with_default(
          "precision", "fp32", &DeviceProfile::precision,
          choice<Precision>({{"fp32", Precision::fp32}, {"fp16", Precision::fp16}, {"bf16", Precision::bf16}}),
          "of the gradients that were encoded")
      .optional("commit", &DeviceProfile::commit, text(), "of the simrun that measured")
      .required("provenance", &DeviceProfile::provenance, provenance(), "of most operations")
      .required("source", &DeviceProfile::source, text(), "where the figures come from")
      .required("bandwidth", &DeviceProfile::bandwidth, bandwidth(), "of memory, read and write together")
      .optional("model", &DeviceProfile::model, kernel_model_field(), "of operations that are left out")
      .optional("conditions", &DeviceProfile::conditions, conditions_field(), "under which it was measured")
      .optional("measurement", &DeviceProfile::measurement, measurement_field(), "how it was measured")
      .required("operations", &DeviceProfile::operations, convert(anything(), read_operations),
                "times by operation; those left out are modelled")
      .field();
}

/// A measured profile says how, and only such a one.
void check_measurement(const DeviceProfile& profile, const Where& top) {
  const bool is_measured = profile.provenance == "measured";
  if (is_measured != profile.measurement.has_value())
    (top / "measurement")
        .fail(is_measured ? "is missing" : "the profile is " + profile.provenance,
              is_measured ? "required of a measured profile" : "accepted: of a measured profile alone");
  if (!is_measured) return;
  const Measurement& measurement = *profile.measurement;
  if (measurement.bandwidth_p5.value > profile.bandwidth.value ||
      profile.bandwidth.value > measurement.bandwidth_p95.value)
    (top / "bandwidth")
        .fail(show(profile.bandwidth) + " lies outside its quantiles", "accepted: bandwidth_p5 to bandwidth_p95");
}

}  // namespace

DeviceProfile read_device_profile(const std::string& file) {
  refuse_other_start(file, "device profile");
  Json json = parse_json_of("device profile", file, read_text(file));
  const Where top{file, ""};
  // Before anything else: another format has other keys.
  if (json.is_object()) {
    const std::string accepted =
        "accepted: " + std::to_string(DeviceProfile::current_format) + ", as `simrun calibrate` writes it";
    if (!json.contains("format")) (top / "format").fail("is missing", accepted);
    if (json["format"] != DeviceProfile::current_format)
      (top / "format").fail(brief(json["format"]) + " is not the format of this version's profiles", accepted);
    json.erase("format");
  }
  DeviceProfile profile = profile_field().read(json, top);
  check_measurement(profile, top);
  profile.add_modelled();
  return profile;
}

}  // namespace simrun
