#include <array>
#include <charconv>
#include <cmath>

#include "sim/devices/profile_text.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

std::string four_digit_text(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 4).ptr};
}

double four_digits(double value) {
  return std::stod(four_digit_text(value));
}

/// Grid values and counts in full.
Json exactly(double value) {
  if (value == std::floor(value) && std::abs(value) < 9e15) return static_cast<std::int64_t>(value);
  return value;
}

std::string bandwidth_text(BytesPerSecond bandwidth) {
  return four_digit_text(bandwidth.value * 1e-9) + " GB/s";
}

/// Lists nested like the axes.
Json nested(const std::vector<double>& values, const std::vector<CostTable::GridAxis>& axes, Json (*number)(double)) {
  Json rows = Json::array();
  const std::size_t columns = axes.size() == 1 ? 1 : axes[1].values.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    Json value = number(values[i]);
    if (axes.size() == 1) {
      rows.push_back(std::move(value));
    } else {
      if (i % columns == 0) rows.push_back(Json::array());
      rows.back().push_back(std::move(value));
    }
  }
  return rows;
}

Json rounded(double value) {
  return four_digits(value);
}

Json to_json(const InterpolationError& error) {
  return {{"median", four_digits(error.median)}, {"worst", four_digits(error.worst)}};
}

Json to_json(const OperationTimes& times) {
  Json json = {{"provenance", times.provenance}};
  if (!times.source.empty()) json["source"] = times.source;
  const auto& axes = times.table.axes();
  json["axes"] = Json::object();
  for (const CostTable::GridAxis& axis : axes) {
    Json& values = json["axes"][name_of(axis.axis)] = Json::array();
    for (const double value : axis.values) values.push_back(exactly(value));
  }
  json["seconds"] = nested(times.table.seconds(), axes, rounded);
  if (times.range.low < 1 || times.range.high > 1) json["range"] = {times.range.low, times.range.high};
  if (!times.spread) return json;
  json["p5"] = nested(times.spread->p5, axes, rounded);
  json["p25"] = nested(times.spread->p25, axes, rounded);
  json["p75"] = nested(times.spread->p75, axes, rounded);
  json["p95"] = nested(times.spread->p95, axes, rounded);
  json["n"] = nested(times.spread->n, axes, exactly);
  json["interpolation_error"] = to_json(times.spread->error);
  json["verified_bytes"] = times.spread->verified_bytes;
  return json;
}

Json to_json(const KernelModel& model) {
  Json launch = Json::array();
  for (const double seconds : {model.launch.low, model.launch.typical, model.launch.high})
    launch.push_back(four_digit_text(seconds * 1e6) + " us");
  Json json = {{"launch", launch}, {"bandwidth_share", {model.share.low, model.share.typical, model.share.high}}};
  if (model.multiprocessors) {
    json["multiprocessors"] = {{"count", exactly(model.multiprocessors->count)},
                               {"clock_ghz", four_digits(model.multiprocessors->clock / 1e9)}};
    json["cycles"] = {model.cycles.low, model.cycles.typical, model.cycles.high};
  }
  return json;
}

Json to_json(const Measurement& measurement) {
  Json drift = Json::array();
  for (const Drift& one : measurement.drift) {
    Json values = Json::array();
    for (const double value : one.values) values.push_back(four_digits(value));
    drift.push_back({{"what", one.what}, {"values", values}});
  }
  return {{"timer", measurement.timer},
          {"caches", measurement.caches},
          {"samples", measurement.samples},
          {"order", measurement.order},
          {"data", measurement.data},
          {"bandwidth_p5", bandwidth_text(measurement.bandwidth_p5)},
          {"bandwidth_p95", bandwidth_text(measurement.bandwidth_p95)},
          {"bandwidth_n", measurement.bandwidth_n},
          {"drift", drift},
          {"interpolation_error", to_json(measurement.error)}};
}

}  // namespace

std::string profile_text(const DeviceProfile& profile) {
  Json json = {{"format", DeviceProfile::current_format}, {"name", profile.name}, {"device", profile.device}};
  if (!profile.uuid.empty()) json["uuid"] = profile.uuid;
  json["software"] = profile.software;
  json["implementation"] = profile.implementation;
  json["precision"] = name_of(profile.precision);
  if (!profile.commit.empty()) json["commit"] = profile.commit;
  json["provenance"] = profile.provenance;
  json["source"] = profile.source;
  json["bandwidth"] = bandwidth_text(profile.bandwidth);
  if (!profile.conditions.empty()) {
    for (const auto& [key, text] : profile.conditions) json["conditions"][key] = text;
  }
  if (profile.measurement) json["measurement"] = to_json(*profile.measurement);
  json["model"] = to_json(profile.model);
  json["operations"] = Json::object();
  const auto write = [&](const OperationEntry& operation) {
    const auto found = profile.operations.find(operation.name);
    if (found == profile.operations.end() || found->second.provenance == "modelled") return;
    json["operations"][operation.name] = to_json(found->second);
  };
  for (const OperationEntry& operation : profile_operations()) write(operation);
  for (const OperationEntry& operation : codec_operations()) write(operation);
  return to_lines(json);
}

}  // namespace simrun
