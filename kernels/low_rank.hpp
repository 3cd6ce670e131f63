#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/codec.hpp"

namespace simrun {

/// Elements of a gradient that are a matrix and are approximated by P Q^T, or, with rank 0, that are sent as they are.
struct FactoredPart {
  std::uint64_t first = 0;  ///< element of the gradient
  std::uint64_t elements = 0;
  LowRank shape;

  bool is_factored() const { return shape.rank > 0; }
  std::uint64_t left_size() const { return is_factored() ? shape.rank * shape.rows : elements; }
  std::uint64_t right_size() const { return shape.rank * shape.columns; }
};

/// The parts of a gradient. A tensor of several dimensions is a matrix of its first one and all others together; it is
/// approximated if rank x (rows + columns) < rows x columns. Without tensors all is one vector.
std::vector<FactoredPart> factored_parts(std::span<const TensorShape> tensors, std::uint64_t elements, int rank);

}  // namespace simrun
