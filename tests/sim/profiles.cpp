#include "tests/sim/profiles.hpp"

namespace simrun {

DeviceProfile even_profile(const std::vector<double>& grid, double seconds) {
  DeviceProfile profile;
  profile.name = "even";
  profile.device = "none";
  profile.software = "none";
  profile.provenance = "scaled";
  profile.source = "made up";
  profile.bandwidth = BytesPerSecond(1e9);
  for (const OperationEntry& operation : measured_operations()) {
    std::vector<CostTable::GridAxis> axes;
    for (const Axis axis : operation.axes) axes.push_back({axis, grid});
    const std::size_t points = points_of_grid(axes);
    profile.operations[operation.name] = {"scaled", "made up", {axes, std::vector<double>(points, seconds)}, {}};
  }
  return profile;
}

DeviceProfile measured_profile(const std::vector<double>& grid, double seconds) {
  DeviceProfile profile = even_profile(grid, seconds);
  profile.provenance = "measured";
  profile.measurement = Measurement{.timer = "t",
                                    .caches = "c",
                                    .samples = "s",
                                    .order = "o",
                                    .data = "d",
                                    .bandwidth_p5 = BytesPerSecond(0.9e9),
                                    .bandwidth_p95 = BytesPerSecond(1.1e9),
                                    .bandwidth_n = 15,
                                    .drift = {{"copy", {1e9, 1.02e9, 0.99e9}}},
                                    .error = {0.01, 0.125}};
  for (auto& [name, times] : profile.operations) {
    times.provenance = "measured";
    const std::vector<double>& medians = times.table.seconds();
    const auto scaled = [&](double factor) {
      std::vector<double> quantile;
      for (const double median : medians) quantile.push_back(factor * median);
      return quantile;
    };
    times.spread = TimeSpread{.p5 = scaled(0.8),
                              .p25 = scaled(0.9),
                              .p75 = scaled(1.1),
                              .p95 = scaled(1.2),
                              .n = std::vector<double>(medians.size(), 30),
                              .error = {0.01, 0.125},
                              .verified_bytes = 4096};
  }
  return profile;
}

}  // namespace simrun
