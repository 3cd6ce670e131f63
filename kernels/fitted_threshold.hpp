#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/anywhere.hpp"

namespace simrun {

/// How a threshold that keeps about K of N elements is fitted to their magnitudes, as if these were distributed
/// exponentially. Each stage keeps a quarter of what the one before kept, the last what is left to K/N: its threshold
/// is that of the stage before, 0 at first, and the mean of what magnitudes that reach it have beyond it, times -ln of
/// the share that is kept.
///
/// Source: SIDCo, Abdelmoniem, Elzanaty, Alouini, Canini, MLSys 2021 (arXiv 2101.10761), with exponential fits. There
/// the first share is adapted from step to step; bounds of K', which what no exponential fits would else exceed, are
/// not.
struct FittedThreshold {
  static constexpr double stage_keeps = 0.25;
  static constexpr std::uint64_t too_many = 2;  ///< times K
  static constexpr std::uint64_t too_few = 2;   ///< K over it

  /// 1 <= entries <= elements.
  FittedThreshold(std::size_t elements, std::size_t entries);

  /// Of a stage, by which the mean excess is multiplied.
  double factor(unsigned stage) const;

  /// The next stage's threshold: `count` magnitudes reach this one's, and their sum is `sum`.
  SIMRUN_ANYWHERE static float next(float threshold, double sum, double count, double factor) {
    constexpr double most = 0x1.fffffep127;  // of a float
    if (count == 0) return threshold;
    const auto before = static_cast<double>(threshold);
    const double after = before + (sum / count - before) * factor;
    return static_cast<float>(after > most ? most : after);
  }

  static std::uint64_t most_entries(std::uint64_t entries) { return too_many * entries; }

  unsigned stages = 1;
  double last_keeps;  ///< of what the stage before kept
  std::size_t least;  ///< to keep
  std::size_t most;
};

}  // namespace simrun
