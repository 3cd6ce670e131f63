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
  /// For so many workers and groups. Payloads are to be set; those of later rounds have, until then, the sizes that
  /// follow from N, K and the shapes of tensors.
  PayloadTable(const Scenario& scenario, std::size_t workers, std::size_t groups);

  /// Sizes alone, of a scenario in which they do not depend on values.
  static PayloadTable of_sizes(const Scenario& scenario);

  /// Where all workers share one gradient, there is one row for all.
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

  std::size_t groups_;
  std::vector<RoundOfAll> rounds_;
};

}  // namespace simrun
