#include <Eigen/Core>
#include <utility>
#include <vector>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/finite.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

using Eigen::half;  // rounds to nearest, ties to even

template <class Value>
constexpr PayloadKind kind_of = sizeof(Value) == 2 ? PayloadKind::dense16 : PayloadKind::dense32;

/// Adds in fp32, in the order of the parts, and rounds after each addition: what a chain of workers does.
template <class Value>
class DenseSum final : public Aggregator {
 public:
  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, kind_of<Value>);
    if (!all_have_contents(parts)) return parts.front().without_contents();
    const auto first = parts.front().bytes();
    std::vector<std::byte> bytes(first.begin(), first.end());
    const auto sum = view_as<Value>(std::span(bytes));
    for (const Payload& part : parts.subspan(1)) {
      const auto values = view_as<Value>(part.bytes());
      for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] = static_cast<Value>(static_cast<float>(sum[i]) + static_cast<float>(values[i]));
      }
    }
    return Payload::make(parts.front().header(), std::move(bytes));
  }
};

template <class Value>
class Dense final : public Codec {
 public:
  Combining combining() const override { return Combining::sum; }
  PayloadKind kind() const override { return kind_of<Value>; }

  /// A value beyond the range of fp16 counts as not finite where values are fp16.
  Payload encode(std::span<const float> gradient, std::size_t, const EncodeContext&) const override {
    check_finite(gradient);
    const Payload::Header header = dense_header(kind(), gradient.size());
    std::vector<std::byte> bytes(header.bytes);
    const auto values = view_as<Value>(std::span(bytes));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<Value>(gradient[i]);
      if constexpr (sizeof(Value) == 2) {
        if (!(Eigen::numext::isfinite)(values[i])) throw NonFiniteError(i);
      }
    }
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out) const override {
    const auto values = values_of(payload, out.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += weight * static_cast<float>(values[i]);
  }

  void settle(const Payload& accepted, std::span<float> residual) const override {
    const auto values = values_of(accepted, residual.size());
    for (std::size_t i = 0; i < residual.size(); ++i) residual[i] -= static_cast<float>(values[i]);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t) const override {
    return dense_header(kind(), elements);
  }

  std::unique_ptr<const Aggregator> aggregator() const override { return std::make_unique<DenseSum<Value>>(); }

 private:
  std::span<const Value> values_of(const Payload& payload, std::size_t elements) const {
    check_payload(payload, kind(), elements);
    check_contents(payload);
    return view_as<Value>(payload.bytes());
  }
};

}  // namespace

std::unique_ptr<const Codec> make_dense(const CodecOptions& options, std::shared_ptr<const Primitives>) {
  if (options.half_precision) return std::make_unique<Dense<half>>();
  return std::make_unique<Dense<float>>();
}

}  // namespace simrun
