#pragma once

#include <utility>

#include "sim/network/transport.hpp"

namespace simrun {

/// `count` of the workers, each `step` after the one before: rank i is the rank first + i step of the transport
/// beneath. A parameter server on a host of its own stays what it is.
struct PartOfRanks {
  int first = 0;
  int step = 1;
  int count = 1;
};

/// Some of the workers, by themselves. `all_take_part`: every other worker does the same at the same time among workers
/// of its own, so that steps that are alike may be skipped.
class PartTransport final : public Transport {
 public:
  PartTransport(Transport& beneath, const PartOfRanks& ranks, bool all_take_part)
      : beneath_(beneath), ranks_(ranks), all_take_part_(all_take_part) {}

  int rank() const override {
    return beneath_.rank() == beneath_.size() ? size() : (beneath_.rank() - ranks_.first) / ranks_.step;
  }
  int size() const override { return ranks_.count; }
  Request start_send(int to, Message message, int tag) override {
    return beneath_.start_send(below(to), std::move(message), tag);
  }
  Request start_receive(int from, int tag) override { return beneath_.start_receive(below(from), tag); }
  Message wait(Request request) override { return beneath_.wait(request); }
  Seconds now() const override { return beneath_.now(); }
  void wait_until(Seconds time) override { beneath_.wait_until(time); }
  Traffic traffic() const override { return beneath_.traffic(); }
  int repeat(int count, const std::function<void(int)>& step) override {
    return all_take_part_ ? beneath_.repeat(count, step) : Transport::repeat(count, step);
  }

 private:
  int below(int rank) const { return rank == size() ? beneath_.size() : ranks_.first + rank * ranks_.step; }

  Transport& beneath_;
  PartOfRanks ranks_;
  bool all_take_part_;
};

}  // namespace simrun
