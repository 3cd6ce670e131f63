#pragma once

#include "sim/network/forwarding_transport.hpp"

namespace simrun {

/// The same workers counted from another one on: rank 0 is the rank `first` of the transport beneath. There is no
/// parameter server.
class RotatedTransport final : public ForwardingTransport {
 public:
  RotatedTransport(Transport& beneath, int first) : ForwardingTransport(beneath), first_(first) {}

  int rank() const override { return (beneath().rank() + size() - first_) % size(); }
  int size() const override { return beneath().size(); }

 private:
  int below(int rank) const override { return (rank + first_) % size(); }

  bool keeps_ranks() const override { return first_ == 0; }

  int first_;
};

}  // namespace simrun
