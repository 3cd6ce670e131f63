#include <utility>
#include <vector>

#include "kernels/codecs/codecs.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// Source: sparse-signSGD with majority vote, Park and Lee, arXiv 2302.07475.
class SparseSignsVote final : public Aggregator {
 public:
  explicit SparseSignsVote(std::shared_ptr<const Primitives> primitives) : primitives_(std::move(primitives)) {}

  /// The result covers the union of the parts less the ties, so its size follows from the contents only.
  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::sparse_signs);
    std::vector<std::vector<std::uint32_t>> decoded(parts.size());
    std::vector<SparseSignsView> votes;
    for (std::size_t i = 0; i < parts.size(); ++i) votes.push_back(view_sparse_signs(parts[i], decoded[i]));
    const Payload& first = parts.front();
    const SparseSigns result = primitives_->vote_sparse(votes, static_cast<std::size_t>(first.elements()));
    return make_sparse_signs(first.index(), first.elements(), {result.indices, result.signs});
  }

 private:
  std::shared_ptr<const Primitives> primitives_;
};

/// Indices and signs of the K largest elements. The sign of zero is no vote, so a zero that is among the K largest is
/// left out and the payload has fewer entries: `shape` tells the size where no zero is among them.
class SparseSignsCodec final : public Codec {
 public:
  SparseSignsCodec(IndexCoding coding, std::shared_ptr<const Primitives> primitives)
      : coding_(index_coding(coding).coding), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::vote; }
  PayloadKind kind() const override { return PayloadKind::sparse_signs; }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext&) const override {
    const Pairs pairs = primitives_->select_largest(gradient, entries);
    return encode_largest({pairs.indices, pairs.values}, gradient.size());
  }

  bool keeps_largest() const override { return true; }

  Payload encode_largest(PairsView largest, std::uint64_t elements) const override {
    const std::size_t entries = largest.indices.size();
    SparseSigns signs;
    signs.indices.reserve(entries);
    signs.signs.resize((entries + 7) / 8);
    for (std::size_t j = 0; j < entries; ++j) {
      if (largest.values[j] == 0.0F) continue;
      set_sign_bit(signs.signs, signs.indices.size(), largest.values[j] < 0.0F);
      signs.indices.push_back(largest.indices[j]);
    }
    signs.signs.resize((signs.indices.size() + 7) / 8);
    return make_sparse_signs(coding_, elements, {signs.indices, signs.signs});
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    std::vector<std::uint32_t> decoded;
    primitives_->scatter_add(view_sparse_signs(payload, decoded), weight, out);
  }

  /// What is wrong with a sign is not fed back, as in the published method.
  void settle(const Payload& accepted, std::span<float> residual, const RoundContext&) const override {
    check_payload(accepted, kind(), residual.size());
    std::vector<std::uint32_t> decoded;
    primitives_->scatter_zero(view_sparse_signs(accepted, decoded).indices, residual);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape>) const override {
    return sparse_header(kind(), coding_, elements, entries);
  }

  std::unique_ptr<const Aggregator> aggregator() const override {
    return std::make_unique<SparseSignsVote>(primitives_);
  }

 private:
  IndexCoding coding_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_sparse_signs_codec(const CodecOptions& options,
                                                     std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<SparseSignsCodec>(options.index, std::move(primitives));
}

}  // namespace simrun
