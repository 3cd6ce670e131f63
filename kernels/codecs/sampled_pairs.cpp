#include <algorithm>
#include <cmath>

#include "kernels/codecs/codecs.hpp"
#include "kernels/finite.hpp"

namespace simrun {
namespace {

/// Pairs whose magnitude is at least a threshold that keeps about K of N: that which keeps as large a share of a sample
/// of every so-manieth element, from a random one on, corrected by a factor as long as it keeps too many or too few, a
/// few times. What it then keeps beyond those bounds is cut off, or added, by magnitude. Source: DGC, Lin, Han, Mao,
/// Wang, Dally, ICLR 2018 (arXiv 1712.01887), section 3.1 and appendix; the constants are those of MergeComp's code
/// (arXiv 2103.15195), sampling of at least 1024 elements and the last cut are not.
class SampledPairs final : public Codec {
 public:
  SampledPairs(std::unique_ptr<const Codec> pairs, std::shared_ptr<const Primitives> primitives)
      : pairs_(std::move(pairs)), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::gather; }
  PayloadKind kind() const override { return PayloadKind::pairs; }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override {
    return pairs_->encode(gradient, kept(gradient, entries, context.seed), context);  // which looks at all elements
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    pairs_->decode(payload, weight, out, context);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    pairs_->settle(accepted, residual, context);
  }

  std::optional<Payload::Header> shape(std::uint64_t, std::uint64_t, std::span<const TensorShape>) const override {
    return std::nullopt;
  }

  std::uint64_t most_bytes(std::uint64_t elements, std::uint64_t entries) const override {
    const std::uint64_t most = std::min<std::uint64_t>(most_entries(entries), elements);
    const auto shape = pairs_->shape(elements, most, {});
    return shape ? shape->bytes : pairs_->most_bytes(elements, most);
  }

  std::unique_ptr<const Aggregator> aggregator() const override { return nullptr; }

 private:
  static constexpr std::size_t least_sample = 1024;
  static constexpr std::size_t sampled_of = 1000;  ///< one of so many
  static constexpr int most_corrections = 4;
  static constexpr double too_many = 1.3;  ///< times K; the factor as well
  static constexpr double too_few = 0.7;

  static std::uint64_t most_entries(std::uint64_t entries) {
    return static_cast<std::uint64_t>(std::floor(too_many * static_cast<double>(std::max<std::uint64_t>(entries, 1))));
  }

  /// How many elements are kept. Those are the largest, because all of a threshold's magnitude are.
  std::size_t kept(std::span<const float> gradient, std::size_t entries, std::uint64_t seed) const {
    const auto wanted = static_cast<double>(entries);
    const std::size_t most = most_entries(entries);
    const auto least = static_cast<std::size_t>(std::max(1.0, std::ceil(too_few * wanted)));
    float threshold = first_threshold(gradient, entries, seed);
    std::size_t count = primitives_->count_above(gradient, threshold);
    for (int i = 0; i < most_corrections && (count > most || count < least); ++i) {
      threshold *= static_cast<float>(count > most ? too_many : too_few);
      count = primitives_->count_above(gradient, threshold);
    }
    return std::min(std::clamp(count, least, most), gradient.size());
  }

  float first_threshold(std::span<const float> gradient, std::size_t entries, std::uint64_t seed) const {
    const std::size_t wanted = std::max(least_sample, gradient.size() / sampled_of);
    const std::size_t stride = std::max<std::size_t>(1, gradient.size() / wanted);
    std::vector<float> sample;
    for (std::size_t i = seed % stride; i < gradient.size(); i += stride) sample.push_back(gradient[i]);
    const double share = static_cast<double>(entries) / static_cast<double>(gradient.size());
    const auto kept = static_cast<std::size_t>(std::llround(share * static_cast<double>(sample.size())));
    if (!is_finite(sample)) check_finite(gradient);
    const Pairs largest = primitives_->select_largest(sample, std::clamp<std::size_t>(kept, 1, sample.size()));
    float smallest = std::abs(largest.values.front());
    for (const float value : largest.values) smallest = std::min(smallest, std::abs(value));
    return smallest;
  }

  std::unique_ptr<const Codec> pairs_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_sampled_pairs(const CodecOptions& options,
                                                std::shared_ptr<const Primitives> primitives) {
  auto pairs = make_top_k(options, primitives);
  return std::make_unique<SampledPairs>(std::move(pairs), std::move(primitives));
}

}  // namespace simrun
