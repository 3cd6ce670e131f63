#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/operation.hpp"
#include "sim/devices/operations.hpp"

namespace simrun {

/// Makes cases from one stretch of random data.
class CalibrationData {
 public:
  /// So many that the largest case, with all its copies, has room in this machine's memory.
  static std::uint64_t most_elements_here();

  /// For places of at most `most_elements` elements, with gradients of `precision`. Inputs are made with so many
  /// threads, expected results by the CPU back end with so many; nothing in them depends on either.
  CalibrationData(std::uint64_t most_elements, unsigned threads, unsigned threads_of_expected,
                  Precision precision = Precision::fp32);

  /// The case of an operation at a place, one value an axis. It holds views of this object's data. Parts of a payload
  /// kind that differ come from neighbouring stretches. Where the axis is entries, the payloads have 16 elements an
  /// entry.
  OperationCase make_case(const OperationEntry& operation, std::span<const double> place) const;

  /// For profiles.
  static std::string description();

 private:
  std::span<const float> stretch(std::size_t part, std::size_t size) const;
  void make_payloads(OperationCase& made, std::size_t parts) const;
  void make_indices(OperationCase& made) const;

  unsigned threads_;
  unsigned threads_of_expected_;
  Precision precision_;
  std::vector<float> values_;
  std::vector<float> rounded_;  ///< the first part of them, where gradients are not fp32
};

}  // namespace simrun
