#pragma once

#include <cstddef>

namespace simrun {

/// A row-major fp32 matrix, or its transpose, in somebody else's memory.
struct MatrixView {
  const float* data;
  std::size_t rows;     ///< as it lies in memory
  std::size_t columns;  ///< likewise
  bool transposed = false;

  MatrixView transpose() const { return {data, rows, columns, !transposed}; }
};

enum class Into { replace, add };

/// C = A B or C += A B, with C row-major and not overlapping A or B. On one thread, with the widest vectors that the
/// processor has; the bytes of the result depend on the vectors' width and on nothing else of the machine.
void multiply(const MatrixView& a, const MatrixView& b, Into into, float* c);

/// The name of these vectors: "avx512", "avx2", or "baseline", those that every processor of its kind has.
const char* vectors_of_multiply();

}  // namespace simrun
