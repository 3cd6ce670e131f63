#include <utility>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/summed_values.hpp"
#include "kernels/drawn_indices.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// Indices of K of N elements.
using Draw = std::vector<std::uint32_t> (*)(std::uint64_t seed, std::uint64_t elements, std::uint64_t entries);

/// The values of K elements that all workers draw alike, added up: no index travels. Without error feedback the values
/// are scaled by N/K, which makes their mean that of all N.
/// Sources: elements one by one, Stich, Cordonnier, Jaggi, "Sparsified SGD with memory", NeurIPS 2018, rand-k; a block
/// of them, Foroutan Eghlidi and Jaggi, 2020 (arXiv 2009.09271).
class RandomEntries final : public SummedValues {
 public:
  RandomEntries(Draw draw, const CodecOptions& options, std::shared_ptr<const Primitives> primitives)
      : SummedValues(std::move(primitives), summed_precision(options.values)),
        draw_(draw),
        is_scaled_(!options.error_feedback) {}

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override {
    return values_at(gradient, draw_(context.shared_seed, gradient.size(), entries), primitives(), precision_);
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    const float scale = is_scaled_ && payload.elements() > 0
                            ? static_cast<float>(out.size()) / static_cast<float>(payload.elements())
                            : 1.0F;
    const auto indices = draw_(context.shared_seed, out.size(), payload.elements());
    add_at(indices, payload, weight * scale, out);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    take_out(draw_(context.shared_seed, residual.size(), accepted.elements()), accepted, residual);
  }

  void zero_sent(const Payload& sent, std::span<float> values, const RoundContext& context) const override {
    primitives().scatter_zero(draw_(context.shared_seed, values.size(), sent.elements()), values);
  }

  std::optional<Payload::Header> shape(std::uint64_t, std::uint64_t entries,
                                       std::span<const TensorShape>) const override {
    return full_header(kind(), entries);
  }

 private:
  Draw draw_;
  bool is_scaled_;
};

/// The same where each worker draws its own and says which: pairs, gathered.
class SentRandomEntries final : public Codec {
 public:
  SentRandomEntries(const CodecOptions& options, std::shared_ptr<const Primitives> primitives)
      : is_scaled_(!options.error_feedback),
        values_(options.values),
        pairs_(make_top_k({.values = options.values}, primitives)),
        primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::gather; }
  PayloadKind kind() const override { return PayloadKind::pairs; }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override {
    const auto indices = draw_indices(context.seed, gradient.size(), entries);
    const Payload values = values_at(gradient, indices, *primitives_);
    return make_pairs(IndexCoding::raw32, gradient.size(), {indices, view_as<float>(values.bytes())}, values_);
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    const float scale = is_scaled_ && payload.entries() > 0
                            ? static_cast<float>(out.size()) / static_cast<float>(payload.entries())
                            : 1.0F;
    pairs_->decode(payload, weight * scale, out, context);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    pairs_->settle(accepted, residual, context);
  }

  void zero_sent(const Payload& sent, std::span<float> values, const RoundContext& context) const override {
    pairs_->zero_sent(sent, values, context);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape> tensors) const override {
    return pairs_->shape(elements, entries, tensors);
  }

  bool sizes_need_contents() const override { return false; }
  std::unique_ptr<const Aggregator> aggregator() const override { return nullptr; }

 private:
  bool is_scaled_;
  ValueCoding values_;
  std::unique_ptr<const Codec> pairs_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_random_entries(const CodecOptions& options,
                                                 std::shared_ptr<const Primitives> primitives) {
  if (options.sends_indices) return std::make_unique<SentRandomEntries>(options, std::move(primitives));
  return std::make_unique<RandomEntries>(draw_indices, options, std::move(primitives));
}

std::unique_ptr<const Codec> make_random_block(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<RandomEntries>(draw_block, options, std::move(primitives));
}

}  // namespace simrun
