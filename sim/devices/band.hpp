#pragma once

namespace simrun {

/// How far a time may be from what is predicted: 5 % and 95 % quantiles of real over predicted.
struct Band {
  double low = 1;   ///< at most 1
  double high = 1;  ///< at least 1
};

}  // namespace simrun
