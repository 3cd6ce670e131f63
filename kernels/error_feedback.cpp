#include "kernels/error_feedback.hpp"

#include <stdexcept>

namespace simrun {

std::span<const float> ErrorFeedback::correct(std::span<const float> gradient) {
  if (gradient.size() != residual_.size()) throw std::invalid_argument("the gradient and its residual differ in size");
  for (std::size_t i = 0; i < residual_.size(); ++i) residual_[i] += gradient[i];
  return residual_;
}

void ErrorFeedback::settle(const Codec& codec, const Payload& accepted) {
  codec.settle(accepted, residual_);
}

}  // namespace simrun
