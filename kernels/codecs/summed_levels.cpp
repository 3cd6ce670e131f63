#include <utility>

#include "kernels/codecs/codecs.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// Adds what payloads stand for in fp32, in the order of the parts, and writes the sum densely. Throws NonFiniteError
/// for one beyond the range of its precision.
class DecodedSum final : public Aggregator {
 public:
  DecodedSum(const CodecOptions& options, const std::shared_ptr<const Primitives>& primitives)
      : levels_(make_block_quantization(options, primitives)), dense_(make_dense(options, primitives)) {}

  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, levels_->kind());
    const std::uint64_t elements = parts.front().elements();
    if (!all_have_contents(parts)) return Payload::size_only(full_header(dense_->kind(), elements));
    std::vector<float> sum(elements);
    for (const Payload& part : parts) levels_->decode(part, 1.0F, sum, {});
    return dense_->encode(sum, elements, {});
  }

 private:
  std::unique_ptr<const Codec> levels_;
  std::unique_ptr<const Codec> dense_;
};

/// Levels in blocks, as `block-quantization` writes them, to whoever adds them up; from there the sum, dense, to all.
/// The residual keeps what a worker's rounding is off by; what the sum is rounded by is in no worker's. Sources:
/// ZeRO++, Wang et al., 2023 (arXiv 2306.10209), its reduce-scatter of gradients of 4 bits; LoCo, Xie, Lin, Toh, Zhou,
/// 2024 (arXiv 2407.04480), the same with a moving average of errors. There parameters are gathered, which take as many
/// bytes as the sum.
class SummedLevels final : public Codec {
 public:
  SummedLevels(const CodecOptions& options, std::shared_ptr<const Primitives> primitives)
      : options_(options),
        levels_(make_block_quantization(options, primitives)),
        dense_(make_dense(options, primitives)),
        primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::sum_once; }
  PayloadKind kind() const override { return levels_->kind(); }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override {
    return levels_->encode(gradient, entries, context);
  }

  /// What a worker sends, or the sum.
  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    (payload.kind() == dense_->kind() ? dense_ : levels_)->decode(payload, weight, out, context);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    levels_->settle(accepted, residual, context);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape> tensors) const override {
    return levels_->shape(elements, entries, tensors);
  }

  bool sizes_need_contents() const override { return false; }
  std::unique_ptr<const Aggregator> aggregator() const override {
    return std::make_unique<DecodedSum>(options_, primitives_);
  }

 private:
  CodecOptions options_;
  std::unique_ptr<const Codec> levels_;
  std::unique_ptr<const Codec> dense_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_summed_levels(const CodecOptions& options,
                                                std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<SummedLevels>(options, std::move(primitives));
}

}  // namespace simrun
