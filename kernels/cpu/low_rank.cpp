#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "kernels/cpu/operations.hpp"

namespace simrun {
namespace {

/// In lanes that the compiler keeps in registers.
float dot(std::span<const float> x, std::span<const float> y) {
  constexpr std::size_t lanes = 32;
  std::array<float, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= x.size(); i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += x[i + lane] * y[i + lane];
  }
  float sum = 0;
  for (const float each : sums) sum += each;
  for (; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

void add_times(float factor, std::span<const float> x, std::span<float> out) {
  for (std::size_t i = 0; i < x.size(); ++i) out[i] += factor * x[i];
}

double norm(std::span<const float> x) {
  double squares = 0;
  for (const float value : x) squares += double{value} * double{value};
  return std::sqrt(squares);
}

void check_sizes(const LowRank& shape, std::span<const float> m, std::span<const float> p, std::span<const float> q) {
  if (m.size() != shape.rows * shape.columns || p.size() != shape.rank * shape.rows ||
      q.size() != shape.rank * shape.columns)
    throw std::invalid_argument("the arrays are not of the matrix's sizes");
}

}  // namespace

void cpu_multiply(const LowRank& shape, std::span<const float> m, std::span<const float> q, std::span<float> p) {
  check_sizes(shape, m, p, q);
  for (std::uint64_t row = 0; row < shape.rows; ++row) {
    const auto values = m.subspan(row * shape.columns, shape.columns);
    for (std::uint64_t c = 0; c < shape.rank; ++c)
      p[c * shape.rows + row] = dot(values, q.subspan(c * shape.columns, shape.columns));
  }
}

void cpu_multiply_transposed(const LowRank& shape, std::span<const float> m, std::span<const float> p,
                             std::span<float> q) {
  check_sizes(shape, m, p, q);
  std::fill(q.begin(), q.end(), 0.0F);
  for (std::uint64_t row = 0; row < shape.rows; ++row) {
    const auto values = m.subspan(row * shape.columns, shape.columns);
    for (std::uint64_t c = 0; c < shape.rank; ++c)
      add_times(p[c * shape.rows + row], values, q.subspan(c * shape.columns, shape.columns));
  }
}

void cpu_add_product(const LowRank& shape, std::span<const float> p, std::span<const float> q, float weight,
                     std::span<float> m) {
  check_sizes(shape, m, p, q);
  for (std::uint64_t row = 0; row < shape.rows; ++row) {
    const auto values = m.subspan(row * shape.columns, shape.columns);
    for (std::uint64_t c = 0; c < shape.rank; ++c)
      add_times(weight * p[c * shape.rows + row], q.subspan(c * shape.columns, shape.columns), values);
  }
}

void cpu_orthonormalise(std::span<float> vectors, std::uint64_t length) {
  if (length == 0 || vectors.size() % length != 0) throw std::invalid_argument("these are no vectors of that length");
  constexpr double dependent = 1e-6;
  for (std::uint64_t at = 0; at < vectors.size(); at += length) {
    const auto vector = vectors.subspan(at, length);
    const double before = norm(vector);
    if (before > 0) {  // so that no product below overflows or vanishes
      for (float& value : vector) value = static_cast<float>(value / before);
    }
    for (int pass = 0; pass < 2; ++pass) {
      for (std::uint64_t other = 0; other < at; other += length) {
        const auto earlier = vectors.subspan(other, length);
        add_times(-dot(earlier, vector), earlier, vector);
      }
    }
    const double left = norm(vector);
    for (float& value : vector) value = left > dependent ? static_cast<float>(value / left) : 0.0F;
  }
}

}  // namespace simrun
