// A scale, the mean magnitude of all values, and a bit each, 1 = negative. The scale is what makes error feedback
// contract: Karimireddy et al., ICML 2019.

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/value_codings/codings.hpp"

namespace simrun {
namespace {

std::size_t write(std::span<const float> values, std::span<float> common, std::span<std::uint32_t> words) {
  double magnitudes = 0;
  BitWriter codes(std::as_writable_bytes(words).data());
  for (const float value : values) {
    magnitudes += std::abs(static_cast<double>(value));
    codes.put(static_cast<std::uint32_t>(value < 0), 1);
  }
  codes.finish();
  const double mean = values.empty() ? 0 : magnitudes / static_cast<double>(values.size());
  common.front() = static_cast<float>(std::min(mean, static_cast<double>(std::numeric_limits<float>::max())));
  return values.size();
}

void read(std::span<const float> common, std::span<const std::uint32_t> words, std::span<float> values) {
  for (std::size_t j = 0; j < values.size(); ++j)
    values[j] = code_at(words, j, 1) != 0 ? -common.front() : common.front();
}

}  // namespace

ValueCodingEntry sign_values() {
  return {.coding = ValueCoding::sign,
          .name = "sign",
          .summary = "one bit each, and their mean magnitude",
          .bits = 1,
          .common = 1,
          .has_scale = true,
          .write = write,
          .read = read};
}

}  // namespace simrun
