#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/payload.hpp"
#include "sim/scenario/scenario.hpp"

namespace simrun {

/// The payloads of one method setting: what every worker sends of every group, in every round.
class PayloadTable {
 public:
  /// For so many workers. Until they are set, payloads have the sizes that follow from N, K and the shapes of tensors;
  /// those whose sizes depend on values have none.
  explicit PayloadTable(const Scenario& scenario, std::size_t workers = 1);

  /// A table of one worker is for all: they share one gradient, or only sizes are wanted.
  const Payload& at(std::size_t worker, std::size_t group, std::size_t round = 0) const {
    const std::vector<Payload>& payloads = rounds_[round].payloads;
    return payloads[worker * groups_ % payloads.size() + group];
  }
  void set(std::size_t worker, std::size_t group, Payload payload, std::size_t round = 0) {
    rounds_[round].payloads[worker * groups_ + group] = std::move(payload);
  }

  /// The first worker's, without contents, for all.
  PayloadTable sizes_of_first() const;

  /// Bytes that one worker sends, all groups and rounds together: the mean over the first `workers` of the table. In a
  /// round that one worker leads, it alone sends, and each of the M workers is as likely to lead.
  double mean_bytes(std::size_t workers, int m) const;

 private:
  struct RoundOfAll {
    std::vector<Payload> payloads;  ///< by worker and group
    bool is_led = false;
  };

  std::size_t groups_ = 0;
  std::vector<RoundOfAll> rounds_;
};

}  // namespace simrun
