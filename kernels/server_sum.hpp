#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "kernels/codec.hpp"
#include "kernels/error_feedback.hpp"

namespace simrun {

/// Adds what payloads stand for in fp32, in the order of the parts, and encodes the sum by the codec that encoded them,
/// with as many entries as the first part has. What that leaves out of a sum is kept, and added to the one that takes
/// its place in the next step.
/// Source: DoubleSqueeze, Tang, Lian, Yu, Zhang, Liu, ICML 2019 (arXiv 1905.05957).
class ServerSum final : public Aggregator {
 public:
  /// `errors`: of the sums of a step, in the order in which they are made, which outlive this; none: what is left out
  /// is lost.
  explicit ServerSum(std::shared_ptr<const Codec> codec, std::span<ErrorFeedback> errors = {});

  Payload combine(std::span<const Payload> parts) const override;

 private:
  std::shared_ptr<const Codec> codec_;
  std::span<ErrorFeedback> errors_;
  mutable std::size_t next_ = 0;
};

}  // namespace simrun
