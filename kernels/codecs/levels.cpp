#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/gathered.hpp"

namespace simrun {
namespace {

/// Elements rounded to whole multiples of their bucket's scale / levels.
class Levels : public Gathered {
 public:
  Levels(unsigned levels, LevelsFormat format, std::shared_ptr<const Primitives> primitives)
      : Gathered(PayloadKind::levels, format.written(), std::move(primitives)),
        rounding_{levels, format.bits, format.log_bucket == 0 ? 0 : std::uint64_t{1} << format.log_bucket} {}

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext& context) const override {
    const Payload::Header header = *shape(gradient.size(), 0, {});
    std::vector<std::byte> bytes(header.bytes);
    const auto body = std::span(bytes).subspan(Payload::header_bytes);
    const std::size_t scale_bytes = rounding_.buckets(gradient.size()) * sizeof(float);
    write(gradient, context.seed, view_as<float>(body.first(scale_bytes)),
          view_as<std::uint32_t>(body.subspan(scale_bytes)));
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    const LevelsFormat format = LevelsFormat::of(payload.header().format);
    Rounding rounding = rounding_;  // bits and buckets are the payload's own
    rounding.bits = format.bits;
    rounding.bucket = format.log_bucket == 0 ? 0 : std::uint64_t{1} << format.log_bucket;
    const LevelsView view = view_levels(payload);
    primitives().add_levels(rounding, view.words, view.scales, weight, out);
  }

 protected:
  virtual void write(std::span<const float> gradient, std::uint64_t seed, std::span<float> scales,
                     std::span<std::uint32_t> words) const = 0;

  const Rounding& rounding() const { return rounding_; }

 private:
  Rounding rounding_;
};

/// Rounded at random.
class RandomLevels : public Levels {
 public:
  using Levels::Levels;

 protected:
  void write(std::span<const float> gradient, std::uint64_t seed, std::span<float> scales,
             std::span<std::uint32_t> words) const override {
    write_scales(gradient, scales);
    // A norm may be larger than any number of its elements, and than the largest there is.
    for (float& scale : scales) scale = std::min(scale, std::numeric_limits<float>::max());
    primitives().round_to_levels(rounding(), gradient, scales, seed, words);
  }

  virtual void write_scales(std::span<const float> gradient, std::span<float> scales) const = 0;
};

/// Rounded to nearest, where a block's scale is its largest magnitude.
/// Source: Dettmers, Lewis, Shleifer, Zettlemoyer, ICLR 2022 (arXiv 2110.02861), blocks of 8 bits, there of optimizer
/// states and to levels that are not evenly spaced; LoCo, Xie, Lin, Toh, Zhou, 2024 (arXiv 2407.04480), gradients in 4
/// bits with error feedback, whose average of errors is not here.
class NearestLevels final : public Levels {
 public:
  using Levels::Levels;

 protected:
  void write(std::span<const float> gradient, std::uint64_t, std::span<float> scales,
             std::span<std::uint32_t> words) const override {
    primitives().round_to_nearest(rounding(), gradient, scales, words);
  }
};

/// A sum of squares as the norm, 0 where that is none.
float norm_of_squares(double squares) {
  return static_cast<float>(std::sqrt(squares));
}

/// Multiples of the Euclidean norm of a bucket over the number of levels.
/// Source: QSGD, Alistarh, Grubic, Li, Tomioka, Vojnovic, NeurIPS 2017 (arXiv 1610.02132), section 3; its coding by
/// Elias numbers is not here.
class Qsgd final : public RandomLevels {
 public:
  using RandomLevels::RandomLevels;

 protected:
  void write_scales(std::span<const float> gradient, std::span<float> scales) const override {
    if (rounding().bucket == 0) {
      scales.front() = norm_of_squares(primitives().sum(Term::square, gradient));
    } else {
      primitives().bucket_norms(gradient, rounding().bucket, scales);
    }
  }
};

/// -1, 0 or 1 times the largest magnitude, to which elements beyond 2.5 sigma are clipped first; sigma is the root of
/// the mean square. Unbiased for the clipped gradient.
/// Source: TernGrad, Wen, Xu, Yan, Wu, Wang, Chen, Li, NeurIPS 2017 (arXiv 1705.07878).
class TernGrad final : public RandomLevels {
 public:
  using RandomLevels::RandomLevels;

 protected:
  void write_scales(std::span<const float> gradient, std::span<float> scales) const override {
    const double squares = primitives().sum(Term::square, gradient);
    const double sigma = gradient.empty() ? 0 : std::sqrt(squares / static_cast<double>(gradient.size()));
    scales.front() = std::min(static_cast<float>(2.5 * sigma), primitives().largest_magnitude(gradient));
  }
};

unsigned bits_for(unsigned levels) {
  return static_cast<unsigned>(std::bit_width(2 * levels));
}

}  // namespace

std::unique_ptr<const Codec> make_qsgd(const CodecOptions& options, std::shared_ptr<const Primitives> primitives) {
  const auto levels = static_cast<unsigned>(options.levels);
  LevelsFormat format;
  format.bits = options.packs_bits ? bits_for(levels) : 8;
  format.log_bucket = options.bucket == 0 ? 0 : static_cast<unsigned>(std::countr_zero(options.bucket));
  return std::make_unique<Qsgd>(levels, format, std::move(primitives));
}

std::unique_ptr<const Codec> make_block_quantization(const CodecOptions& options,
                                                     std::shared_ptr<const Primitives> primitives) {
  const auto bits = static_cast<unsigned>(options.bits);
  const LevelsFormat format{.bits = bits, .log_bucket = static_cast<unsigned>(std::countr_zero(options.block))};
  return std::make_unique<NearestLevels>((1U << (bits - 1)) - 1, format, std::move(primitives));
}

std::unique_ptr<const Codec> make_terngrad(const CodecOptions&, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<TernGrad>(1, LevelsFormat{.bits = 2, .log_bucket = 0}, std::move(primitives));
}

}  // namespace simrun
