#pragma once

#include <memory>

#include "kernels/codecs/codecs.hpp"

namespace simrun {

/// Pairs of the largest elements, about K: as many as reach a threshold.
class ThresholdPairs : public Codec {
 public:
  /// `pairs`: how they are written.
  ThresholdPairs(std::unique_ptr<const Codec> pairs, std::shared_ptr<const Primitives> primitives);

  Combining combining() const override { return Combining::gather; }
  PayloadKind kind() const override { return PayloadKind::pairs; }
  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override;
  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override;
  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override;
  void zero_sent(const Payload& sent, std::span<float> values, const RoundContext& context) const override;
  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape> tensors) const override;
  std::uint64_t most_bytes(std::uint64_t elements, std::uint64_t entries) const override;
  std::unique_ptr<const Aggregator> aggregator() const override { return nullptr; }

 protected:
  const Primitives& primitives() const { return *primitives_; }

  /// What `encode` would make with so many elements kept, without contents.
  Payload size_of(std::span<const float> gradient, std::size_t kept, const RoundContext& context) const;

 private:
  /// How many elements are kept. Those are the largest, because all of a threshold's magnitude are.
  virtual std::size_t kept(std::span<const float> gradient, std::size_t entries, std::uint64_t seed) const = 0;

  /// At most, of K.
  virtual std::uint64_t most_entries(std::uint64_t entries) const = 0;

  std::unique_ptr<const Codec> pairs_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace simrun
