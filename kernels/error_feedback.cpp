#include "kernels/error_feedback.hpp"

#include <algorithm>
#include <stdexcept>

namespace simrun {

std::span<const float> ErrorFeedback::correct(std::span<const float> gradient) {
  if (beta_ != 1.0F) before_ = residual_;
  primitives_->accumulate(gradient, weight_, residual_);
  return residual_;
}

void ErrorFeedback::settle(const Codec& codec, const Payload& accepted, const RoundContext& context,
                           const std::optional<Payload>& cut_off) {
  codec.settle(accepted, residual_, context);
  if (cut_off) codec.decode(*cut_off, 1.0F, residual_, context);
  if (beta_ == 1.0F) return;
  for (std::size_t i = 0; i < residual_.size(); ++i) residual_[i] = beta_ * residual_[i] + (1 - beta_) * before_[i];
}

void ErrorFeedback::clear() {
  std::ranges::fill(residual_, 0.0F);
}

void ErrorFeedback::restore(std::span<const float> residual) {
  if (residual.size() != residual_.size()) throw std::invalid_argument("the residual is of another size");
  std::copy(residual.begin(), residual.end(), residual_.begin());
}

}  // namespace simrun
