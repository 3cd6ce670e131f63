// A table of four values, and of each value which of them: round((v - mean) / (6 sd / 4) + 2), ties to even, at least 0
// and at most 3, with the unbiased standard deviation. A place of the table has the mean of the values that are there,
// 0 where none is. All is added up in double, in the order of the values. Where the deviation is 0 the unit is 1.
// Source: SparseLoCo, Sarfi et al., 2025 (arXiv 2508.15706), as its authors' code has it: there the table lists
// differences from the mean, which is sent, too.

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/value_codings/codings.hpp"

namespace simrun {
namespace {

constexpr unsigned bits = 2;
constexpr std::size_t places = 1U << bits;
constexpr double range_in_deviations = 6;

struct Moments {
  double mean = 0;
  double deviation = 0;
};

Moments moments_of(std::span<const float> values) {
  Moments all;
  const auto count = static_cast<double>(values.size());
  for (const float value : values) all.mean += static_cast<double>(value);
  all.mean /= std::max(1.0, count);
  double squares = 0;
  for (const float value : values) {
    const double difference = static_cast<double>(value) - all.mean;
    squares += difference * difference;
  }
  all.deviation = std::sqrt(squares / std::max(1.0, count - 1));
  return all;
}

std::size_t write(std::span<const float> values, std::span<float> common, std::span<std::uint32_t> words) {
  const Moments moments = moments_of(values);
  const double unit = moments.deviation > 0 ? range_in_deviations * moments.deviation / places : 1;
  std::array<double, places> sums{};
  std::array<double, places> counts{};
  BitWriter codes(std::as_writable_bytes(words).data());
  for (const float value : values) {
    const double at = (static_cast<double>(value) - moments.mean) / unit + places / 2;
    const auto place = at > 0 ? static_cast<std::size_t>(std::min(std::nearbyint(at), places - 1.0)) : std::size_t{0};
    sums[place] += static_cast<double>(value);
    ++counts[place];
    codes.put(static_cast<std::uint32_t>(place), bits);
  }
  codes.finish();
  for (std::size_t i = 0; i < places; ++i) common[i] = static_cast<float>(sums[i] / std::max(1.0, counts[i]));
  return values.size();
}

void read(std::span<const float> common, std::span<const std::uint32_t> words, std::span<float> values) {
  for (std::size_t j = 0; j < values.size(); ++j) values[j] = common[code_at(words, j, bits)];
}

}  // namespace

ValueCodingEntry int2_values() {
  return {.coding = ValueCoding::int2,
          .name = "int2",
          .summary = "one of four means over six standard deviations",
          .bits = bits,
          .common = places,
          .write = write,
          .read = read};
}

}  // namespace simrun
