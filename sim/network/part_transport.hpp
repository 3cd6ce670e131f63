#pragma once

#include "sim/network/forwarding_transport.hpp"

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
class PartTransport final : public ForwardingTransport {
 public:
  PartTransport(Transport& beneath, const PartOfRanks& ranks, bool all_take_part)
      : ForwardingTransport(beneath), ranks_(ranks), all_take_part_(all_take_part) {}

  int rank() const override {
    return beneath().rank() == beneath().size() ? size() : (beneath().rank() - ranks_.first) / ranks_.step;
  }
  int size() const override { return ranks_.count; }
  int repeat(int count, const std::function<void(int)>& step) override {
    return all_take_part_ ? ForwardingTransport::repeat(count, step) : Transport::repeat(count, step);
  }

 private:
  int below(int rank) const override { return rank == size() ? beneath().size() : ranks_.first + rank * ranks_.step; }

  bool keeps_ranks() const override { return size() == beneath().size(); }

  PartOfRanks ranks_;
  bool all_take_part_;
};

}  // namespace simrun
