#include "sim/device_report.hpp"

namespace simrun {
namespace {

constexpr double on_the_grid = 1.01;

}  // namespace

std::string device_line(const DeviceProfile& profile) {
  return profile.name + " (" + profile.provenance + "; " + profile.device + "; " + profile.source + ")";
}

Json device_provenance(const DeviceProfile& profile, const UsedExtents& used) {
  Json operations = Json::object();
  for (const auto& [name, times] : profile.operations)
    operations[name] = {{"provenance", times.provenance}, {"source", times.source}};
  return {{"name", profile.name},         {"device", profile.device},
          {"software", profile.software}, {"provenance", profile.provenance},
          {"source", profile.source},     {"bandwidth", show(profile.bandwidth)},
          {"operations", operations},     {"extrapolated", beyond_the_grid(profile, used)}};
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
      text += (text.empty() ? " used at " : ", ") + axis + " " + show(least) +
              (least == most ? "" : " to " + show(most)) + ", measured from " + show(values.front()) + " to " +
              show(values.back());
    }
    if (!text.empty()) lines.push_back(operation + text);
  }
  return lines;
}

}  // namespace simrun
