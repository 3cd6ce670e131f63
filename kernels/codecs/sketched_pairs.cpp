#include <algorithm>
#include <utility>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// Which elements are entries of any of the sketches, and the sum of these, counter by counter.
class SketchSum final : public Aggregator {
 public:
  explicit SketchSum(std::shared_ptr<const Primitives> primitives) : primitives_(std::move(primitives)) {}

  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::sketch);
    const Payload::Header& header = parts.front().header();
    if (!all_have_contents(parts)) return parts.front().without_contents();
    std::vector<std::byte> sum(parts.front().bytes().begin(), parts.front().bytes().end());
    const std::size_t bits = view_sketch(parts.front()).words.size_bytes();
    const auto words = view_as<std::uint32_t>(std::span(sum).subspan(Payload::header_bytes, bits));
    const auto counters = view_as<float>(std::span(sum).subspan(Payload::header_bytes + bits));
    for (const Payload& part : parts.subspan(1)) {
      const SketchView more = view_sketch(part);
      for (std::size_t i = 0; i < words.size(); ++i) words[i] |= more.words[i];
      primitives_->accumulate(more.counters, 1.0F, counters);
    }
    return Payload::make(header, std::move(sum));
  }

 private:
  std::shared_ptr<const Primitives> primitives_;
};

/// The K largest elements, those that are not zero, as a count sketch of their values and a bit an element that says
/// which they are. Sketches of all workers are added up, and all entries of the sum are recovered where they are few
/// enough for its counters; what is recovered wrongly else is lost.
/// Source: Li et al., "Accelerating distributed deep learning using lossless homomorphic compression", 2024
/// (arXiv 2402.07529), there of a gradient that is sparse already.
class SketchedPairs final : public Codec {
 public:
  SketchedPairs(std::uint32_t counters, std::shared_ptr<const Primitives> primitives)
      : counters_(counters), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::sum; }
  PayloadKind kind() const override { return PayloadKind::sketch; }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext&) const override {
    const Pairs largest = primitives_->select_largest(gradient, entries);
    return sketched({largest.indices, largest.values}, *shape(gradient.size(), entries, {}));
  }

  bool keeps_largest() const override { return true; }

  Payload encode_largest(PairsView largest, std::uint64_t elements) const override {
    return sketched(largest, *shape(elements, largest.indices.size(), {}));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    const SketchView view = view_sketch(payload);
    const std::vector<std::uint32_t> indices = view.indices();
    std::vector<float> values(indices.size());
    primitives_->peel(indices, view.counters, values);
    primitives_->scatter_add(PairsView{indices, values}, weight, out);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext&) const override {
    check_payload(accepted, kind(), residual.size());
    primitives_->scatter_zero(view_sketch(accepted).indices(), residual);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape>) const override {
    return full_header(kind(), elements, SketchFormat::with(entries * counters_, elements));
  }

  bool sizes_need_contents() const override { return false; }

  std::unique_ptr<const Aggregator> aggregator() const override { return std::make_unique<SketchSum>(primitives_); }

 private:
  Payload sketched(PairsView pairs, const Payload::Header& header) const {
    std::vector<std::byte> bytes(header.bytes);
    const std::size_t bits = sign_words(header.elements) * sizeof(std::uint32_t);
    const auto words = view_as<std::uint32_t>(std::span(bytes).subspan(Payload::header_bytes, bits));
    for (std::size_t j = 0; j < pairs.indices.size(); ++j) {
      const std::uint32_t index = pairs.indices[j];
      words[index / 32] |= std::uint32_t{pairs.values[j] != 0} << index % 32;
    }
    primitives_->sketch(pairs, view_as<float>(std::span(bytes).subspan(Payload::header_bytes + bits)));
    return Payload::make(header, std::move(bytes));
  }

  std::uint32_t counters_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_sketched_pairs(const CodecOptions& options,
                                                 std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<SketchedPairs>(options.counters, std::move(primitives));
}

}  // namespace simrun
