#include "kernels/codecs/two_way.hpp"

#include "kernels/server_sum.hpp"

namespace simrun {
namespace {

class TwoWay final : public Codec {
 public:
  explicit TwoWay(std::shared_ptr<const Codec> codec) : codec_(std::move(codec)) {}

  Combining combining() const override { return Combining::sum_again; }
  PayloadKind kind() const override { return codec_->kind(); }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override {
    return codec_->encode(gradient, entries, context);
  }

  bool keeps_largest() const override { return codec_->keeps_largest(); }

  Payload encode_largest(PairsView largest, std::uint64_t elements) const override {
    return codec_->encode_largest(largest, elements);
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    codec_->decode(payload, weight, out, context);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    codec_->settle(accepted, residual, context);
  }

  void zero_sent(const Payload& sent, std::span<float> values, const RoundContext& context) const override {
    codec_->zero_sent(sent, values, context);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape> tensors) const override {
    return codec_->shape(elements, entries, tensors);
  }

  std::uint64_t most_bytes(std::uint64_t elements, std::uint64_t entries) const override {
    return codec_->most_bytes(elements, entries);
  }

  bool sizes_need_contents() const override { return codec_->sizes_need_contents(); }
  std::unique_ptr<const Aggregator> aggregator() const override { return std::make_unique<ServerSum>(codec_); }

 private:
  std::shared_ptr<const Codec> codec_;
};

}  // namespace

std::unique_ptr<const Codec> make_two_way(std::unique_ptr<const Codec> codec) {
  return std::make_unique<TwoWay>(std::move(codec));
}

}  // namespace simrun
