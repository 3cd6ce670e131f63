#include <stdexcept>
#include <utility>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/summed_values.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// The first round: which K elements of the leader's gradient are the largest.
/// Source: CLT-k, Chen et al., ScaleCom, NeurIPS 2020.
class LeaderIndices final : public Codec {
 public:
  LeaderIndices(IndexCoding coding, std::shared_ptr<const Primitives> primitives)
      : coding_(index_coding(coding).coding), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::lead; }
  PayloadKind kind() const override { return PayloadKind::indices; }

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext&) const override {
    const Pairs pairs = primitives_->select_largest(gradient, entries);
    return encode_largest({pairs.indices, pairs.values}, gradient.size());
  }

  bool keeps_largest() const override { return true; }

  Payload encode_largest(PairsView largest, std::uint64_t elements) const override {
    return make_indices(coding_, elements, largest.indices);
  }

  void decode(const Payload&, float, std::span<float>, const RoundContext&) const override { fail(); }
  void settle(const Payload&, std::span<float>, const RoundContext&) const override { fail(); }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape>) const override {
    return sparse_header(kind(), coding_, elements, entries);
  }

  bool sizes_need_contents() const override { return !shape(1, 1, {}).has_value(); }

  std::unique_ptr<const Aggregator> aggregator() const override { return nullptr; }

 private:
  [[noreturn]] static void fail() { throw std::logic_error("indices alone have no values"); }

  IndexCoding coding_;
  std::shared_ptr<const Primitives> primitives_;
};

/// The second round: every worker's values at these indices, added up.
class ValuesAt final : public SummedValues {
 public:
  using SummedValues::SummedValues;

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext& context) const override {
    std::vector<std::uint32_t> decoded;
    return values_at(gradient, indices_in(context, gradient.size(), decoded), primitives(), precision_);
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    std::vector<std::uint32_t> decoded;
    const auto indices = indices_in(context, out.size(), decoded);
    add_at(indices, payload, weight, out);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    std::vector<std::uint32_t> decoded;
    take_out(indices_in(context, residual.size(), decoded), accepted, residual);
  }

  void zero_sent(const Payload&, std::span<float> values, const RoundContext& context) const override {
    std::vector<std::uint32_t> decoded;
    primitives().scatter_zero(indices_in(context, values.size(), decoded), values);
  }

  std::optional<Payload::Header> shape(std::uint64_t, std::uint64_t entries,
                                       std::span<const TensorShape>) const override {
    return full_header(kind(), entries);
  }

 private:
  static std::span<const std::uint32_t> indices_in(const RoundContext& context, std::uint64_t elements,
                                                   std::vector<std::uint32_t>& decoded) {
    check_previous(context, 1);
    check_payload(context.previous[0], PayloadKind::indices, elements);
    return view_indices(context.previous[0], decoded);
  }
};

}  // namespace

std::unique_ptr<const Codec> make_leader_indices(const CodecOptions& options,
                                                 std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<LeaderIndices>(options.index, std::move(primitives));
}

std::unique_ptr<const Codec> make_values_at(const CodecOptions& options, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<ValuesAt>(std::move(primitives), summed_precision(options.values));
}

}  // namespace simrun
