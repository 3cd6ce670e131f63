#pragma once

#include <memory>
#include <utility>

#include "kernels/codecs/codecs.hpp"

namespace simrun {

/// A codec of fp32 values that are added up, as many as N, K and the shapes of tensors say.
class SummedValues : public Codec {
 public:
  explicit SummedValues(std::shared_ptr<const Primitives> primitives) : primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::sum; }
  PayloadKind kind() const override { return PayloadKind::dense32; }
  bool sizes_need_contents() const override { return false; }
  std::unique_ptr<const Aggregator> aggregator() const override { return make_dense_sum(kind(), primitives_); }

 protected:
  const Primitives& primitives() const { return *primitives_; }

 private:
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace simrun
