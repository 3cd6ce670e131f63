#pragma once

#include <cstdint>
#include <iterator>
#include <limits>

#include "kernels/philox.hpp"

namespace simrun {

/// Whose random numbers they are.
enum class Randomness : std::uint32_t {
  initial_parameters = 1,
  order_of_samples = 2,
  split = 3,
  adversary = 4,
  zeros = 5,
  ties = 6,
  encoding = 7,
  validation = 8,
  shared_encoding = 9,
  later_encoding = 10,
};

/// A uniform random bit generator, for the distributions and algorithms of <random> and <algorithm>: one sequence for
/// each (seed, purpose, owner, part), of which none overlaps another. It has no state that would have to be kept: to
/// know the four is enough to have the sequence again. Source: Philox4x32-10, Salmon et al., SC 2011.
class RandomStream {
 public:
  using result_type = std::uint32_t;

  RandomStream(std::uint64_t seed, Randomness purpose, std::uint32_t owner, std::uint32_t part)
      : seed_(seed), counter_{0, static_cast<std::uint32_t>(purpose), owner, part} {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  result_type operator()() {
    if (used_ == std::size(block_.words)) {
      block_ = philox4x32_10(counter_, seed_);
      ++counter_[0];
      used_ = 0;
    }
    return block_[used_++];
  }

  /// The next two numbers as one, the first on top.
  std::uint64_t next64() {
    const std::uint64_t high = std::uint64_t{(*this)()} << 32U;
    return high | (*this)();
  }

 private:
  std::uint64_t seed_;
  PhiloxBlock counter_;
  PhiloxBlock block_{};
  std::size_t used_ = 4;
};

}  // namespace simrun
