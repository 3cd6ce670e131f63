#include "kernels/error_feedback.hpp"

namespace simrun {

std::span<const float> ErrorFeedback::correct(std::span<const float> gradient) {
  primitives_->accumulate(gradient, residual_);
  return residual_;
}

void ErrorFeedback::settle(const Codec& codec, const Payload& accepted) {
  codec.settle(accepted, residual_);
}

}  // namespace simrun
