#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/codecs/codecs.hpp"
#include "kernels/finite.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// Adds up all payloads and keeps as many of the largest sums as the first has entries; what is cut off goes to the
/// residual of whoever added up.
class SumsCut final : public Aggregator {
 public:
  explicit SumsCut(std::shared_ptr<const Primitives> primitives) : primitives_(std::move(primitives)) {}

  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::pairs);
    const Payload& first = parts.front();
    if (parts.size() == 1) return first;
    // The union is never smaller than the first part.
    if (!all_have_contents(parts)) return first.without_contents();
    const Pairs sums = sum_of(parts.first(parts.size() - 1));
    Pairs decoded;
    const Pairs largest = primitives_->merge_largest({sums.indices, sums.values}, view_pairs(parts.back(), decoded),
                                                     static_cast<std::size_t>(first.entries()));
    return make_pairs(first.index(), first.elements(), {largest.indices, largest.values});
  }

  std::optional<Payload> cut_off(std::span<const Payload> parts, const Payload& result) const override {
    if (!all_have_contents(parts)) return std::nullopt;
    const Pairs sums = sum_of(parts);
    Pairs decoded;
    const std::span<const std::uint32_t> kept = view_pairs(result, decoded).indices;
    Pairs rest;
    auto at = kept.begin();
    for (std::size_t j = 0; j < sums.indices.size(); ++j) {
      if (at != kept.end() && *at == sums.indices[j]) {
        ++at;
        continue;
      }
      rest.indices.push_back(sums.indices[j]);
      rest.values.push_back(sums.values[j]);
    }
    return make_pairs(result.index(), result.elements(), {rest.indices, rest.values});
  }

 private:
  /// From left to right.
  Pairs sum_of(std::span<const Payload> parts) const {
    Pairs decoded;
    Pairs sums = read_pairs(parts.front());
    for (const Payload& part : parts.subspan(1)) {
      const PairsView more = view_pairs(part, decoded);
      sums = primitives_->merge_largest({sums.indices, sums.values}, more, sums.indices.size() + more.indices.size());
    }
    return sums;
  }

  std::shared_ptr<const Primitives> primitives_;
};

/// Indices and values of the largest elements of each of M parts, as many as its share of K; sums of parts are cut to
/// as many.
/// Source: SparDL, Zhao et al., ICDE 2024 (arXiv 2304.00737), with one team and global residuals.
class PartedPairs final : public Codec {
 public:
  explicit PartedPairs(std::shared_ptr<const Primitives> primitives)
      : pairs_(make_top_k({}, primitives)), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::merge_parts; }
  PayloadKind kind() const override { return PayloadKind::pairs; }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override {
    const std::uint64_t elements = gradient.size();
    const std::uint64_t size = (elements + context.workers - 1) / context.workers;
    if (context.workers > 1) check_finite(gradient);  // of a part, the element's number would be told
    Pairs all;
    for (std::uint64_t begin = 0; begin < elements; begin += size) {
      const std::uint64_t end = std::min(begin + size, elements);
      const std::uint64_t share = share_of_entries(entries, elements, begin, end);
      if (share == 0) continue;
      const Pairs largest = primitives_->select_largest(gradient.subspan(begin, end - begin), share);
      for (const std::uint32_t i : largest.indices) all.indices.push_back(static_cast<std::uint32_t>(begin + i));
      all.values.insert(all.values.end(), largest.values.begin(), largest.values.end());
    }
    return make_pairs(IndexCoding::raw32, elements, {all.indices, all.values});
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    pairs_->decode(payload, weight, out, context);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    pairs_->settle(accepted, residual, context);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape> tensors) const override {
    return pairs_->shape(elements, entries, tensors);
  }

  bool sizes_need_contents() const override { return false; }
  std::unique_ptr<const Aggregator> aggregator() const override { return std::make_unique<SumsCut>(primitives_); }

 private:
  std::unique_ptr<const Codec> pairs_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_parted_pairs(const CodecOptions&, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<PartedPairs>(std::move(primitives));
}

}  // namespace simrun
