#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace simrun {

/// The endless sequence in which a worker goes through its samples: all of them in random order, then all in another.
class SampleOrder {
 public:
  /// `samples`: not empty.
  SampleOrder(std::vector<std::uint32_t> samples, std::uint64_t seed, std::uint32_t worker)
      : samples_(std::move(samples)), seed_(seed), worker_(worker) {}

  /// The sample at that place of the sequence. Quick where places are asked for in order.
  std::uint32_t at(std::uint64_t place);

 private:
  void shuffle(std::uint64_t epoch);

  std::vector<std::uint32_t> samples_;  ///< ascending
  std::uint64_t seed_;
  std::uint32_t worker_;
  std::uint64_t epoch_ = 0;
  std::vector<std::uint32_t> order_;  ///< of epoch_; empty before the first
};

}  // namespace simrun
