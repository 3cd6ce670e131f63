#include "kernels/low_rank.hpp"

#include <algorithm>
#include <array>
#include <cmath>

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

}  // namespace

std::vector<FactoredPart> factored_parts(std::span<const TensorShape> tensors, std::uint64_t elements, int rank) {
  if (tensors.empty()) return {{.first = 0, .elements = elements}};
  std::vector<FactoredPart> parts;
  std::uint64_t first = 0;
  for (const TensorShape& shape : tensors) {
    FactoredPart part{.first = first, .elements = 1};
    for (const std::uint64_t extent : shape) part.elements *= extent;
    if (shape.size() > 1 && part.elements > 0) {
      const std::uint64_t rows = shape.front();
      const std::uint64_t columns = part.elements / rows;
      if (static_cast<std::uint64_t>(rank) * (rows + columns) < part.elements) {
        part.rows = rows;
        part.columns = columns;
        part.rank = static_cast<std::uint64_t>(rank);
      }
    }
    first += part.elements;
    parts.push_back(part);
  }
  return parts;
}

void multiply(const FactoredPart& part, std::span<const float> m, std::span<const float> q, std::span<float> p) {
  for (std::uint64_t row = 0; row < part.rows; ++row) {
    const auto values = m.subspan(row * part.columns, part.columns);
    for (std::uint64_t c = 0; c < part.rank; ++c)
      p[c * part.rows + row] = dot(values, q.subspan(c * part.columns, part.columns));
  }
}

void multiply_transposed(const FactoredPart& part, std::span<const float> m, std::span<const float> p,
                         std::span<float> q) {
  std::fill(q.begin(), q.end(), 0.0F);
  for (std::uint64_t row = 0; row < part.rows; ++row) {
    const auto values = m.subspan(row * part.columns, part.columns);
    for (std::uint64_t c = 0; c < part.rank; ++c)
      add_times(p[c * part.rows + row], values, q.subspan(c * part.columns, part.columns));
  }
}

void add_product(const FactoredPart& part, std::span<const float> p, std::span<const float> q, float weight,
                 std::span<float> m) {
  for (std::uint64_t row = 0; row < part.rows; ++row) {
    const auto values = m.subspan(row * part.columns, part.columns);
    for (std::uint64_t c = 0; c < part.rank; ++c)
      add_times(weight * p[c * part.rows + row], q.subspan(c * part.columns, part.columns), values);
  }
}

void orthonormalise(std::span<float> columns, std::uint64_t length) {
  constexpr double dependent = 1e-6;
  for (std::uint64_t at = 0; at < columns.size(); at += length) {
    const auto column = columns.subspan(at, length);
    const double before = norm(column);
    if (before > 0) {  // so that no product below overflows or vanishes
      for (float& value : column) value = static_cast<float>(value / before);
    }
    for (int pass = 0; pass < 2; ++pass) {
      for (std::uint64_t other = 0; other < at; other += length) {
        const auto earlier = columns.subspan(other, length);
        add_times(-dot(earlier, column), earlier, column);
      }
    }
    const double left = norm(column);
    for (float& value : column) value = left > dependent ? static_cast<float>(value / left) : 0.0F;
  }
}

}  // namespace simrun
