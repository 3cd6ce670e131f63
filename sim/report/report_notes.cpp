#include <algorithm>
#include <map>
#include <set>

#include "sim/report/device_report.hpp"
#include "sim/report/report.hpp"
#include "sim/simulation/network_error.hpp"
#include "sim/study/break_even.hpp"
#include "sim/text/json.hpp"
#include "sim/text/table.hpp"

namespace simrun {

namespace {

/// How those of the times that a point took from its device are known that were not measured on it.
std::set<std::string> not_measured(const DeviceProfile& device, const Times& times) {
  std::set<std::string> how;
  for (const auto& [operation, extents] : times.used) how.insert(device.operations.at(operation).provenance);
  how.erase("measured");
  return how;
}

/// How those are known of whose error nothing is known.
std::set<std::string> without_interval(const DeviceProfile& device, const Times& times) {
  std::set<std::string> how;
  for (const auto& [operation, extents] : times.used) {
    const OperationTimes& known = device.operations.at(operation);
    const bool has_one = known.provenance == "measured" || known.provenance == "modelled" || known.range.high > 1;
    if (!has_one) how.insert(known.provenance);
  }
  return how;
}

std::string joined(const std::set<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

std::string what_network(const Network& network) {
  const bool is_file = std::holds_alternative<PlatformFile>(network.topology);
  return std::string(name_of(network.model)) + (is_file ? " on a platform file" : "");
}

/// Points whose iterations did not settle, and differ in the digits shown, in one line; empty where there are none.
std::string unsettled(const Study& study, const std::vector<PointResult>& results) {
  std::size_t count = 0;
  double widest = -1;
  std::string text;
  for (std::size_t point = 0; point < results.size(); ++point) {
    const auto& times = results[point].times;
    if (!times || !times->unsettled) continue;
    const Unsettled& seen = *times->unsettled;
    if (show(seen.least) == show(seen.most)) continue;
    ++count;
    const double spread = (seen.most - seen.least) / times->iteration;
    if (spread <= widest) continue;
    widest = spread;
    text = study.points[point].label + " at M = " + std::to_string(study.points[point].scenario.workers) +
           ", mean of " + std::to_string(seen.iterations) + " that take " + show(seen.least) + " to " + show(seen.most);
  }
  if (count == 0) return "";
  return "iterations of " + std::to_string(count) + (count == 1 ? " point" : " points") +
         " did not settle; the widest: " + text;
}

bool any_takes(const Study& study, const std::string& key) {
  const auto takes = [&](const Point& point) {
    return std::any_of(point.swept.begin(), point.swept.end(), [&](const auto& swept) { return swept.first == key; });
  };
  return std::any_of(study.points.begin(), study.points.end(), takes);
}

/// True if an entry of `methods` says the key itself.
bool any_gives(const Study& study, const std::string& key) {
  const Json methods = study.json->value("methods", Json::array());
  return std::ranges::any_of(methods, [&](const Json& entry) { return entry.is_object() && entry.contains(key); });
}

/// The point's method and what the sweep gave it, but for one key.
std::string all_but(const std::string& key, const Point& point) {
  std::string others = std::to_string(point.method) + " ";
  for (const auto& [swept, value] : point.swept) others += swept == key ? "" : swept + value->dump();
  return others;
}

}  // namespace

std::vector<std::string> Report::warnings() const {
  const UsedDevices devices = used_devices(study_, results_);
  std::vector<std::string> lines = beyond_the_grid(devices);
  for (std::string& line : scaled_selections(devices)) lines.push_back(std::move(line));
  if (const std::string line = unsettled(study_, results_); !line.empty()) lines.push_back(line);
  for (const auto& [key, values] : study_.keys) {
    if (!any_takes(study_, key)) {
      lines.push_back("sweep." + key +
                      (any_gives(study_, key) ? ": entries that take it give their own" : ": no method takes it"));
    } else if (values > 1 && !moves(key)) {
      lines.push_back("sweep." + key + ": no result depends on it");
    }
  }
  return lines;
}

bool Report::moves(const std::string& key) const {
  // What points that failed would have shown is not known.
  const bool is_whole =
      std::all_of(results_.begin(), results_.end(), [](const auto& result) { return result.times.has_value(); });
  if (!is_whole) return true;
  // Points that differ in this key alone: if every such set has one outcome, the key moved nothing.
  std::map<std::string, std::set<std::string>> outcomes;
  for (std::size_t point = 0; point < results_.size(); ++point)
    outcomes[all_but(key, study_.points[point])].insert(outcome(point));
  return std::any_of(outcomes.begin(), outcomes.end(), [](const auto& set) { return set.second.size() > 1; });
}

std::string Report::outcome(std::size_t point) const {
  std::set<std::string> inputs = {"workers", "k", "density", "index", "collective", "model", "device", "network_model"};
  for (const auto& [key, values] : study_.keys) inputs.insert(key);
  std::string text;
  for (const auto& [name, value] : row_of(columns_, run_point(point))) {
    if (inputs.count(name) == 0) text += value.dump() + ",";
  }
  return text;
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
      const OperationTimes& known = scenario.device->operations.at(operation);
      if (known.provenance == "measured") sources.insert("times of device " + scenario.device->name);
      if (known.provenance == "modelled") sources.insert("modelled times of device " + scenario.device->name);
      if (known.range.high > 1) sources.insert(known.provenance + " times of device " + scenario.device->name);
    }
    if (network_error(scenario.network)) sources.insert("error of the network model on real traffic, 2 to 8 hosts");
    if (scenario.compute.pace.jitters()) sources.insert("jitter of single iterations");
    if (scenario.is_sampled())
      sources.insert("payloads whose sizes are from samples of gradients");
    else if (scenario.method.codec->varies)
      sources.insert("payloads that vary from step to step");
  }
  return {sources.begin(), sources.end()};
}

std::vector<std::string> Report::left_out_of_intervals() const {
  std::set<std::string> coding;
  std::set<std::string> parts;
  for (std::size_t point = 0; point < results_.size(); ++point) {
    if (!results_[point].times || !results_[point].times->interval) continue;
    const Scenario& scenario = study_.points[point].scenario;
    coding.merge(without_interval(*scenario.device, *results_[point].times));
    if (!measurement_ && scenario.workers > 1 && !network_error(scenario.network))
      parts.insert("the network (" + what_network(scenario.network) + ")");
  }
  if (!coding.empty()) parts.insert("coding (" + joined(coding) + " times)");
  return {parts.begin(), parts.end()};
}

std::vector<std::string> Report::coding_notes() const {
  std::set<std::string> provenances;
  std::set<std::string> devices;
  double least = 1;
  double most = 0;
  bool compared = false;
  bool is_open = false;
  for (std::size_t point = 0; point < results_.size(); ++point) {
    if (!results_[point].times) continue;
    const Times& times = *results_[point].times;
    const DeviceProfile& device = *study_.points[point].scenario.device;
    const std::set<std::string> how = not_measured(device, times);
    if (how.empty()) continue;
    provenances.insert(how.begin(), how.end());
    devices.insert(device.name);
    compared = compared || break_even_of(point);
    is_open = is_open || (break_even_with(study_, results_, point) && !break_even_of(point));
    const double share = (times.encode + times.decode) / times.iteration;
    least = std::min(least, share);
    most = std::max(most, share);
  }
  if (devices.empty()) return {};
  const std::string from = percent(least, 2);
  const std::string to = percent(most, 2);
  const std::string on = devices.size() > 3 ? std::to_string(devices.size()) + " devices" : joined(devices);
  std::string longest;
  if (compared) longest = "; break-even: the longest encoding that is as fast as sgd";
  if (is_open)
    longest += compared ? ", of several groups or rounds with --break-even" : "; --break-even: how long it may take";
  return {(from == to ? to : from + " to " + to) + " of an iteration, by times that are " + joined(provenances) +
          ", not measured on " + on + longest};
}

std::vector<std::string> Report::memory_notes() const {
  std::size_t points = 0;
  std::size_t too_large = 0;
  Bytes most;
  std::set<double> left;
  for (std::size_t point = 0; point < results_.size(); ++point) {
    const auto& memory = study_.points[point].scenario.device_memory;
    if (!results_[point].times || !memory) continue;
    const Bytes taken = run_point(point).device_memory();
    ++points;
    too_large += taken > *memory ? 1 : 0;
    most = std::max(most, taken);
    left.insert(memory->value);
  }
  if (points == 0) return {};
  const std::string room =
      left.size() == 1 ? show(Bytes(*left.begin())) : show(Bytes(*left.begin())) + " to " + show(Bytes(*left.rbegin()));
  const std::string fit = too_large == 0 ? "all points fit"
                                         : std::to_string(too_large) + " of " + std::to_string(points) +
                                               (too_large == 1 ? " points does not fit" : " points do not fit");
  return {"methods take up to " + show(most) + " of a device beside training, which leaves " + room + ": " + fit};
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
