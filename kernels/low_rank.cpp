#include "kernels/low_rank.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/finite.hpp"
#include "kernels/philox.hpp"

namespace simrun {
namespace {

/// A value of a standard normal distribution for each place and seed (Box and Muller).
float normal_at(std::uint64_t seed, std::uint64_t place) {
  const PhiloxBlock random = philox4x32_10(place, seed);
  constexpr double unit = 0x1p-32;
  const double radius = std::sqrt(-2 * std::log(unit * (random[0] + 0.5)));
  return static_cast<float>(radius * std::cos(2 * std::numbers::pi * unit * random[1]));
}

}  // namespace

std::vector<FactoredPart> factored_parts(std::span<const TensorShape> tensors, std::uint64_t elements, int rank) {
  if (tensors.empty()) return {{.first = 0, .elements = elements, .shape = {}}};
  std::vector<FactoredPart> parts;
  std::uint64_t first = 0;
  for (const TensorShape& shape : tensors) {
    FactoredPart part{.first = first, .elements = 1, .shape = {}};
    for (const std::uint64_t extent : shape) part.elements *= extent;
    if (shape.size() > 1 && part.elements > 0) {
      const std::uint64_t rows = shape.front();
      const std::uint64_t columns = part.elements / rows;
      if (static_cast<std::uint64_t>(rank) * (rows + columns) < part.elements) {
        part.shape = {.rows = rows, .columns = columns, .rank = static_cast<std::uint64_t>(rank)};
      }
    }
    first += part.elements;
    parts.push_back(part);
  }
  return parts;
}

bool draw_zero_vectors(std::span<float> vectors, std::uint64_t length, std::uint64_t seed, std::uint64_t place) {
  bool any = false;
  for (std::uint64_t at = 0; at < vectors.size(); at += length) {
    const auto vector = vectors.subspan(at, length);
    if (std::ranges::any_of(vector, [](float value) { return value != 0; })) continue;
    for (std::uint64_t i = 0; i < length; ++i) vector[i] = normal_at(seed, place + at + i);
    any = true;
  }
  return any;
}

void check_sums(std::span<const float> sums, std::span<const float> encoded) {
  if (!is_finite(sums)) check_finite(encoded);
}

Payload difference_of(const Payload& a, const Payload& b) {
  check_payload(a, PayloadKind::dense32, b.elements());
  check_payload(b, PayloadKind::dense32, a.elements());
  check_contents(a);
  check_contents(b);
  std::vector<std::byte> bytes(a.bytes().begin(), a.bytes().end());
  const auto values = view_as<float>(std::span(bytes));
  const auto taken = view_as<float>(b.bytes());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] -= taken[i];
  return Payload::make(a.header(), std::move(bytes));
}

}  // namespace simrun
