#include "kernels/layout.hpp"
#include "kernels/server_sum.hpp"
#include "sim/scenario/training.hpp"
#include "sim/training/exchange.hpp"

// What one step leaves to the next.

namespace simrun {

bool GradientExchange::resets() const {
  const auto every = static_cast<std::uint64_t>(scenario_.training->method.residual_reset);
  return !feedback_.empty() && every > 0 && id_.round > 0 && id_.round % every == 0;
}

/// For so many shards of a group, from `shard` on, one sum after another.
std::shared_ptr<const Aggregator> GradientExchange::server_sum(std::size_t group, std::size_t shard,
                                                               std::size_t count) {
  const std::size_t first = group * static_cast<std::size_t>(hosts_.shards()) + shard;
  return std::make_shared<ServerSum>(rounds_[last_].codec, std::span(server_errors_).subspan(first, count));
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
