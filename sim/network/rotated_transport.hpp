#pragma once

#include <utility>

#include "sim/network/transport.hpp"

namespace simrun {

/// The same workers counted from another one on: rank 0 is the rank `first` of the transport beneath. There is no
/// parameter server.
class RotatedTransport final : public Transport {
 public:
  RotatedTransport(Transport& beneath, int first) : beneath_(beneath), first_(first) {}

  int rank() const override { return (beneath_.rank() + size() - first_) % size(); }
  int size() const override { return beneath_.size(); }
  Request start_send(int to, Message message, int tag) override {
    return beneath_.start_send(below(to), std::move(message), tag);
  }
  Request start_receive(int from, int tag) override { return beneath_.start_receive(below(from), tag); }
  Message wait(Request request) override { return beneath_.wait(request); }
  Seconds now() const override { return beneath_.now(); }
  void wait_until(Seconds time) override { beneath_.wait_until(time); }
  Traffic traffic() const override { return beneath_.traffic(); }
  int repeat(int count, const std::function<void(int)>& step) override { return beneath_.repeat(count, step); }

 private:
  int below(int rank) const { return (rank + first_) % size(); }

  Transport& beneath_;
  int first_;
};

}  // namespace simrun
