#pragma once

#include <cstddef>
#include <cstdint>

namespace simrun {

/// How a threshold that keeps about K of N elements is found. Source: DGC, Lin, Han, Mao, Wang, Dally, ICLR 2018 (arXiv
/// 1712.01887), section 3.1 and appendix; the constants are those of MergeComp's code (arXiv 2103.15195), sampling of
/// at least 1024 elements is not.
struct SampledThreshold {
  static constexpr std::size_t least_sample = 1024;
  static constexpr std::size_t sampled_of = 1000;  ///< one of so many
  static constexpr unsigned most_corrections = 4;
  static constexpr double too_many = 1.3;  ///< times K; the factor as well
  static constexpr double too_few = 0.7;

  /// The seed tells where sampling begins.
  SampledThreshold(std::size_t elements, std::size_t entries, std::uint64_t seed);

  std::size_t stride;
  std::size_t first;
  std::size_t sample_size;
  std::size_t sample_kept;  ///< of the sample lie above the threshold
  std::size_t least;        ///< to keep
  std::size_t most;

  static std::uint64_t most_entries(std::uint64_t entries);
};

}  // namespace simrun
