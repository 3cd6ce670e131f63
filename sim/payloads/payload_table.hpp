#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/payload.hpp"
#include "sim/scenario/scenario.hpp"

namespace simrun {

/// The payloads of one method setting: what every worker sends of every group.
class PayloadTable {
 public:
  PayloadTable(std::size_t workers, std::size_t groups) : groups_(groups), payloads_(workers * groups) {}

  /// Sizes alone, of a scenario in which they follow from N and K.
  static PayloadTable of_sizes(const Scenario& scenario);

  /// Where all workers share one gradient there is one row for all.
  const Payload& at(std::size_t worker, std::size_t group) const {
    return payloads_[worker * groups_ % payloads_.size() + group];
  }
  void set(std::size_t worker, std::size_t group, Payload payload) {
    payloads_[worker * groups_ + group] = std::move(payload);
  }

  /// The first worker's, without contents, for all.
  PayloadTable sizes_of_first() const;

  /// Bytes that one worker sends, all groups together: the mean over the first `workers`.
  double mean_bytes(std::size_t workers) const;

 private:
  std::size_t groups_;
  std::vector<Payload> payloads_;
};

}  // namespace simrun
