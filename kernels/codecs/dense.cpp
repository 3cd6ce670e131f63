#include <cstring>
#include <utility>
#include <vector>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/finite.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// Adds in fp32, in the order of the parts, and rounds after each addition: what a chain of workers does.
class DenseSum final : public Aggregator {
 public:
  DenseSum(PayloadKind kind, std::shared_ptr<const Primitives> primitives)
      : kind_(kind), primitives_(std::move(primitives)) {}

  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, kind_);
    if (!all_have_contents(parts)) return parts.front().without_contents();
    const auto first = parts.front().bytes();
    std::vector<std::byte> sum(first.begin(), first.end());
    for (const Payload& part : parts.subspan(1)) add(part.bytes(), sum);
    return Payload::make(parts.front().header(), std::move(sum));
  }

 private:
  void add(std::span<const std::byte> part, std::span<std::byte> sum) const {
    if (const Precision precision = precision_of(kind_); precision != Precision::fp32) {
      primitives_->accumulate_narrow(precision, view_as<std::uint16_t>(part), view_as<std::uint16_t>(sum));
    } else {
      primitives_->accumulate(view_as<float>(part), 1.0F, view_as<float>(sum));
    }
  }

  PayloadKind kind_;
  std::shared_ptr<const Primitives> primitives_;
};

class Dense final : public Codec {
 public:
  Dense(Precision precision, std::shared_ptr<const Primitives> primitives)
      : precision_(precision), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::sum; }
  PayloadKind kind() const override { return dense_kind(precision_); }

  /// A value beyond the precision's range counts as not finite.
  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext&) const override {
    const Payload::Header header = full_header(kind(), gradient.size());
    std::vector<std::byte> bytes(header.bytes);
    if (precision_ != Precision::fp32) {
      primitives_->narrow(precision_, gradient, view_as<std::uint16_t>(std::span(bytes)));
    } else {
      check_finite(gradient);
      if (!bytes.empty()) std::memcpy(bytes.data(), gradient.data(), bytes.size());
    }
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    check_contents(payload);
    if (precision_ != Precision::fp32) {
      primitives_->add_narrow(precision_, view_as<std::uint16_t>(payload.bytes()), weight, out);
    } else {
      const auto values = view_as<float>(payload.bytes());
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += weight * values[i];
    }
  }

  /// Times -1 is exact, so that adding that is subtracting.
  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    decode(accepted, -1.0F, residual, context);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t,
                                       std::span<const TensorShape>) const override {
    return full_header(kind(), elements);
  }

  bool sizes_need_contents() const override { return false; }

  std::unique_ptr<const Aggregator> aggregator() const override { return make_dense_sum(kind(), primitives_); }

 private:
  Precision precision_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Aggregator> make_dense_sum(PayloadKind kind, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<DenseSum>(kind, std::move(primitives));
}

std::unique_ptr<const Codec> make_dense(const CodecOptions& options, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<Dense>(options.precision, std::move(primitives));
}

}  // namespace simrun
