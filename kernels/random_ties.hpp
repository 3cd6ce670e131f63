#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "kernels/codec.hpp"

namespace simrun {

/// Votes on dense signs in which a tie is decided by lot. An even number of ballots gets one more, of random bits: sums
/// of an even number of +-1 are even, so that it turns none but those that are 0. An odd number has no ties. Every
/// combine() draws on: one for each rank, used by one thread at a time.
class RandomTies final : public Aggregator {
 public:
  /// `draw` gives 32 random bits at each call, element i being bit i%32 of call i/32 (1 = negative).
  RandomTies(std::shared_ptr<const Aggregator> vote, std::function<std::uint32_t()> draw)
      : vote_(std::move(vote)), draw_(std::move(draw)) {}

  Payload combine(std::span<const Payload> parts) const override;
  Payload accepted(const Payload& sent, const Payload& result) const override { return vote_->accepted(sent, result); }

 private:
  std::shared_ptr<const Aggregator> vote_;
  std::function<std::uint32_t()> draw_;
};

}  // namespace simrun
