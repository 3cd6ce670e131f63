#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/devices/device_times.hpp"
#include "sim/scenario/sweep.hpp"
#include "sim/study/experiment.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// "p102-100 (published; NVIDIA P102-100, 440 GB/s; ...)".
std::string device_line(const DeviceProfile& profile);

/// The devices of a study's points, each once, and what was used of them.
using UsedDevices = std::vector<std::pair<const DeviceProfile*, UsedExtents>>;
UsedDevices used_devices(const Study& study, const std::vector<PointResult>& results);

/// A list: where each device's times come from, by operation, and which of them were used beyond what was measured.
Json device_provenance(const UsedDevices& devices);

/// Where measured times were used beyond the grid that was measured: a line for each such operation. A value within 1 %
/// of the grid's ends counts as on it: shares of whole numbers are not exact.
std::vector<std::string> beyond_the_grid(const DeviceProfile& profile, const UsedExtents& used);

/// The same of all devices, each line with the device's name.
std::vector<std::string> beyond_the_grid(const UsedDevices& devices);

/// Where selecting the K largest was charged by a processor's times scaled to another device: a line for each such
/// operation. GPUs select at another pace than their memory tells.
std::vector<std::string> scaled_selections(const UsedDevices& devices);

}  // namespace simrun
