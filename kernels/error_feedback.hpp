#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "kernels/codec.hpp"

namespace simrun {

/// Error feedback around any codec: what was not accepted is added, times a weight, to the next gradient.
/// Source: Seide et al., Interspeech 2014; Karimireddy et al., ICML 2019.
///
/// With beta below 1 the residual is a moving average: of the last one, 1 - beta, and of what was not accepted, beta.
/// Source: ScaleCom, Chen et al., NeurIPS 2020.
class ErrorFeedback {
 public:
  ErrorFeedback(std::size_t elements, std::shared_ptr<const Primitives> primitives, float weight = 1.0F,
                float beta = 1.0F)
      : residual_(elements, 0.0F), primitives_(std::move(primitives)), weight_(weight), beta_(beta) {}

  /// weight x residual + gradient, the vector to encode (size N); valid until settle. Throws std::invalid_argument for
  /// a gradient of another size.
  std::span<const float> correct(std::span<const float> gradient);

  /// Keeps of the corrected gradient what `accepted` does not carry, and besides what was cut off.
  void settle(const Codec& codec, const Payload& accepted, const RoundContext& context,
              const std::optional<Payload>& cut_off = std::nullopt);

  /// Forgets what was kept.
  void clear();

  std::span<const float> residual() const { return residual_; }

  /// Goes on from a residual of before (size N). Throws std::invalid_argument for one of another size.
  void restore(std::span<const float> residual);

 private:
  std::vector<float> residual_;
  std::shared_ptr<const Primitives> primitives_;
  float weight_;
  float beta_;
  std::vector<float> before_;  ///< the gradient was added; where beta is below 1
};

}  // namespace simrun
