#include "sim/training/batches.hpp"

#include <algorithm>

#include "sim/training/random.hpp"

namespace simrun {

std::uint32_t SampleOrder::at(std::uint64_t place) {
  const std::uint64_t epoch = place / samples_.size();
  if (order_.empty() || epoch != epoch_) shuffle(epoch);
  return order_[place % samples_.size()];
}

void SampleOrder::shuffle(std::uint64_t epoch) {
  order_ = samples_;
  epoch_ = epoch;
  RandomStream random(seed_, Randomness::order_of_samples, worker_, static_cast<std::uint32_t>(epoch));
  std::shuffle(order_.begin(), order_.end(), random);
}

}  // namespace simrun
