#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/codec.hpp"
#include "kernels/payload.hpp"
#include "kernels/precision.hpp"

namespace simrun {

/// What a device does with payloads and with lists of indices.
enum class Stage { encode, combine, decode, index_encode, index_decode };

/// "encode", "index-decode".
constexpr const char* name_of(Stage stage) {
  constexpr const char* names[] = {"encode", "combine", "decode", "index-encode", "index-decode"};
  return names[static_cast<std::size_t>(stage)];
}

/// What an operation gives. Which parts are there depends on the operation.
struct OperationResult {
  std::vector<std::byte> bytes = {};  ///< encode, combine: the payload, header included; index-encode: coded indices
  std::vector<float> values = {};     ///< encode: residual, then velocity afterwards; decode: the sum
  std::vector<std::uint32_t> indices = {};  ///< index-decode

  std::uint64_t size_in_bytes() const {
    return bytes.size() + values.size() * sizeof(float) + indices.size() * sizeof(std::uint32_t);
  }
  friend bool operator==(const OperationResult& a, const OperationResult& b) = default;
};

/// What a device does with payloads, on given data: what goes in and what must come out.
struct OperationCase {
  Stage stage = Stage::encode;
  std::string kind;                 ///< the payload's kind, the index coding or the codec: "pairs", "delta", "qsgd"
  std::size_t elements = 0;         ///< N
  std::size_t entries = 0;          ///< K that encoding keeps, or that a decoded payload or list of indices has
  std::span<const float> gradient;  ///< encode; empty in later rounds, whose residual it has been added to
  Precision precision = Precision::fp32;  ///< that the gradient's values have; in which it lies on a GPU
  std::span<const float> residual;        ///< encode with error feedback: before the gradient is added; else empty
  std::span<const float> velocity;        ///< encode with momentum: before the gradient is added; else empty
  float momentum = 0;                     ///< by which the velocity is multiplied
  std::vector<TensorShape> tensors;       ///< as in RoundContext, like the next four
  std::vector<Payload> previous;
  std::optional<Payload> last_step;
  std::uint64_t seed = 0;
  std::uint64_t shared_seed = 0;
  std::vector<Payload> payloads;       ///< combine: all parts; decode: one, to be added with weight 1 to zeros
  std::vector<std::uint32_t> indices;  ///< index-encode, index-decode
  std::vector<std::byte> coded;        ///< index-decode
  OperationResult expected;            ///< what the CPU back end gives, on any number of threads
  bool is_product = false;             ///< it is made of products of matrices, which back ends add in their own order

  /// Holds views of this object.
  RoundContext context() const {
    return {.seed = seed,
            .shared_seed = shared_seed,
            .tensors = tensors,
            .previous = previous,
            .last_step = last_step ? &*last_step : nullptr};
  }
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
