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
/// bits with error feedback.
class NearestLevels : public Levels {
 public:
  using Levels::Levels;

 protected:
  void write(std::span<const float> gradient, std::uint64_t, std::span<float> scales,
             std::span<std::uint32_t> words) const override {
    primitives().round_to_nearest(rounding(), gradient, scales, words);
  }
};

/// Adds what levels stand for in fp32, in the order of the parts, and rounds the sum as workers round theirs.
class RequantizedSum final : public Aggregator {
 public:
  RequantizedSum(const Rounding& rounding, std::shared_ptr<const Primitives> primitives)
      : rounding_(rounding), primitives_(std::move(primitives)) {}

  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::levels);
    const Payload& first = parts.front();
    const LevelsFormat format = LevelsFormat::of(first.header().format);
    if (format.bits != rounding_.bits || std::uint64_t{1} << format.log_bucket != rounding_.bucket)
      throw PayloadError("the levels to add up have other bits or blocks");
    if (parts.size() == 1) return first;
    if (!all_have_contents(parts)) return first.without_contents();
    std::vector<float> sum(first.elements());
    for (const Payload& part : parts) {
      const LevelsView view = view_levels(part);
      primitives_->add_levels(rounding_, view.words, view.scales, 1.0F, sum);
    }
    std::vector<std::byte> bytes(first.size());
    const auto body = std::span(bytes).subspan(Payload::header_bytes);
    const std::size_t scale_bytes = rounding_.buckets(sum.size()) * sizeof(float);
    primitives_->round_to_nearest(rounding_, sum, view_as<float>(body.first(scale_bytes)),
                                  view_as<std::uint32_t>(body.subspan(scale_bytes)));
    return Payload::make(first.header(), std::move(bytes));
  }

 private:
  Rounding rounding_;
  std::shared_ptr<const Primitives> primitives_;
};

/// The same, added up: whoever adds rounds the sum again, so that it takes as many bits. The residual keeps what a
/// worker's own rounding is off by; what sums are off by is in no worker's.
/// Source: INTELLECT-1, Jaghouar et al., 2024 (arXiv 2412.01152), whose ring rounds at every hop: there to the means of
/// 256 bins over six standard deviations, and not what a worker adds of its own.
class RequantizedLevels final : public NearestLevels {
 public:
  RequantizedLevels(unsigned levels, LevelsFormat format, std::shared_ptr<const Primitives> primitives)
      : NearestLevels(levels, format, primitives), shared_(std::move(primitives)) {}

  Combining combining() const override { return Combining::sum; }

  std::unique_ptr<const Aggregator> aggregator() const override {
    return std::make_unique<RequantizedSum>(rounding(), shared_);
  }

 private:
  std::shared_ptr<const Primitives> shared_;
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

LevelsFormat format_of_blocks(const CodecOptions& options) {
  return {.bits = static_cast<unsigned>(options.bits),
          .log_bucket = static_cast<unsigned>(std::countr_zero(options.block))};
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
  return std::make_unique<NearestLevels>(levels_in_sum(options.bits, 1), format_of_blocks(options),
                                         std::move(primitives));
}

std::unique_ptr<const Codec> make_requantized_levels(const CodecOptions& options,
                                                     std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<RequantizedLevels>(levels_in_sum(options.bits, 1), format_of_blocks(options),
                                             std::move(primitives));
}

std::unique_ptr<const Codec> make_terngrad(const CodecOptions&, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<TernGrad>(1, LevelsFormat{.bits = 2, .log_bucket = 0}, std::move(primitives));
}

}  // namespace simrun
