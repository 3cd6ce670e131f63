#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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

/// Makes the payloads of points: a worker's payload depends on model, gradients, method, K, index, seed and group, but
/// not on M or the network, so it is made once for all points that send it. Dense gradients are never made: their
/// payloads are sizes.
class PayloadStage {
 public:
  /// For those of the study's points. Uses at most `threads` threads, none of which is left between calls. Throws
  /// InputError: gradients that cannot be read or are not finite, or payloads that do not fit in memory.
  PayloadStage(const Study& study, const std::vector<std::size_t>& points, unsigned threads, const Progress& progress);

  /// Points whose payloads are in memory at the same time.
  struct Batch {
    std::vector<std::size_t> points;
    std::vector<std::shared_ptr<const PayloadTable>> tables;  ///< one a point
  };

  /// The next points, in any order; none after the last.
  std::optional<Batch> next();

 private:
  std::optional<Batch> batch_;
};

}  // namespace simrun
