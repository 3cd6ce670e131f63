#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "kernels/codecs/threshold_pairs.hpp"
#include "kernels/finite.hpp"
#include "kernels/sampled_threshold.hpp"

namespace simrun {
namespace {

/// Pairs whose magnitude is at least a threshold that keeps about K of N: that which keeps as large a share of a sample
/// of every so-manieth element, from a random one on, corrected by a factor as long as it keeps too many or too few, a
/// few times. What it then keeps beyond those bounds is cut off, or added, by magnitude, which is not in MergeComp's
/// code (SampledThreshold has sources).
class SampledPairs final : public ThresholdPairs {
 public:
  using ThresholdPairs::ThresholdPairs;

  /// Thresholds are held against the largest elements, one more than may be kept, so that all are looked at once and
  /// not once for each threshold.
  std::vector<Payload> sizes(std::span<const float> gradient, std::size_t entries,
                             std::span<const RoundContext> steps) const override {
    const std::uint64_t enough = most_entries(entries) + 1;
    const Pairs largest = primitives().select_largest(gradient, std::min<std::uint64_t>(enough, gradient.size()));
    const auto above = [&](float threshold) { return primitives().count_above(largest.values, threshold); };
    std::vector<Payload> all;
    for (const RoundContext& step : steps)
      all.push_back(size_of(gradient, kept_of(gradient, entries, step.seed, above), step));
    return all;
  }

 private:
  std::size_t kept(std::span<const float> gradient, std::size_t entries, std::uint64_t seed) const override {
    const auto above = [&](float threshold) { return primitives().count_above(gradient, threshold); };
    return kept_of(gradient, entries, seed, above);
  }

  /// `above` tells how many have at least that magnitude; beyond the most that may be kept, any number beyond it does.
  std::size_t kept_of(std::span<const float> gradient, std::size_t entries, std::uint64_t seed,
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

  std::uint64_t most_entries(std::uint64_t entries) const override { return SampledThreshold::most_entries(entries); }

  float first_threshold(std::span<const float> gradient, const SampledThreshold& plan) const {
    std::vector<float> sample(plan.sample_size);
    for (std::size_t j = 0; j < sample.size(); ++j) sample[j] = gradient[plan.first + j * plan.stride];
    if (!is_finite(sample)) check_finite(gradient);
    const Pairs largest = primitives().select_largest(sample, plan.sample_kept);
    float smallest = std::abs(largest.values.front());
    for (const float value : largest.values) smallest = std::min(smallest, std::abs(value));
    return smallest;
  }
};

}  // namespace

std::unique_ptr<const Codec> make_sampled_pairs(const CodecOptions& options,
                                                std::shared_ptr<const Primitives> primitives) {
  auto pairs = make_top_k(options, primitives);
  return std::make_unique<SampledPairs>(std::move(pairs), std::move(primitives));
}

}  // namespace simrun
