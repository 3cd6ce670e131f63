#include <algorithm>
#include <utility>

#include "kernels/codecs/codecs.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// The entries of `sent` whose index is in `result`.
Payload entries_in_both(const Payload& sent, const Payload& result) {
  check_payload(result, PayloadKind::pairs, sent.elements());
  std::vector<std::uint32_t> decoded_sent;
  std::vector<std::uint32_t> decoded_result;
  const auto all = view_body(sent, PayloadKind::pairs, decoded_sent).indices;
  const auto kept = view_body(result, PayloadKind::pairs, decoded_result).indices;
  std::vector<std::uint64_t> both;
  auto at = kept.begin();
  for (std::size_t j = 0; j < all.size(); ++j) {
    while (at != kept.end() && *at < all[j]) ++at;
    if (at == kept.end()) break;
    if (*at == all[j]) both.push_back(j);
  }
  return chosen_pairs(sent, both);
}

/// Merges from left to right to as many entries as the first part has. Values of another coding than fp32 are written
/// in it again; what that rounds off is in no worker's residual. Throws NonFiniteError for a sum beyond fp16 or bf16.
/// Source: gTop-k, Shi et al., ICDCS 2019.
class PairsMerge final : public Aggregator {
 public:
  explicit PairsMerge(std::shared_ptr<const Primitives> primitives) : primitives_(std::move(primitives)) {}

  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::pairs);
    const Payload& first = parts.front();
    if (parts.size() == 1) return first;
    if (!all_have_contents(parts)) return combined_size(first);
    Pairs decoded;
    Pairs next;
    const PairsView start = view_pairs(first, decoded);
    Pairs merged;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const PairsView so_far = i == 1 ? start : PairsView{merged.indices, merged.values};
      merged =
          primitives_->merge_largest(so_far, view_pairs(parts[i], next), static_cast<std::size_t>(first.entries()));
    }
    return make_pairs(first.index(), first.elements(), {merged.indices, merged.values},
                      values_of(first.header().format));
  }

  /// The entries of `sent` whose index is in `result`. An entry that was dropped on the way and whose index came back
  /// through another branch counts as accepted, as in the published method.
  Payload accepted(const Payload& sent, const Payload& result) const override { return entries_in_both(sent, result); }

 private:
  /// The union is never smaller than the first part, so the result has as many entries as that.
  static Payload combined_size(const Payload& first) {
    const auto header =
        sparse_header(first.kind(), first.index(), first.elements(), first.entries(), first.header().format);
    if (!header) throw PayloadError("the size of these payloads, merged, depends on their indices");
    return Payload::size_only(*header);
  }

  std::shared_ptr<const Primitives> primitives_;
};

/// Adds up all entries, in pairs of neighbours until one is left. Of its sums the collective keeps the largest, to
/// which every worker that sent such an entry has added it. Source: Ok-Topk, Li and Hoefler, PPoPP 2022 (arXiv
/// 2201.07598).
class PairsSum final : public Aggregator {
 public:
  explicit PairsSum(std::shared_ptr<const Primitives> primitives) : primitives_(std::move(primitives)) {}

  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::pairs);
    const Payload& first = parts.front();
    if (parts.size() == 1) return first;
    if (!all_have_contents(parts))
      throw PayloadError("how many entries payloads have together depends on their indices");
    std::vector<Pairs> sums;
    for (const Payload& part : parts) sums.push_back(read_pairs(part));
    while (sums.size() > 1) {
      for (std::size_t i = 0; i < sums.size() / 2; ++i) sums[i] = sum_of(sums[2 * i], sums[2 * i + 1]);
      if (sums.size() % 2 != 0) sums[sums.size() / 2] = std::move(sums.back());
      sums.resize((sums.size() + 1) / 2);
    }
    return make_pairs(first.index(), first.elements(), {sums.front().indices, sums.front().values});
  }

  Payload accepted(const Payload& sent, const Payload& result) const override { return entries_in_both(sent, result); }

 private:
  Pairs sum_of(const Pairs& a, const Pairs& b) const {
    return primitives_->merge_largest({a.indices, a.values}, {b.indices, b.values},
                                      a.indices.size() + b.indices.size());
  }

  std::shared_ptr<const Primitives> primitives_;
};

/// Indices and values of the K largest elements, which receivers gather, merge or add up. The residual keeps what a
/// coding of the values rounds off.
class PairsCodec final : public Codec {
 public:
  PairsCodec(Combining combining, const CodecOptions& options, std::shared_ptr<const Primitives> primitives)
      : combining_(combining),
        coding_(index_coding(options.index).coding),
        values_(options.values),
        primitives_(std::move(primitives)) {}

  Combining combining() const override { return combining_; }
  PayloadKind kind() const override { return PayloadKind::pairs; }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext&) const override {
    const Pairs pairs = primitives_->select_largest(gradient, entries);
    return encode_largest({pairs.indices, pairs.values}, gradient.size());
  }

  bool keeps_largest() const override { return true; }

  Payload encode_largest(PairsView largest, std::uint64_t elements) const override {
    return make_pairs(coding_, elements, largest, values_);
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    Pairs decoded;
    primitives_->scatter_add(view_pairs(payload, decoded), weight, out);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    if (values_ == ValueCoding::fp32) return zero_sent(accepted, residual, context);
    decode(accepted, -1.0F, residual, context);
  }

  void zero_sent(const Payload& sent, std::span<float> values, const RoundContext&) const override {
    check_payload(sent, kind(), values.size());
    std::vector<std::uint32_t> decoded;
    primitives_->scatter_zero(view_body(sent, kind(), decoded).indices, values);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape>) const override {
    return sparse_header(kind(), coding_, elements, entries, with_values(0, values_));
  }

  bool sizes_need_contents() const override {
    return combining_ == Combining::sum_entries || !shape(1, 1, {}).has_value();
  }

  std::unique_ptr<const Aggregator> aggregator() const override {
    if (combining_ == Combining::sum_entries) return std::make_unique<PairsSum>(primitives_);
    return combining_ == Combining::merge ? std::make_unique<PairsMerge>(primitives_) : nullptr;
  }

 private:
  Combining combining_;
  IndexCoding coding_;
  ValueCoding values_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_top_k(const CodecOptions& options, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<PairsCodec>(Combining::gather, options, std::move(primitives));
}

std::unique_ptr<const Codec> make_gtop_k(const CodecOptions& options, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<PairsCodec>(Combining::merge, options, std::move(primitives));
}

std::unique_ptr<const Codec> make_ok_top_k(const CodecOptions& options, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<PairsCodec>(Combining::sum_entries, CodecOptions{.index = options.index},
                                      std::move(primitives));
}

}  // namespace simrun
