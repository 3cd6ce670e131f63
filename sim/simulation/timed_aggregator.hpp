#pragma once

#include <optional>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/devices/device_times.hpp"
#include "sim/methods/method.hpp"
#include "sim/simulation/device.hpp"
#include "sim/simulation/staging.hpp"

namespace simrun {

/// What one rank combined in its first iteration, in order. Every iteration sends the same payloads, so a rank combines
/// the same ones again: later iterations take the results from here. Only payloads with contents are worth it.
class CombineMemo {
 public:
  void begin_iteration() { next_ = 0; }
  Payload combine(const Aggregator& aggregator, std::span<const Payload> parts);

 private:
  std::vector<Payload> results_;
  std::size_t next_ = 0;
};

/// The aggregator of a round, whose combining occupies a device, or its host, for as long as the device's profile says.
class TimedAggregator final : public Aggregator {
 public:
  /// `known`: what combining gives, if that is known beforehand; it is then not done.
  TimedAggregator(const Round& round, DeviceTimes& times, Device& device, Staging& staging, CombineMemo& memo,
                  const std::optional<Payload>& known)
      : inner_(*round.aggregator),
        round_(round),
        times_(times),
        device_(device),
        staging_(staging),
        memo_(memo),
        known_(known) {}

  Payload combine(std::span<const Payload> parts) const override;
  Payload accepted(const Payload& sent, const Payload& result) const override { return inner_.accepted(sent, result); }

 private:
  const Aggregator& inner_;
  const Round& round_;
  DeviceTimes& times_;
  Device& device_;
  Staging& staging_;
  CombineMemo& memo_;
  const std::optional<Payload>& known_;
};

}  // namespace simrun
