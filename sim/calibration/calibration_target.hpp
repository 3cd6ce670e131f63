#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/cuda.hpp"
#include "sim/devices/device_profile.hpp"
#include "sim/devices/operations.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// What was measured cannot be trusted, or could not be measured: a result that is wrong, a device that fails. The
/// message names the operation and its place.
struct CalibrationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What was measured so far is all there will be: a program that runs the operations has ended. The message says how.
struct TargetLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One operation of one size, with its inputs laid out on the device.
class PreparedOperation {
 public:
  virtual ~PreparedOperation() = default;

  /// Seconds of one run, begun with caches that hold none of its data and nothing to write back: memory of at least
  /// four times the last-level cache is read before. Neither that nor putting back what a run changes is timed.
  virtual Seconds run() = 0;

  /// Compares the result of the latest run with what the CPU back end gives for the same input, or where that is not
  /// defined with a law; returns how many bytes it compared. Throws CalibrationError where they differ.
  virtual std::uint64_t check() = 0;
};

/// What a profile says of the device that was measured.
struct DeviceFacts {
  std::string name;      ///< of the profile: "cpu", "nvidia-h200"
  std::string device;    ///< for people: "AMD EPYC, 2 threads"
  std::string uuid;      ///< of a GPU, else empty
  std::string software;  ///< what the operations were compiled with and run on: "compiler 12.2.0"
  std::string timer;     ///< what the times were taken with, and what is in them
  std::string caches;    ///< what is in them when a run begins, and how that comes about
  std::vector<std::pair<std::string, std::string>>
      conditions;                         ///< anything else, key and text: threads, clocks, driver
  std::string implementation = "simrun";  ///< whose operations were run
  Precision precision = Precision::fp32;  ///< of the gradients that are encoded
  KernelModel model = {};                 ///< of operations that are left out
};

/// An operation to measure.
struct MeasuredOperation {
  const OperationEntry* operation;
  std::vector<std::string> also = {};  ///< operations of the same axes that are the same work, with the same times
};

/// Those of simrun's own kernels.
std::vector<MeasuredOperation> simrun_operations();

/// A device that can be measured. Used by one thread. Where it is lost its functions throw TargetLost.
class CalibrationTarget {
 public:
  virtual ~CalibrationTarget() = default;

  virtual DeviceFacts facts() const = 0;

  virtual std::vector<MeasuredOperation> operations() const { return simrun_operations(); }

  /// The largest number of elements that its memory allows to measure: the end of the grid.
  virtual std::uint64_t most_elements() const = 0;

  /// Of a copy far larger than any cache, bytes read and bytes written both counted, measured now.
  virtual BytesPerSecond copy_bandwidth() = 0;

  /// `place`: one value for each of the operation's axes, in their order. Throws CalibrationError.
  virtual std::unique_ptr<PreparedOperation> prepare(const OperationEntry& operation,
                                                     std::span<const double> place) = 0;
};

/// This machine's processor, with one thread a core, for at most so many elements: 2^25 if nothing is said, and never
/// more than memory allows.
std::unique_ptr<CalibrationTarget> make_cpu_calibration_target(std::optional<std::uint64_t> most_elements);

/// A GPU with gradients of that precision, for at most so many elements: 2^29 if nothing is said, and never more than
/// its memory and this machine's allow. In a build without CUDA it throws CalibrationError.
std::unique_ptr<CalibrationTarget> make_cuda_calibration_target(const CudaDevice& device,
                                                                std::optional<std::uint64_t> most_elements,
                                                                Precision precision);

}  // namespace simrun
