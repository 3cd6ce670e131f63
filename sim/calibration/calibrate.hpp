#pragma once

#include <optional>
#include <string>

#include "sim/calibration/calibration_target.hpp"

namespace simrun {

/// What `simrun calibrate` was asked for.
struct CalibrateArguments {
  std::string device;              ///< cpu or cuda; empty: cuda where a GPU can be used, else cpu
  std::optional<std::string> out;  ///< profile to write; else in this machine's cache, where scenarios find it
  bool quick = false;              ///< a coarse grid
};

/// Measures the codecs on this machine's GPU or processor and writes a device profile; says on stderr what is measured,
/// how long that takes, and what casts doubt on the figures. The file is there whole, at the end, or not at all. Throws
/// InputError (no GPU, a place that cannot be written) before anything is measured, CalibrationError, and
/// std::runtime_error.
void calibrate(const CalibrateArguments& arguments);

enum class CalibrationGrid { fine, coarse };

/// The part of it that begins when a target and a file are chosen.
void write_calibration(CalibrationTarget& target, const std::string& file, CalibrationGrid grid);

}  // namespace simrun
