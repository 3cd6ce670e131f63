#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "sim/calibration/calibration_target.hpp"

namespace simrun {

/// A clock's reading. Tests bring their own.
using ReadClock = std::function<Seconds()>;

/// What repeated runs of one operation took, in seconds.
struct Sample {
  double p5 = 0;
  double p25 = 0;
  double median = 0;
  double p75 = 0;
  double p95 = 0;
  std::size_t n = 0;
  std::uint64_t verified_bytes = 0;
};

/// The ranks, counted from 0, of the two order statistics of n values between which the median of the distribution that
/// they are drawn from lies with a probability of at least 95 %, whatever the distribution. Of fewer than six values
/// the first and the last. Source: David and Nagaraja, Order Statistics, 2003, section 7.1.
struct Ranks {
  std::size_t low;
  std::size_t high;
};
Ranks median_interval(std::size_t n);

/// When there are enough runs.
struct SamplingRule {
  Seconds warm_up{0.05};    ///< of runs that do not count, so that clocks have risen
  std::size_t fewest = 7;   ///< however long they take
  std::size_t enough = 30;  ///< from here on, a precise median ends it
  std::size_t most = 301;
  double precision = 0.01;  ///< width of the median's 95 % interval over the median
  Seconds budget{};         ///< after which there are no more runs than the fewest
};

/// Runs the operation until the rule is met. Its result is checked after the first run and after the last; those that
/// warm up come after the first check, since a device rests while a result is checked. Once `is_over` is true there are
/// no more runs, and no sample if there were fewer than the fewest. Throws CalibrationError.
std::optional<Sample> sample(PreparedOperation& operation, const SamplingRule& rule, const ReadClock& now,
                             const std::function<bool()>& is_over);

}  // namespace simrun
