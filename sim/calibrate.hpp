#pragma once

#include <string>

namespace simrun {

struct CalibrateArguments {
  std::string device = "cpu";
  std::string out;  ///< profile to write; empty: this machine's cache
  bool quick = false;
};

/// Measures the codecs on this machine and writes a device profile. Throws std::runtime_error where it cannot be written.
void calibrate(const CalibrateArguments& arguments);

}  // namespace simrun
