#pragma once

#include <map>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/device.hpp"
#include "sim/device_profile.hpp"

namespace simrun {

/// Results of combining that were computed before. Every iteration sends the same payloads, so each place combines the
/// same ones again.
class CombineMemo {
 public:
  Payload combine(const Aggregator& aggregator, std::span<const Payload> parts);

 private:
  struct Entry {
    std::vector<Payload> parts;  ///< kept, so that no other payload can have their address
    Payload result;
  };
  std::map<std::vector<const void*>, Entry> known_;
};

/// An aggregator whose combining occupies a device for as long as the device's profile says.
class TimedAggregator final : public Aggregator {
 public:
  TimedAggregator(const Aggregator& inner, const DeviceProfile& profile, Device& device, CombineMemo& memo)
      : inner_(inner), profile_(profile), device_(device), memo_(memo) {}

  Payload combine(std::span<const Payload> parts) const override;

 private:
  const Aggregator& inner_;
  const DeviceProfile& profile_;
  Device& device_;
  CombineMemo& memo_;
};

}  // namespace simrun
