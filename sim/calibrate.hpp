#pragma once

#include <string>

namespace simrun {

struct CalibrateArguments {
  std::string out;     ///< profile to write; empty: this machine's cache, where scenarios with "device": "cpu" find it
  bool quick = false;  ///< a coarse grid
};

/// Measures the codecs on this machine's processor and writes a device profile: medians and quartiles of repeated runs
/// on random data, one table for each of profile_operations(). Throws std::runtime_error where the profile cannot be
/// written.
void calibrate(const CalibrateArguments& arguments);

}  // namespace simrun
