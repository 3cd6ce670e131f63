#include "kernels/layout.hpp"
#include "sim/scenario/training.hpp"
#include "sim/training/exchange.hpp"

// What one step leaves to the next.

namespace simrun {

bool GradientExchange::resets() const {
  const auto every = static_cast<std::uint64_t>(scenario_.training->method.residual_reset);
  return !feedback_.empty() && every > 0 && id_.round > 0 && id_.round % every == 0;
}

std::vector<std::vector<std::byte>> GradientExchange::last_step() const {
  std::vector<std::vector<std::byte>> all;
  for (const Payload& payload : last_step_) all.emplace_back(payload.bytes().begin(), payload.bytes().end());
  return all;
}

void GradientExchange::restore_last_step(const std::vector<std::vector<std::byte>>& bytes) {
  last_step_.clear();
  for (std::size_t group = 0; group < bytes.size(); ++group) {
    const Codec& codec = *rounds_[last_].codec;
    const auto shape = codec.shape(encoded_.at(group).elements, entries_[group], groups_.shapes(group));
    last_step_.push_back(is_dense(codec.kind())
                             ? Payload::parse_dense(codec.kind(), shape.value().elements, bytes[group])
                             : Payload::parse(bytes[group]));
  }
}

}  // namespace simrun
