#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/calibration/calibration_target.hpp"

namespace simrun {

/// What `simrun calibrate` was asked for.
struct CalibrateArguments {
  std::string device;                     ///< cpu or cuda; empty: cuda where a GPU can be used, else cpu
  std::string implementation = "simrun";  ///< whose operations: simrun or pytorch
  std::optional<std::string> python;      ///< of pytorch; else the first here that has PyTorch
  Precision precision = Precision::fp32;  ///< of the gradients; others than fp32 on a GPU, by simrun's operations
  std::optional<std::string> out;         ///< profile to write; else in this machine's cache, where scenarios find it
  bool quick = false;                     ///< a coarse grid, within a minute
  std::optional<std::uint64_t> budget;    ///< seconds after which it ends
  std::optional<std::uint64_t> most_elements;  ///< of the largest array
};

/// Measures the codecs on this machine's GPU or processor and writes a device profile; says on stderr what is measured,
/// how far it is, what was left out, and what casts doubt on the figures. Ctrl-C, SIGTERM and the end of the budget end
/// it with what is finished, and so does the end of a program that measures. The file is there whole, at the end, or
/// not at all. Returns the exit status: 128 plus the number of the signal that ended it, 1 where that program ended,
/// else 0. Throws InputError (no GPU, no PyTorch, a precision that the device does not
/// encode, a place that cannot be written) before anything is measured,
/// CalibrationError, and std::runtime_error.
int calibrate(const CalibrateArguments& arguments);

enum class CalibrationGrid { fine, coarse };

/// What is measured, and for how long.
struct CalibrationPlan {
  CalibrationGrid grid = CalibrationGrid::fine;
  std::optional<Seconds> budget{};  ///< from `begin` on
  Seconds begin{};                  ///< what the steady clock read
};

/// The part of it that begins when a target and a file are chosen. Where a signal ends it, or the target is lost, and
/// the file is there already, that one stays and the finished part goes beside it, to FILE.ended.
int write_calibration(CalibrationTarget& target, const std::string& file, const CalibrationPlan& plan);

}  // namespace simrun
