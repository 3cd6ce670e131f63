#pragma once

#include <memory>
#include <utility>

#include "kernels/codecs/codecs.hpp"
#include "kernels/layout.hpp"

namespace simrun {

/// A codec whose payloads, all elements of one kind, are gathered. What decoding them is off by stays in the residual.
class Gathered : public Codec {
 public:
  Gathered(PayloadKind kind, Format format, std::shared_ptr<const Primitives> primitives)
      : kind_(kind), format_(format), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::gather; }
  PayloadKind kind() const override { return kind_; }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    decode(accepted, -1.0F, residual, context);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t,
                                       std::span<const TensorShape>) const override {
    return full_header(kind_, elements, format_);
  }

  bool sizes_need_contents() const override { return false; }
  std::unique_ptr<const Aggregator> aggregator() const override { return nullptr; }

 protected:
  const Primitives& primitives() const { return *primitives_; }

 private:
  PayloadKind kind_;
  Format format_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace simrun
