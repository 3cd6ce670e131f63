#include "kernels/codecs/threshold_pairs.hpp"

#include <algorithm>
#include <utility>

namespace simrun {

ThresholdPairs::ThresholdPairs(std::unique_ptr<const Codec> pairs, std::shared_ptr<const Primitives> primitives)
    : pairs_(std::move(pairs)), primitives_(std::move(primitives)) {}

Payload ThresholdPairs::encode(std::span<const float> gradient, std::size_t entries,
                               const RoundContext& context) const {
  return pairs_->encode(gradient, kept(gradient, entries, context.seed), context);  // which looks at all elements
}

Payload ThresholdPairs::size_of(std::span<const float> gradient, std::size_t kept, const RoundContext& context) const {
  const auto shape = pairs_->shape(gradient.size(), kept, {});
  return shape ? Payload::size_only(*shape) : pairs_->encode(gradient, kept, context).without_contents();
}

void ThresholdPairs::decode(const Payload& payload, float weight, std::span<float> out,
                            const RoundContext& context) const {
  pairs_->decode(payload, weight, out, context);
}

void ThresholdPairs::settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const {
  pairs_->settle(accepted, residual, context);
}

void ThresholdPairs::zero_sent(const Payload& sent, std::span<float> values, const RoundContext& context) const {
  pairs_->zero_sent(sent, values, context);
}

std::optional<Payload::Header> ThresholdPairs::shape(std::uint64_t, std::uint64_t, std::span<const TensorShape>) const {
  return std::nullopt;
}

std::uint64_t ThresholdPairs::most_bytes(std::uint64_t elements, std::uint64_t entries) const {
  const std::uint64_t most = std::min(most_entries(entries), elements);
  const auto shape = pairs_->shape(elements, most, {});
  return shape ? shape->bytes : pairs_->most_bytes(elements, most);
}

}  // namespace simrun
