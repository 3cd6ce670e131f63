#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/operations.hpp"

namespace simrun {

/// What an operation gives. Which parts are there depends on the operation.
struct CalibrationResult {
  std::vector<std::byte> bytes;  ///< encode, combine: the payload, header included; index-encode: the coded indices
  std::vector<float> values;     ///< encode with error feedback: the residual afterwards; decode: what was added up
  std::vector<std::uint32_t> indices;  ///< index-decode

  friend bool operator==(const CalibrationResult& a, const CalibrationResult& b) = default;
};

/// An operation at one place of its grid: what goes in and what must come out. Every target measures these.
struct CalibrationCase {
  std::string operation;  ///< "encode.pairs"
  std::size_t elements = 0;
  std::size_t entries = 0;             ///< that encoding keeps; otherwise those that go in
  std::shared_ptr<const Codec> codec;  ///< on one thread; null for index codings
  IndexCoding index;                   ///< index-encode, index-decode
  std::span<const float> gradient;     ///< encode
  std::span<const float> residual;     ///< encode with error feedback: before `gradient` is added; else empty
  std::vector<Payload> payloads;       ///< combine: all parts; decode: one, which is added to zeros
  std::vector<std::uint32_t> indices;  ///< index-encode
  std::vector<std::byte> coded;        ///< index-decode
  CalibrationResult expected;          ///< what the CPU back end gives on one thread
};

/// Makes the cases of grids whose places have at most `most_elements` elements, from one stretch of random data.
class CalibrationData {
 public:
  /// `threads`: for making the cases; nothing in them depends on it.
  CalibrationData(std::uint64_t most_elements, unsigned threads);

  /// The case holds views of the data.
  CalibrationCase make_case(const OperationEntry& operation, std::span<const double> place) const;

 private:
  unsigned threads_;
  std::vector<float> values_;
};

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

}  // namespace simrun
