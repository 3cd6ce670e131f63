#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/payload.hpp"
#include "sim/operations.hpp"

namespace simrun {

/// What an operation gives. Which parts are there depends on the operation.
struct CalibrationResult {
  std::vector<std::byte> bytes;        ///< encode, combine: the payload, header included; index-encode: coded indices
  std::vector<float> values;           ///< encode with error feedback: the residual afterwards; decode: the sum
  std::vector<std::uint32_t> indices;  ///< index-decode

  std::uint64_t size_in_bytes() const;
  friend bool operator==(const CalibrationResult& a, const CalibrationResult& b) = default;
};

/// An operation at one place of its grid: what goes in and what must come out. Every target measures the same ones.
struct CalibrationCase {
  std::string stage;                   ///< of the operation's name: encode, combine, decode, index-encode, index-decode
  std::string kind;                    ///< the rest of it: the payload's kind or the index coding
  std::size_t elements = 0;            ///< N
  std::size_t entries = 0;             ///< K that encoding keeps, or that a decoded payload or list of indices has
  std::span<const float> gradient;     ///< encode
  std::span<const float> residual;     ///< encode with error feedback: before the gradient is added; else empty
  std::vector<Payload> payloads;       ///< combine: all parts; decode: one, to be added with weight 1 to zeros
  std::vector<std::uint32_t> indices;  ///< index-encode, index-decode
  std::vector<std::byte> coded;        ///< index-decode
  CalibrationResult expected;          ///< what the CPU back end gives on one thread
};

/// Makes cases from one stretch of random data.
class CalibrationData {
 public:
  /// For places of at most `most_elements` elements. Cases are made with that many threads; nothing in them depends on
  /// it.
  CalibrationData(std::uint64_t most_elements, unsigned threads);

  /// The case of an operation at a place, one value an axis. It holds views of this object's data. Parts of a payload
  /// kind that differ come from neighbouring stretches. Where the axis is entries, the payloads have 16 elements an
  /// entry.
  CalibrationCase make_case(const OperationEntry& operation, std::span<const double> place) const;

  /// For profiles.
  static std::string description();

 private:
  std::span<const float> stretch(std::size_t part, std::size_t size) const;
  void make_payloads(CalibrationCase& made, std::size_t parts) const;
  void make_indices(CalibrationCase& made) const;

  unsigned threads_;
  std::vector<float> values_;
};

}  // namespace simrun
