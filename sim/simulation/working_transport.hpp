#pragma once

#include "sim/network/forwarding_transport.hpp"
#include "sim/simulation/device.hpp"
#include "sim/simulation/staging.hpp"

namespace simrun {

/// A rank's transport for exchanges in whose steps its device and host work. Steps that are skipped would have asked
/// for as much as the last one did: that is added, so that busy times are those of all steps.
class WorkingTransport final : public ForwardingTransport {
 public:
  WorkingTransport(Transport& beneath, Device& device, Staging& staging)
      : ForwardingTransport(beneath), device_(device), staging_(staging) {}

  int rank() const override { return beneath().rank(); }
  int size() const override { return beneath().size(); }

  int repeat(int count, const std::function<void(int)>& step) override {
    Device::Asked of_device{};
    Device::Asked of_host{};
    Seconds end;
    const auto watched = [&](int i) {
      of_device = device_.asked();
      of_host = staging_.host().asked();
      step(i);
      end = now();
    };
    const int ran = ForwardingTransport::repeat(count, watched);
    end = device_.repeat_since(of_device, count - ran, end);
    staging_.host().repeat_since(of_host, count - ran, end);  // one works while the other does not
    return ran;
  }

 private:
  int below(int rank) const override { return rank; }
  bool keeps_ranks() const override { return true; }

  Device& device_;
  Staging& staging_;
};

}  // namespace simrun
