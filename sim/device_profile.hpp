#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/operations.hpp"
#include "sim/units.hpp"

namespace simrun {

/// Seconds of one operation, measured on a grid of one or two axes. Between grid points it is interpolated linearly in
/// log-log; below the first it stays, beyond the last it grows in proportion.
struct CostTable {
  struct Axis {
    std::string name;  ///< elements, entries, parts or density (entries / elements)
    std::vector<double> values;
  };
  std::vector<Axis> axes;
  std::vector<double> seconds;  ///< the last axis varies fastest
  std::string provenance;       ///< measured, published or scaled
  std::string source;

  Seconds at(const Work& work) const;
};

/// How long the operations take on one device, and how that is known.
struct DeviceProfile {
  std::int64_t format = 1;
  std::string name;
  std::string device;
  std::string software;
  std::string provenance;  ///< of most operations: measured, published or scaled
  std::string source;
  std::string conditions;                       ///< how it was measured, for people
  std::map<std::string, CostTable> operations;  ///< by name: "encode.pairs", "combine.signs", "index-decode.bitmap"

  /// Zero for fp32 dense payloads, which are sent as they are, and for sums of dense payloads, which are part of the
  /// collective.
  Seconds seconds(const Work& work) const;
};

/// Reads a profile. Throws InputError.
DeviceProfile read_device_profile(const std::string& file);

}  // namespace simrun
