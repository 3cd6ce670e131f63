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

/// Draws vectors of `length` values that are zero at random: values of a standard normal distribution for each place
/// and seed, the first at `place`. Returns whether there were some.
bool draw_zero_vectors(std::span<float> vectors, std::uint64_t length, std::uint64_t seed, std::uint64_t place);

/// Throws NonFiniteError if a value of what was encoded is not finite of which these are sums of products: such a value
/// makes each of its sums one. Sums of finite values may be too large.
void check_sums(std::span<const float> sums, std::span<const float> encoded);

/// a - b, both dense of fp32: what the ends of an edge find of what they send. Throws PayloadError unless they have
/// contents of one size.
Payload difference_of(const Payload& a, const Payload& b);

}  // namespace simrun
