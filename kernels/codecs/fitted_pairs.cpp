#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/codecs/threshold_pairs.hpp"
#include "kernels/fitted_threshold.hpp"

namespace simrun {
namespace {

/// Pairs whose magnitude is at least a threshold that keeps about K of N, fitted in stages. What it keeps beyond bounds
/// is cut off, or added, by magnitude (FittedThreshold has the source).
class FittedPairs final : public ThresholdPairs {
 public:
  using ThresholdPairs::ThresholdPairs;

  std::vector<Payload> sizes(std::span<const float> gradient, std::size_t entries,
                             std::span<const RoundContext> steps) const override {
    const Payload size = size_of(gradient, kept(gradient, entries, 0), {});
    return {steps.size(), size};  // nothing is drawn
  }

 private:
  std::size_t kept(std::span<const float> gradient, std::size_t entries, std::uint64_t) const override {
    const FittedThreshold plan(gradient.size(), entries);
    const std::size_t count = primitives().fitted_count(gradient, plan);
    return std::min(std::clamp(count, plan.least, plan.most), gradient.size());
  }

  std::uint64_t most_entries(std::uint64_t entries) const override { return FittedThreshold::most_entries(entries); }
};

}  // namespace

std::unique_ptr<const Codec> make_fitted_pairs(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives) {
  auto pairs = make_top_k(options, primitives);
  return std::make_unique<FittedPairs>(std::move(pairs), std::move(primitives));
}

}  // namespace simrun
