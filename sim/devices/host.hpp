#pragma once

#include "sim/text/units.hpp"

namespace simrun {

/// The host between a rank's device and the network.
struct Host {
  enum class Crosses { compressed, dense };
  enum class Merges { device, host };

  BytesPerSecond bandwidth;  ///< between device and host, each way
  Crosses crosses = Crosses::compressed;
  Merges merges = Merges::device;
  BytesPerSecond memory_bandwidth;  ///< where merges run on the host: it does by it what the device's profile says
  Seconds work;                     ///< fixed, an iteration
};

}  // namespace simrun
