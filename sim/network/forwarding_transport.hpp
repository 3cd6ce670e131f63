#pragma once

#include <utility>

#include "sim/network/transport.hpp"

namespace simrun {

/// Workers of a transport beneath under other ranks. What derives from it says which: rank(), size(), below() and
/// keeps_ranks().
class ForwardingTransport : public Transport {
 public:
  explicit ForwardingTransport(Transport& beneath) : beneath_(beneath) {}

  Request start_send(int to, Message message, int tag) override {
    return beneath_.start_send(below(to), std::move(message), tag);
  }
  Request start_receive(int from, int tag) override { return beneath_.start_receive(below(from), tag); }
  Message wait(Request request) override { return beneath_.wait(request); }
  Seconds now() const override { return beneath_.now(); }
  void wait_until(Seconds time) override { beneath_.wait_until(time); }
  Traffic traffic() const override { return beneath_.traffic(); }
  bool wants_contents() const override { return beneath_.wants_contents(); }
  int repeat(int count, const std::function<void(int)>& step) override { return beneath_.repeat(count, step); }
  std::vector<Payload> all_to_all(const PayloadTo& payload, const ComesFrom& comes) override {
    return keeps_ranks() ? beneath_.all_to_all(payload, comes) : Transport::all_to_all(payload, comes);
  }

 protected:
  const Transport& beneath() const { return beneath_; }

  /// The rank in the transport beneath.
  virtual int below(int rank) const = 0;

  /// True if these are all of its workers, under the same ranks.
  virtual bool keeps_ranks() const = 0;

 private:
  Transport& beneath_;
};

}  // namespace simrun
