#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <optional>

#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"
#include "sim/workload/gradients.hpp"
#include "sim/workload/kept_tensors.hpp"
#include "sim/workload/random_tiles.hpp"

// Everything here is made of operations that IEEE 754 or C++ defines to the last bit; the logarithms, exponentials and
// sines of the C library are not among them, so this file has its own. gcc makes a version of each function for wider
// vectors and picks one when the program starts; sanitizers cannot run that choice. It needs -fno-math-errno to
// vectorise a loop with a square root; the bytes are the same without.

namespace simrun {
namespace {

constexpr std::uint32_t common_to_all = 0;
constexpr std::uint32_t tensor_scales = 0xFFFFFFFF;
constexpr std::uint32_t of_worker(int worker) {
  return static_cast<std::uint32_t>(worker) + 1;
}

/// -ln u for the uniform u = (m + 1/2) / 2^31, m the word's upper 31 bits: between 0 and 22.2, with u at float's
/// precision however small it is. The polynomial is Cephes' for logf.
SIMRUN_INLINE float minus_log_uniform(std::uint32_t word) {
  const float x = static_cast<float>(static_cast<std::int32_t>(word >> 1)) + 0.5f;
  const std::int32_t bits = std::bit_cast<std::int32_t>(x);
  const std::int32_t exponent = (bits - 0x3F3504F3) >> 23;  // so that the mantissa is within [sqrt(1/2), sqrt(2))
  const float t = std::bit_cast<float>(bits - exponent * 0x800000) - 1.0f;
  float p = 7.0376836292e-2f;
  p = p * t - 1.1514610310e-1f;
  p = p * t + 1.1676998740e-1f;
  p = p * t - 1.2420140846e-1f;
  p = p * t + 1.4249322787e-1f;
  p = p * t - 1.6668057665e-1f;
  p = p * t + 2.0000714765e-1f;
  p = p * t - 2.4999993993e-1f;
  p = p * t + 3.3333331174e-1f;
  const float log_mantissa = t + t * t * (p * t - 0.5f);
  return static_cast<float>(31 - exponent) * 0.69314718056f - log_mantissa;
}

/// e^x - 1 for 0 <= x < 88, exact to a few units in the last place also near 0. The polynomial is Cephes' for expf.
SIMRUN_INLINE float exp_minus_1(float x) {
  const auto exponent = static_cast<std::int32_t>(x * 1.44269504089f + 0.5f);
  const float n = static_cast<float>(exponent);
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float power = std::bit_cast<float>((exponent + 127) * 0x800000);
  return power * (r + r * r * p) + (power - 1.0f);
}

/// Sine and cosine of 2 pi v, v = word / 2^32. The polynomials are Cephes' for sinf and cosf.
struct Direction {
  float cosine;
  float sine;
};
SIMRUN_INLINE Direction direction(std::uint32_t word) {
  const std::uint32_t quadrant = (word + 0x20000000u) >> 30;
  const std::int32_t rest = static_cast<std::int32_t>(word << 2) >> 2;  // within [-2^29, 2^29): an eighth of a turn
  const float x = static_cast<float>(rest) * 1.46291807927e-9f;         // pi / 2^31
  const float y = x * x;
  const float sine = x + x * y * ((-1.9515295891e-4f * y + 8.3321608736e-3f) * y - 1.6666654611e-1f);
  const float cosine =
      1.0f - 0.5f * y + y * y * ((2.443315711809948e-5f * y - 1.388731625493765e-3f) * y + 4.166664568298827e-2f);
  const std::uint32_t swap = 0u - (quadrant & 1u);
  const std::uint32_t s = std::bit_cast<std::uint32_t>(sine), c = std::bit_cast<std::uint32_t>(cosine);
  const std::uint32_t new_cosine = ((c & ~swap) | (s & swap)) ^ (((quadrant + 1u) & 2u) << 30);
  const std::uint32_t new_sine = ((s & ~swap) | (c & swap)) ^ ((quadrant & 2u) << 30);
  return {std::bit_cast<float>(new_cosine), std::bit_cast<float>(new_sine)};
}

/// What a distribution needs beside random words.
struct Parameters {
  float weight;    ///< factor of each number
  float exponent;  ///< of Student's t: 2 / df
};

/// By inversion, an element a word: its upper 31 bits give the magnitude, its lowest the sign.
SIMRUN_EVERY_SIMD void add_laplace(const Tile& tile, const Parameters& with, float* out) {
  const std::uint32_t* word = tile[0].data();
  for (std::size_t i = 0; i < words_a_tile; ++i) {
    const float magnitude = with.weight * minus_log_uniform(word[i]);
    out[i] += std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) ^ (word[i] << 31));
  }
}

/// Box and Muller: two elements from two words.
SIMRUN_EVERY_SIMD void add_normal(const Tile& tile, const Parameters& with, float* out) {
  for (std::size_t half = 0; half < 4; half += 2) {
    for (std::size_t j = 0; j < blocks_a_tile; ++j) {
      const float radius = with.weight * std::sqrt(2.0f * minus_log_uniform(tile[half][j]));
      const Direction at = direction(tile[half + 1][j]);
      out[half * blocks_a_tile + j] += radius * at.cosine;
      out[(half + 1) * blocks_a_tile + j] += radius * at.sine;
    }
  }
}

/// Bailey (1994): sqrt(df (u^(-2/df) - 1)) cos(2 pi v) has Student's distribution. Its sine is not independent of it,
/// so an element takes two words.
SIMRUN_EVERY_SIMD void add_student_t(const Tile& tile, const Parameters& with, float* out) {
  for (std::size_t half = 0; half < 2; ++half) {
    for (std::size_t j = 0; j < blocks_a_tile; ++j) {
      const float squared = exp_minus_1(with.exponent * minus_log_uniform(tile[2 * half][j]));
      out[half * blocks_a_tile + j] += with.weight * std::sqrt(squared) * direction(tile[2 * half + 1][j]).cosine;
    }
  }
}

/// A distribution of mean 0 and variance 1.
struct Sampler {
  void (*add)(const Tile&, const Parameters&, float* out);  ///< adds a tile's elements to out
  std::size_t elements;                                     ///< of a tile
  Parameters unit;                                          ///< for variance 1
};

Sampler sampler(const SyntheticGradients& options) {
  using enum SyntheticGradients::Distribution;
  switch (options.distribution) {
    case normal:
      return {add_normal, words_a_tile, {1.0f, 0.0f}};
    case laplace:
      return {add_laplace, words_a_tile, {0.70710678f, 0.0f}};
    case student_t:
      break;
  }
  // Beyond 10^9 a float no longer tells Student's distribution from the normal one, and 2 / df would underflow.
  const double df = std::min(options.degrees_of_freedom, 1e9);
  return {add_student_t, words_a_tile / 2, {static_cast<float>(std::sqrt(df - 2)), static_cast<float>(2 / df)}};
}

/// A stream and how much of it there is in a gradient.
struct Part {
  Stream stream;
  Parameters parameters;
};

static_assert(Gradients::grain % words_a_tile == 0, "a part begins with a tile");

class Synthetic final : public Gradients {
 public:
  Synthetic(const SyntheticGradients& options, const Model& model)
      : sampler_(sampler(options)), seed_(options.seed), agreement_(options.agreement) {
    assert(agreement_ >= 0 && agreement_ <= 1);
    for (std::size_t t = 0; t < model.tensors.size(); ++t) scales_.push_back(scale(t, options.scale_spread));
    if (agreement_ > 0 && KeptTensors::fit(model)) kept_.emplace(model);
  }

  void fill_part(int worker, std::size_t tensor, std::uint64_t first, unsigned threads,
                 std::span<float> out) const override {
    assert(first % grain == 0);
    std::vector<Part> parts;
    const float* common = nullptr;
    if (kept_)
      common = kept_->get(tensor, [&](std::span<float> all) {
        fill_parallel({common_part(tensor)}, nullptr, 0, threads, all);
      }) + first;
    else if (agreement_ > 0)
      parts.push_back(common_part(tensor));
    if (agreement_ < 1) parts.push_back(part(tensor, of_worker(worker), std::sqrt(1 - agreement_)));
    fill_parallel(parts, common, first, threads, out);
  }

 private:
  Part common_part(std::size_t tensor) const { return part(tensor, common_to_all, std::sqrt(agreement_)); }

  /// `common`: what the sums begin with, or null.
  void fill_parallel(const std::vector<Part>& parts, const float* common, std::uint64_t first, unsigned threads,
                     std::span<float> out) const {
    constexpr std::size_t too_few_for_threads = 1 << 16;
    if (out.size() < too_few_for_threads) threads = 1;
    parallel_ranges(out.size(), threads, sampler_.elements, [&](std::size_t, std::size_t begin, std::size_t end) {
      fill_tiles(parts, common == nullptr ? nullptr : common + begin, (first + begin) / sampler_.elements,
                 out.subspan(begin, end - begin));
    });
  }

  Part part(std::size_t tensor, std::uint32_t owner, double share) const {
    Parameters parameters = sampler_.unit;
    parameters.weight = static_cast<float>(parameters.weight * share * scales_.at(tensor));
    return {{seed_, static_cast<std::uint32_t>(tensor), owner}, parameters};
  }

  void fill_tiles(const std::vector<Part>& parts, const float* common, std::uint64_t tile, std::span<float> out) const {
    Tile random;
    std::array<float, words_a_tile> rest{};  // of a tile that is wanted in part
    for (; !out.empty(); ++tile) {
      const std::size_t n = std::min(out.size(), sampler_.elements);
      float* sum = n == sampler_.elements ? out.data() : rest.data();
      if (common != nullptr) {
        std::copy_n(common, n, sum);
        common += n;
      } else {
        std::fill_n(sum, n, 0.0F);
      }
      for (const Part& p : parts) {
        make_tile(p.stream, tile, random);
        sampler_.add(random, p.parameters, sum);
      }
      if (n < sampler_.elements) std::copy_n(sum, n, out.data());
      out = out.subspan(n);
    }
  }

  /// exp(spread z), z the first normal number of the tensor's own stream; cut at e^80 and e^-80, within a float.
  float scale(std::size_t tensor, double spread) const {
    Tile random;
    std::array<float, words_a_tile> z{};
    make_tile({seed_, static_cast<std::uint32_t>(tensor), tensor_scales}, 0, random);
    add_normal(random, {1.0f, 0.0f}, z.data());
    const float x = static_cast<float>(spread) * z[0];
    const float growth = exp_minus_1(std::min(std::abs(x), 80.0f)) + 1.0f;
    return x < 0 ? 1.0f / growth : growth;
  }

  Sampler sampler_;
  std::uint64_t seed_;
  double agreement_;
  std::vector<float> scales_;        ///< of every tensor
  std::optional<KeptTensors> kept_;  ///< what all workers have in common, unless that is nothing or too much
};

}  // namespace

std::unique_ptr<const Gradients> make_synthetic_gradients(const SyntheticGradients& options, const Model& model) {
  return std::make_unique<Synthetic>(options, model);
}

}  // namespace simrun
