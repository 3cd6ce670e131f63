#include "sim/devices/profile_text.hpp"

#include <utility>

#include "sim/devices/profile_tables.hpp"
#include "sim/text/fields.hpp"
#include "sim/text/file_kind.hpp"

namespace simrun {
namespace {

using Conditions = std::vector<std::pair<std::string, std::string>>;

Field<std::string> provenance() {
  return choice<std::string>(
      {{"measured", "measured"}, {"published", "published"}, {"scaled", "scaled"}, {"modelled", "modelled"}});
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

Field<Multiprocessors> multiprocessors_field() {
  return Object<Multiprocessors>()
      .required(
          "count", &Multiprocessors::count,
          convert(whole(1, 1'000'000), [](std::int64_t count, const Where&) { return static_cast<double>(count); }),
          "how many the GPU has")
      .required("clock_ghz", &Multiprocessors::clock,
                convert(number({0, 1000, true}), [](double ghz, const Where&) { return ghz * 1e9; }),
                "10^9 cycles a second")
      .field();
}

Field<KernelModel> kernel_model_field() {
  return Object<KernelModel>()
      .optional("launch", &KernelModel::launch, estimate_field<Seconds>(duration(), [](Seconds s) { return s.value; }),
                "time from one kernel's end to the next one's: low, typical, high")
      .optional("bandwidth_share", &KernelModel::share,
                estimate_field<double>(number({0, 1, true}), [](double share) { return share; }),
                "of the memory's bandwidth: low, typical, high")
      .optional("multiprocessors", &KernelModel::multiprocessors, multiprocessors_field(), "what the GPU computes with")
      .optional("cycles", &KernelModel::cycles,
                estimate_field<double>(number({0, 100, true}), [](double cycles) { return cycles; }),
                "clock cycles over those seen on an H200: low, typical, high")
      .field();
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
