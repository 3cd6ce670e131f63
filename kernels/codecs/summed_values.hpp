#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/layout.hpp"

namespace simrun {

/// A codec of values that are added up, as many as N, K and the shapes of tensors say.
class SummedValues : public Codec {
 public:
  explicit SummedValues(std::shared_ptr<const Primitives> primitives, Precision precision = Precision::fp32)
      : precision_(precision), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::sum; }
  PayloadKind kind() const override { return dense_kind(precision_); }
  bool sizes_need_contents() const override { return false; }
  std::unique_ptr<const Aggregator> aggregator() const override { return make_dense_sum(kind(), primitives_); }

 protected:
  const Primitives& primitives() const { return *primitives_; }

  /// Adds weight times what a payload of values stands for to `out`, at these indices.
  void add_at(std::span<const std::uint32_t> indices, const Payload& payload, float weight,
              std::span<float> out) const {
    check_payload(payload, kind(), indices.size());
    check_contents(payload);
    if (precision_ == Precision::fp32)
      return primitives_->scatter_add({indices, view_as<float>(payload.bytes())}, weight, out);
    std::vector<float> values(indices.size());
    widen(precision_, view_as<std::uint16_t>(payload.bytes()), values);
    primitives_->scatter_add(PairsView{indices, values}, weight, out);
  }

  /// Takes what was sent out of `residual`.
  void take_out(std::span<const std::uint32_t> indices, const Payload& sent, std::span<float> residual) const {
    if (precision_ == Precision::fp32) return primitives_->scatter_zero(indices, residual);
    add_at(indices, sent, -1.0F, residual);
  }

  Precision precision_;

 private:
  std::shared_ptr<const Primitives> primitives_;
};

/// Of codings that can be added up without scales: fp32, fp16 and bf16.
inline Precision summed_precision(ValueCoding values) {
  return values == ValueCoding::fp16   ? Precision::fp16
         : values == ValueCoding::bf16 ? Precision::bf16
                                       : Precision::fp32;
}

}  // namespace simrun
