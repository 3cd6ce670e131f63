#include <algorithm>
#include <map>
#include <set>

#include "sim/device_report.hpp"
#include "sim/network_error.hpp"
#include "sim/report.hpp"

namespace simrun {

std::vector<std::string> Report::warnings() const {
  std::vector<std::string> lines = beyond_the_grid(used_devices(study_, results_));
  const std::set<std::string> inputs = {"workers",    "k",     "density", "index",
                                        "collective", "model", "device",  "network_model"};
  for (const auto& [key, values] : study_.keys) {
    const auto takes = [&](const Point& point) {
      return std::any_of(point.swept.begin(), point.swept.end(), [&](const auto& s) { return s.first == key; });
    };
    if (std::none_of(study_.points.begin(), study_.points.end(), takes)) {
      lines.push_back("sweep." + key + ": no method takes it");
      continue;
    }
    if (values < 2) continue;
    // Points that differ in this key alone: if every such set has one outcome, the key moved nothing.
    std::map<std::string, std::set<std::string>> outcomes;
    for (std::size_t point = 0; point < results_.size(); ++point) {
      if (!results_[point].times) continue;
      std::string others = std::to_string(study_.points[point].method) + " ";
      for (const auto& [swept, value] : study_.points[point].swept) others += swept == key ? "" : swept + value.dump();
      std::string outcome;
      for (const auto& [name, value] : columns(point)) {
        const bool is_swept =
            std::any_of(study_.keys.begin(), study_.keys.end(), [&](const auto& k) { return k.first == name; });
        if (inputs.count(name) == 0 && !is_swept) outcome += value.dump() + ",";
      }
      outcomes[others].insert(outcome);
    }
    const bool moves =
        std::any_of(outcomes.begin(), outcomes.end(), [](const auto& set) { return set.second.size() > 1; });
    if (!moves) lines.push_back("sweep." + key + ": no result depends on it");
  }
  return lines;
}

std::vector<std::string> Report::interval_sources() const {
  std::set<std::string> sources;
  for (std::size_t point = 0; point < results_.size(); ++point) {
    if (!results_[point].times || !results_[point].times->interval) continue;
    const Scenario& scenario = study_.points[point].scenario;
    if (measurement_) {
      sources.insert("iterations measured");
      continue;
    }
    for (const auto& [operation, extents] : results_[point].times->used) {
      if (scenario.device->operations.at(operation).provenance == "measured")
        sources.insert("times of device " + scenario.device->name);
    }
    if (network_error(scenario.network)) sources.insert("error of the network model on real traffic, 2 to 8 hosts");
    if (scenario.compute.pace.jitters()) sources.insert("jitter");
  }
  return {sources.begin(), sources.end()};
}

std::vector<std::string> Report::failures() const {
  std::vector<std::string> lines;
  for (std::size_t point = 0; point < results_.size(); ++point) {
    if (results_[point].failure.empty()) continue;
    const Scenario& scenario = study_.points[point].scenario;
    lines.push_back(study_.points[point].label + ", " + std::to_string(scenario.workers) +
                    " workers: " + results_[point].failure);
  }
  return lines;
}

}  // namespace simrun
