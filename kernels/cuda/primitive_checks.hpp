#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>

#include "kernels/layout.hpp"
#include "kernels/primitives.hpp"

namespace simrun::cuda {

// What KernelPrimitives refuses.

inline std::invalid_argument sizes_differ() {
  return std::invalid_argument("the arrays differ in size");
}

inline void check_sizes(const Chunking& chunking, std::size_t elements, std::size_t words, std::size_t values) {
  if (!chunking.is_valid() || values != chunking.entries(elements) ||
      words != code_words(values, chunking.place_bits()))
    throw sizes_differ();
}

inline void check_sizes(const LowRank& shape, std::span<const float> m, std::span<const float> p,
                        std::span<const float> q) {
  if (m.size() != shape.rows * shape.columns || p.size() != shape.rank * shape.rows ||
      q.size() != shape.rank * shape.columns)
    throw sizes_differ();
}

inline void check_sizes(std::span<const std::span<const std::uint32_t>> planes, std::size_t words) {
  for (const auto plane : planes) {
    if (plane.size() != words) throw sizes_differ();
  }
}

inline void check_sketch(std::size_t entries, std::size_t counters) {
  if (counters % sketch_rows != 0 || (counters == 0 && entries > 0)) throw sizes_differ();
}

/// `found`: ~(index of the element that is not finite), 0 for none.
inline void fail_on(std::uint64_t found) {
  if (found != 0) throw NonFiniteError(static_cast<std::size_t>(~found));
}

inline std::span<const std::uint8_t> as_numbers(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace simrun::cuda
