#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/payload.hpp"
#include "sim/sweep.hpp"

namespace simrun {

/// The payloads of one method setting: what every worker sends of every group.
class PayloadTable {
 public:
  PayloadTable(std::size_t workers, std::size_t groups) : groups_(groups), payloads_(workers * groups) {}

  /// Where all workers share one gradient there is one row for all.
  const Payload& at(std::size_t worker, std::size_t group) const {
    return payloads_[worker * groups_ % payloads_.size() + group];
  }
  void set(std::size_t worker, std::size_t group, Payload payload) {
    payloads_[worker * groups_ + group] = std::move(payload);
  }

  /// Bytes that one worker sends, all groups together: the mean over the first `workers`.
  double mean_bytes(std::size_t workers) const;

 private:
  std::size_t groups_;
  std::vector<Payload> payloads_;
};

/// Says how far long work is.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

/// Makes the payloads of all points: a worker's payload depends on model, gradients, method, K, index, seed and group,
/// but not on M or the network, so it is made once for all points that send it. Dense gradients are never made: their
/// payloads are sizes. Uses at most `threads` threads, none of which is left at the end. The result has one table a
/// point. Throws InputError: gradients that cannot be read or are not finite, or payloads that do not fit in memory.
std::vector<std::shared_ptr<const PayloadTable>> make_payloads(const Study& study, unsigned threads,
                                                               const Progress& progress);

}  // namespace simrun
