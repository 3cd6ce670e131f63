#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/codec.hpp"

namespace simrun {

/// What an operation gives. Which parts are there depends on the operation.
struct OperationResult {
  std::vector<std::byte> bytes;  ///< encode, combine: the payload, header included; index-encode: the coded indices
  std::vector<float> values;     ///< encode with error feedback: the residual afterwards; decode: what was added up
  std::vector<std::uint32_t> indices;  ///< index-decode

  friend bool operator==(const OperationResult& a, const OperationResult& b) = default;
};

/// An operation of a device on given data: what goes in and what must come out.
struct OperationCase {
  std::string operation;  ///< "encode.pairs"
  std::size_t elements = 0;
  std::size_t entries = 0;                ///< that encoding keeps; otherwise those that go in
  std::shared_ptr<const Codec> codec;     ///< on one thread; null for index codings
  IndexCoding index = IndexCoding::none;  ///< index-encode, index-decode
  std::span<const float> gradient;        ///< encode
  std::span<const float> residual;        ///< encode with error feedback: before `gradient` is added; else empty
  std::vector<Payload> payloads;          ///< combine: all parts; decode: one, which is added to zeros
  std::vector<std::uint32_t> indices;     ///< index-encode
  std::vector<std::byte> coded;           ///< index-decode
  OperationResult expected;               ///< what the CPU back end gives on one thread
};

/// An operation with its inputs laid out where it works, to be repeated: for timing, and to compare back ends.
class Operation {
 public:
  virtual ~Operation() = default;

  /// Puts back what run() changed.
  virtual void reset() = 0;

  /// The work itself. On a GPU it is queued, not awaited, and allocates nothing.
  virtual void run() = 0;

  /// Of the latest run.
  virtual OperationResult result() const = 0;
};

}  // namespace simrun
