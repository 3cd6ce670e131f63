#include <algorithm>
#include <utility>

#include "kernels/codecs/codecs.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// Merges from left to right to as many entries as the first part has.
/// Source: gTop-k, Shi et al., ICDCS 2019.
class PairsMerge final : public Aggregator {
 public:
  explicit PairsMerge(std::shared_ptr<const Primitives> primitives) : primitives_(std::move(primitives)) {}

  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::pairs);
    const Payload& first = parts.front();
    if (parts.size() == 1) return first;
    if (!all_have_contents(parts)) return combined_size(first);
    std::vector<std::uint32_t> decoded;
    std::vector<std::uint32_t> next;
    const PairsView start = view_pairs(first, decoded);
    Pairs merged;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const PairsView so_far = i == 1 ? start : PairsView{merged.indices, merged.values};
      merged =
          primitives_->merge_largest(so_far, view_pairs(parts[i], next), static_cast<std::size_t>(first.entries()));
    }
    return make_pairs(first.index(), first.elements(), {merged.indices, merged.values});
  }

  /// The entries of `sent` whose index is in `result`. An entry that was dropped on the way and whose index came back
  /// through another branch counts as accepted, as in the published method.
  Payload accepted(const Payload& sent, const Payload& result) const override {
    check_payload(result, PayloadKind::pairs, sent.elements());
    std::vector<std::uint32_t> decoded_sent;
    std::vector<std::uint32_t> decoded_result;
    const PairsView all = view_pairs(sent, decoded_sent);
    const PairsView kept = view_pairs(result, decoded_result);
    Pairs both;
    auto at = kept.indices.begin();
    for (std::size_t j = 0; j < all.indices.size(); ++j) {
      while (at != kept.indices.end() && *at < all.indices[j]) ++at;
      if (at == kept.indices.end()) break;
      if (*at != all.indices[j]) continue;
      both.indices.push_back(all.indices[j]);
      both.values.push_back(all.values[j]);
    }
    return make_pairs(sent.index(), sent.elements(), {both.indices, both.values});
  }

 private:
  /// The union is never smaller than the first part, so the result has as many entries as that.
  static Payload combined_size(const Payload& first) {
    const auto header = sparse_header(first.kind(), first.index(), first.elements(), first.entries());
    if (!header) throw PayloadError("the size of these payloads, merged, depends on their indices");
    return Payload::size_only(*header);
  }

  std::shared_ptr<const Primitives> primitives_;
};

/// Indices and values of the K largest elements, which receivers gather or merge.
class PairsCodec final : public Codec {
 public:
  PairsCodec(Combining combining, IndexCoding coding, std::shared_ptr<const Primitives> primitives)
      : combining_(combining), coding_(index_coding(coding).coding), primitives_(std::move(primitives)) {}

  Combining combining() const override { return combining_; }
  PayloadKind kind() const override { return PayloadKind::pairs; }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext&) const override {
    const Pairs pairs = primitives_->select_largest(gradient, entries);
    return encode_largest({pairs.indices, pairs.values}, gradient.size());
  }

  bool keeps_largest() const override { return true; }

  Payload encode_largest(PairsView largest, std::uint64_t elements) const override {
    return make_pairs(coding_, elements, largest);
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    std::vector<std::uint32_t> decoded;
    primitives_->scatter_add(view_pairs(payload, decoded), weight, out);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext&) const override {
    check_payload(accepted, kind(), residual.size());
    std::vector<std::uint32_t> decoded;
    primitives_->scatter_zero(view_pairs(accepted, decoded).indices, residual);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape>) const override {
    return sparse_header(kind(), coding_, elements, entries);
  }

  bool sizes_need_contents() const override { return !shape(1, 1, {}).has_value(); }

  std::unique_ptr<const Aggregator> aggregator() const override {
    return combining_ == Combining::merge ? std::make_unique<PairsMerge>(primitives_) : nullptr;
  }

 private:
  Combining combining_;
  IndexCoding coding_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_top_k(const CodecOptions& options, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<PairsCodec>(Combining::gather, options.index, std::move(primitives));
}

std::unique_ptr<const Codec> make_gtop_k(const CodecOptions& options, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<PairsCodec>(Combining::merge, options.index, std::move(primitives));
}

}  // namespace simrun
