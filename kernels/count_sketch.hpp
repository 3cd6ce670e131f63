#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/anywhere.hpp"
#include "kernels/philox.hpp"

namespace simrun {

// A count sketch: columns of `rows` counters. An entry is added, with a sign, to one counter of each row. Which they
// are, and the signs, follow from the entry's index, so that sketches of many workers are added up counter by counter.
//
// Columns are hashed for each index and not for blocks of neighbours, as Li et al. do so that neighbours are read
// together: of a sparse gradient few neighbours are entries, and columns of a matrix that are large together would
// share their counters.
//
// Which order entries are added in is left open, and the sum has the same bits nevertheless: it is added up in whole
// multiples of a unit, 2^-46 of the power of two below the largest magnitude, and rounded to fp32 in the end. The
// other way to that, every counter's owner adding up its entries in the order of their indices, takes lists of each
// counter's entries, which a GPU cannot build in a fixed order and would have to sort. Units take an atomic addition
// of an integer.

/// Counters of a column, one of each row.
inline constexpr unsigned sketch_rows = 3;

/// Where an entry is added.
struct SketchPlace {
  std::uint32_t columns[sketch_rows];
  std::uint32_t negative;  ///< bit r: with a minus to that of row r

  /// Which of the sketch's counters that of a row is.
  SIMRUN_ANYWHERE std::uint64_t counter(unsigned row) const { return std::uint64_t{sketch_rows} * columns[row] + row; }
};

/// That of an entry in a sketch of so many columns, 1 to 2^32: three words of Philox4x32-10, scaled, and the bits of
/// the fourth. Counters lie column after column.
[[gnu::always_inline]] SIMRUN_ANYWHERE inline SketchPlace sketch_place(std::uint32_t index, std::uint64_t columns) {
  constexpr std::uint64_t key = 0;
  const PhiloxBlock random = philox4x32_10(index, key);
  SketchPlace place{{}, random[sketch_rows]};
  for (unsigned row = 0; row < sketch_rows; ++row)
    place.columns[row] = static_cast<std::uint32_t>(random[row] * columns >> 32U);
  return place;
}

/// Numbers as multiples of a unit, in two's complement. Sums of less than 2^16 numbers do not overflow.
class SketchUnits {
 public:
  /// `largest`: bits of the largest magnitude of all numbers.
  SIMRUN_ANYWHERE explicit SketchUnits(std::uint32_t largest) {
    constexpr int fraction_bits = 46;
    const auto exponent = static_cast<int>(finite(largest) >> 23U) - 127;  // of numbers below 2^-126 less than theirs
    inverse_ = power_of_two(fraction_bits - exponent);
    unit_ = power_of_two(exponent - fraction_bits);
  }

  /// Rounded towards zero. What is no number counts as the largest one of its sign.
  SIMRUN_ANYWHERE std::uint64_t of(float x) const {
    std::uint32_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    const std::uint32_t magnitude = finite(bits & 0x7FFFFFFFU);
    float number = 0;
    memcpy(&number, &magnitude, sizeof number);
    const auto units = static_cast<std::uint64_t>(static_cast<double>(number) * inverse_);
    return bits >> 31U != 0 ? 0 - units : units;
  }

  /// Rounded to nearest twice, at most to the largest number.
  SIMRUN_ANYWHERE float number(std::uint64_t units) const {
    constexpr double most = 0x1.FFFFFEp127;
    const double x = static_cast<double>(static_cast<std::int64_t>(units)) * unit_;
    return static_cast<float>(x > most ? most : x < -most ? -most : x);
  }

 private:
  SIMRUN_ANYWHERE static std::uint32_t finite(std::uint32_t magnitude) {
    constexpr std::uint32_t largest_finite = 0x7F7FFFFF;
    return magnitude < largest_finite ? magnitude : largest_finite;
  }

  SIMRUN_ANYWHERE static double power_of_two(int exponent) {
    const std::uint64_t bits = static_cast<std::uint64_t>(exponent + 1023) << 52U;
    double power = 0;
    memcpy(&power, &bits, sizeof power);
    return power;
  }

  double inverse_;
  double unit_;
};

/// What an entry adds to its counter of a row, or what that counter says of it.
SIMRUN_ANYWHERE inline std::uint64_t signed_units(const SketchPlace& place, unsigned row, std::uint64_t units) {
  return (place.negative >> row & 1U) != 0 ? 0 - units : units;
}

/// The one in the middle of three numbers in two's complement.
SIMRUN_ANYWHERE inline std::uint64_t median_units(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  const auto x = static_cast<std::int64_t>(a);
  const auto y = static_cast<std::int64_t>(b);
  const auto z = static_cast<std::int64_t>(c);
  const std::int64_t low = x < y ? x : y;
  const std::int64_t high = x < y ? y : x;
  return static_cast<std::uint64_t>(z < low ? low : z < high ? z : high);
}

/// Rounds in which entries are peeled at most. With 0.7 entries a counter 12 are enough, with 0.8 it takes 34, and
/// beyond 0.818 some entries are never alone.
inline constexpr unsigned peeling_rounds = 64;

}  // namespace simrun
