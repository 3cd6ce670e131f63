#include "sim/report/device_report.hpp"

#include <algorithm>

namespace simrun {
namespace {

constexpr double on_the_grid = 1.01;

}  // namespace

std::string device_line(const DeviceProfile& profile) {
  return profile.name + " (" + profile.provenance + "; " + profile.device + "; " + profile.source + ")";
}

UsedDevices used_devices(const Study& study, const std::vector<PointResult>& results) {
  UsedDevices devices;
  for (std::size_t point = 0; point < results.size(); ++point) {
    const DeviceProfile* profile = study.points[point].scenario.device.get();
    auto known = std::find_if(devices.begin(), devices.end(), [&](const auto& one) { return one.first == profile; });
    if (known == devices.end()) known = devices.insert(devices.end(), {profile, {}});
    if (results[point].times) include(known->second, results[point].times->used);
  }
  return devices;
}

Json device_provenance(const UsedDevices& devices) {
  Json list = Json::array();
  for (const auto& [profile, used] : devices) {
    Json operations = Json::object();
    for (const auto& [name, times] : profile->operations)
      operations[name] = {{"provenance", times.provenance}, {"source", times.source}};
    list.push_back({{"name", profile->name},
                    {"device", profile->device},
                    {"software", profile->software},
                    {"implementation", profile->implementation},
                    {"provenance", profile->provenance},
                    {"source", profile->source},
                    {"bandwidth", show(profile->bandwidth)},
                    {"operations", operations},
                    {"extrapolated", beyond_the_grid(*profile, used)}});
  }
  return list;
}

std::vector<std::string> beyond_the_grid(const DeviceProfile& profile, const UsedExtents& used) {
  std::vector<std::string> lines;
  for (const auto& [operation, extents] : used) {
    const OperationTimes& times = profile.operations.at(operation);
    if (!times.spread) continue;  // a formula: nothing was measured at the ends of its axes
    std::string text;
    for (std::size_t i = 0; i < extents.size(); ++i) {
      const auto& [axis, values] = times.table.axes()[i];
      const auto& [least, most] = extents[i];
      if (least * on_the_grid >= values.front() && most <= values.back() * on_the_grid) continue;
      text += (text.empty() ? " used at " : ", ") + std::string(name_of(axis)) + " " + show(least < 1e-20 ? 0 : least) +
              (least == most ? "" : " to " + show(most)) + ", measured from " + show(values.front()) + " to " +
              show(values.back());
    }
    if (!text.empty()) lines.push_back(operation + text);
  }
  return lines;
}

std::vector<std::string> beyond_the_grid(const UsedDevices& devices) {
  std::vector<std::string> lines;
  for (const auto& [profile, used] : devices) {
    for (const std::string& line : beyond_the_grid(*profile, used))
      lines.push_back("device " + profile->name + ": " + line);
  }
  return lines;
}

std::vector<std::string> scaled_selections(const UsedDevices& devices) {
  std::vector<std::string> lines;
  for (const auto& [profile, used] : devices) {
    if (profile->scaled_processor.empty()) continue;
    for (const char* operation : {"encode.pairs", "encode.sparse-signs"}) {
      const auto found = used.find(operation);
      if (found == used.end()) continue;
      const CostTable& table = profile->operations.at(operation).table;
      if (table.axes().empty()) continue;
      std::vector<double> largest;
      for (const Extent& extent : found->second) largest.push_back(extent.most);
      const Seconds element(table.at(largest) / largest.front());
      lines.push_back("device " + profile->name + ": " + operation + " takes " + show(element) +
                      " an element, the processor's time (" + profile->scaled_processor +
                      ") scaled by memory bandwidth; PyTorch's top-k took 5 to 13 ns on GPUs, see docs/devices.md");
    }
  }
  return lines;
}

}  // namespace simrun
