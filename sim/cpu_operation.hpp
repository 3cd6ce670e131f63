#pragma once

#include <memory>
#include <string>

#include "kernels/codec.hpp"
#include "kernels/index_coding.hpp"
#include "sim/calibration_case.hpp"

namespace simrun {

/// A case as the CPU back end does it.
class CpuOperation {
 public:
  virtual ~CpuOperation() = default;

  /// Puts back what run() changed.
  virtual void reset() = 0;

  /// What is timed.
  virtual void run() = 0;

  /// Of the latest run.
  virtual CalibrationResult result() const = 0;
};

/// The case outlives it.
std::unique_ptr<CpuOperation> make_cpu_operation(const CalibrationCase& work, unsigned threads);

/// The codec whose payloads are of that kind ("pairs"); of several, the one whose payloads combine.
const CodecEntry& codec_of_kind(const std::string& kind);
std::unique_ptr<const Codec> make_codec_of_kind(const std::string& kind, unsigned threads);

/// The index coding of that name.
const IndexCodingEntry& find_index_coding(const std::string& name);

}  // namespace simrun
