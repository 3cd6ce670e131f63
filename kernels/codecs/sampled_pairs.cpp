#include <algorithm>
#include <cmath>
#include <functional>

#include "kernels/codecs/codecs.hpp"
#include "kernels/finite.hpp"
#include "kernels/sampled_threshold.hpp"

namespace simrun {
namespace {

/// Pairs whose magnitude is at least a threshold that keeps about K of N: that which keeps as large a share of a sample
/// of every so-manieth element, from a random one on, corrected by a factor as long as it keeps too many or too few, a
/// few times. What it then keeps beyond those bounds is cut off, or added, by magnitude, which is not in MergeComp's
/// code (SampledThreshold has sources).
class SampledPairs final : public Codec {
 public:
  SampledPairs(std::unique_ptr<const Codec> pairs, std::shared_ptr<const Primitives> primitives)
      : pairs_(std::move(pairs)), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::gather; }
  PayloadKind kind() const override { return PayloadKind::pairs; }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override {
    const auto above = [&](float threshold) { return primitives_->count_above(gradient, threshold); };
    // Which looks at all elements.
    return pairs_->encode(gradient, kept(gradient, entries, context.seed, above), context);
  }

  /// Thresholds are held against the largest elements, one more than may be kept, so that all are looked at once and
  /// not once for each threshold.
  std::vector<Payload> sizes(std::span<const float> gradient, std::size_t entries,
                             std::span<const RoundContext> steps) const override {
    const std::uint64_t enough = SampledThreshold::most_entries(entries) + 1;
    const Pairs largest = primitives_->select_largest(gradient, std::min<std::uint64_t>(enough, gradient.size()));
    const auto above = [&](float threshold) { return primitives_->count_above(largest.values, threshold); };
    std::vector<Payload> all;
    for (const RoundContext& step : steps) {
      const std::size_t count = kept(gradient, entries, step.seed, above);
      const auto shape = pairs_->shape(gradient.size(), count, {});
      all.push_back(shape ? Payload::size_only(*shape) : pairs_->encode(gradient, count, step).without_contents());
    }
    return all;
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    pairs_->decode(payload, weight, out, context);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    pairs_->settle(accepted, residual, context);
  }

  void zero_sent(const Payload& sent, std::span<float> values, const RoundContext& context) const override {
    pairs_->zero_sent(sent, values, context);
  }

  std::optional<Payload::Header> shape(std::uint64_t, std::uint64_t, std::span<const TensorShape>) const override {
    return std::nullopt;
  }

  std::uint64_t most_bytes(std::uint64_t elements, std::uint64_t entries) const override {
    const std::uint64_t most = std::min<std::uint64_t>(SampledThreshold::most_entries(entries), elements);
    const auto shape = pairs_->shape(elements, most, {});
    return shape ? shape->bytes : pairs_->most_bytes(elements, most);
  }

  std::unique_ptr<const Aggregator> aggregator() const override { return nullptr; }

 private:
  /// How many elements are kept. Those are the largest, because all of a threshold's magnitude are. `above` tells how
  /// many have at least that magnitude; beyond the most that may be kept, any number beyond it does.
  std::size_t kept(std::span<const float> gradient, std::size_t entries, std::uint64_t seed,
                   const std::function<std::uint64_t(float threshold)>& above) const {
    const SampledThreshold plan(gradient.size(), entries, seed);
    float threshold = first_threshold(gradient, plan);
    std::size_t count = above(threshold);
    for (unsigned i = 0; i < plan.most_corrections && (count > plan.most || count < plan.least); ++i) {
      threshold *= static_cast<float>(count > plan.most ? plan.too_many : plan.too_few);
      count = above(threshold);
    }
    return std::min(std::clamp(count, plan.least, plan.most), gradient.size());
  }

  float first_threshold(std::span<const float> gradient, const SampledThreshold& plan) const {
    std::vector<float> sample(plan.sample_size);
    for (std::size_t j = 0; j < sample.size(); ++j) sample[j] = gradient[plan.first + j * plan.stride];
    if (!is_finite(sample)) check_finite(gradient);
    const Pairs largest = primitives_->select_largest(sample, plan.sample_kept);
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
