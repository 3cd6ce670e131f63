#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "kernels/cpu/operations.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

// A row of the matrix, or some of its columns, are read from memory once for all vectors. What each sum is added up of,
// and in which order, does not depend on threads.

namespace simrun {
namespace {

/// In lanes that the compiler keeps in registers.
SIMRUN_EVERY_SIMD float dot(std::span<const float> x, std::span<const float> y) {
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

SIMRUN_EVERY_SIMD void add_times(float factor, std::span<const float> x, std::span<float> out) {
  for (std::size_t i = 0; i < x.size(); ++i) out[i] += factor * x[i];
}

constexpr std::size_t terms_at_once = 4;

/// Vectors and a factor of each.
struct WeightedVectors {
  std::array<float, terms_at_once> factors;
  std::array<const float*, terms_at_once> vectors;
};

/// out += factor times vector, one after another.
SIMRUN_EVERY_SIMD void add_weighted(const WeightedVectors& terms, std::span<float> out) {
  const auto [a, b, c, d] = terms.factors;
  const auto [x, y, z, w] = terms.vectors;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = out[i] + a * x[i] + b * y[i] + c * z[i] + d * w[i];
}

/// out += the sum of factor(t) times the vector that begins at vector(t), of `count` terms in their order.
template <class Factor, class Vector>
void add_terms(std::size_t count, const Factor& factor, const Vector& vector, std::span<float> out) {
  std::size_t t = 0;
  for (; t + terms_at_once <= count; t += terms_at_once) {
    add_weighted({{factor(t), factor(t + 1), factor(t + 2), factor(t + 3)},
                  {vector(t), vector(t + 1), vector(t + 2), vector(t + 3)}},
                 out);
  }
  for (; t < count; ++t) add_times(factor(t), {vector(t), out.size()}, out);
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

void cpu_multiply(const LowRank& shape, std::span<const float> m, std::span<const float> q, std::span<float> p,
                  unsigned threads) {
  check_sizes(shape, m, p, q);
  parallel_ranges(shape.rows, useful_threads(m.size(), threads), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t row = begin; row < end; ++row) {
                      const auto values = m.subspan(row * shape.columns, shape.columns);
                      for (std::uint64_t c = 0; c < shape.rank; ++c)
                        p[c * shape.rows + row] = dot(values, q.subspan(c * shape.columns, shape.columns));
                    }
                  });
}

void cpu_multiply_transposed(const LowRank& shape, std::span<const float> m, std::span<const float> p,
                             std::span<float> q, unsigned threads) {
  check_sizes(shape, m, p, q);
  std::fill(q.begin(), q.end(), 0.0F);
  constexpr std::size_t columns_at_once = 512;  // whose sums stay in the first cache
  const auto add_columns = [&](std::size_t first, std::size_t count) {
    for (std::uint64_t row = 0; row < shape.rows; row += terms_at_once) {
      const std::size_t rows = std::min<std::size_t>(terms_at_once, shape.rows - row);
      for (std::uint64_t c = 0; c < shape.rank; ++c) {
        add_terms(
            rows, [&](std::size_t t) { return p[c * shape.rows + row + t]; },
            [&](std::size_t t) { return &m[(row + t) * shape.columns + first]; },
            q.subspan(c * shape.columns + first, count));
      }
    }
  };
  parallel_ranges(shape.columns, useful_threads(m.size(), threads), 16,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (; begin < end; begin += columns_at_once)
                      add_columns(begin, std::min(columns_at_once, end - begin));
                  });
}

void cpu_add_product(const LowRank& shape, std::span<const float> p, std::span<const float> q, float weight,
                     std::span<float> m, unsigned threads) {
  check_sizes(shape, m, p, q);
  parallel_ranges(
      shape.rows, useful_threads(m.size(), threads), 1, [&](std::size_t, std::size_t begin, std::size_t end) {
        for (std::size_t row = begin; row < end; ++row) {
          add_terms(
              shape.rank, [&](std::size_t c) { return weight * p[c * shape.rows + row]; },
              [&](std::size_t c) { return &q[c * shape.columns]; }, m.subspan(row * shape.columns, shape.columns));
        }
      });
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
