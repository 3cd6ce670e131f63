#include "kernels/error_feedback.hpp"

#include <algorithm>
#include <stdexcept>

namespace simrun {

std::span<const float> ErrorFeedback::correct(std::span<const float> gradient) {
  if (weight_ != 1.0F) {
    for (float& value : residual_) value *= weight_;
  }
  primitives_->accumulate(gradient, residual_);
  return residual_;
}

void ErrorFeedback::settle(const Codec& codec, const Payload& accepted) {
  codec.settle(accepted, residual_);
}

void ErrorFeedback::restore(std::span<const float> residual) {
  if (residual.size() != residual_.size()) throw std::invalid_argument("the residual is of another size");
  std::copy(residual.begin(), residual.end(), residual_.begin());
}

}  // namespace simrun
