#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sim/calibration/calibration_target.hpp"
#include "sim/devices/device_choice.hpp"
#include "sim/system/line_program.hpp"
#include "sim/text/json_value.hpp"

namespace simrun {

/// A Python that runs sim/calibration/pytorch/measure.py.
struct PytorchDevice {
  std::string python;
  std::unique_ptr<LineProgram> program;
  JsonValue facts;  ///< what it said of itself and of the device

  /// The GPU that it measures, number unknown, uuid empty where PyTorch does not say it; none: the processor.
  std::optional<CudaDevice> gpu() const;
};

/// Starts `python`, else python3 of the PATH, else /usr/bin/python3, whichever has PyTorch, to measure `device`: cpu or
/// cuda; empty: cuda where PyTorch finds a GPU. Throws InputError where none has PyTorch, or PyTorch no GPU.
PytorchDevice find_pytorch(const std::optional<std::string>& python, const std::string& device);

/// PyTorch's operations, for at most so many elements: 2^23 on a processor and 2^29 on a GPU if nothing is said, and
/// never more than memory allows. Throws CalibrationError where one does not give what simrun's CPU back end gives, of
/// those that are defined alike; all others, and whatever is timed, are held against laws. Throws TargetLost.
std::unique_ptr<CalibrationTarget> make_pytorch_calibration_target(PytorchDevice device,
                                                                   std::optional<std::uint64_t> most_elements);

}  // namespace simrun
