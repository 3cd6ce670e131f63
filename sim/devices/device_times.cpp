#include "sim/devices/device_times.hpp"

#include <algorithm>

namespace simrun {
void Extent::include(const Extent& other) {
  least = std::min(least, other.least);
  most = std::max(most, other.most);
}

void include(UsedExtents& all, const UsedExtents& more) {
  for (const auto& [operation, extents] : more) {
    const auto [known, is_new] = all.try_emplace(operation, extents);
    for (std::size_t i = 0; i < extents.size(); ++i) known->second[i].include(extents[i]);
  }
}

Seconds DeviceTimes::of(const Work& work) {
  Seconds sum;
  for (const Step& step : profile_.steps(work)) {
    std::vector<Extent> extents;
    for (const double value : place_of(step.work, profile_.operations.at(step.operation).table))
      extents.push_back({value, value});
    include(used_, {{step.operation, std::move(extents)}});
    const Seconds time = step.times * profile_.seconds(step);
    const Band band = profile_.band(step);
    sum += time;
    shorter_ += (1 - band.low) * time;
    longer_ += (band.high - 1) * time;
  }
  sum_ += sum;
  return sum;
}

Band DeviceTimes::band() const {
  if (sum_.value == 0) return {};
  return {1 - shorter_ / sum_, 1 + longer_ / sum_};
}

}  // namespace simrun
