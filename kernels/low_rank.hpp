#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/codec.hpp"

namespace simrun {

/// Elements of a gradient that are a matrix M (rows x columns, row-major) and are approximated by P Q^T, or, without a
/// rank, others that are sent as they are.
///
/// Factors are stored one column after another: P as `rank` vectors of `rows` values, Q as `rank` vectors of `columns`.
struct FactoredPart {
  std::uint64_t first = 0;  ///< element of the gradient
  std::uint64_t elements = 0;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::uint64_t rank = 0;

  std::uint64_t left_size() const { return rank > 0 ? rank * rows : elements; }  ///< values in the left factors
  std::uint64_t right_size() const { return rank * columns; }
};

/// The parts of a gradient. A tensor of several dimensions is a matrix of its first one and all others together; it is
/// approximated if rank x (rows + columns) < rows x columns. Without tensors all is one vector.
std::vector<FactoredPart> factored_parts(std::span<const TensorShape> tensors, std::uint64_t elements, int rank);

/// P = M Q, column by column.
void multiply(const FactoredPart& part, std::span<const float> m, std::span<const float> q, std::span<float> p);

/// Q = M^T P.
void multiply_transposed(const FactoredPart& part, std::span<const float> m, std::span<const float> p,
                         std::span<float> q);

/// M += weight P Q^T.
void add_product(const FactoredPart& part, std::span<const float> p, std::span<const float> q, float weight,
                 std::span<float> m);

/// Makes columns of `length` values orthonormal: Gram-Schmidt, each column twice. A column that lies in the span of
/// those before it, to one part in a million, becomes zero.
void orthonormalise(std::span<float> columns, std::uint64_t length);

}  // namespace simrun
