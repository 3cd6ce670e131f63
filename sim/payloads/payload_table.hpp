#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "kernels/payload.hpp"
#include "sim/scenario/scenario.hpp"

namespace simrun {

/// The payloads of one method setting: what every worker sends of every group, in every round.
class PayloadTable {
 public:
  /// For so many workers that encode: all, or one a host. Until they are set, payloads have the sizes that follow from
  /// N, K and the shapes of tensors; those whose sizes depend on values have none.
  /// `steps`: training steps one after another, each with payloads of its own; of a codec whose steps take turns, as
  /// many cycles of these.
  explicit PayloadTable(const Scenario& scenario, std::size_t encoders = 1, std::size_t steps = 1);

  /// What a worker sends, or the one that encodes for its host. A table of one is for all: they share one gradient, or
  /// only sizes are wanted.
  const Payload& at(std::size_t worker, std::size_t group, std::size_t round, std::size_t step = 0) const {
    const std::vector<Payload>& payloads = rounds_[round].payloads;
    const std::size_t a_step = payloads.size() / steps_;
    return payloads[step % steps_ * a_step + worker / workers_an_encoder_ * groups_ % a_step + group];
  }
  void set(std::size_t encoder, std::size_t group, Payload payload, std::size_t round, std::size_t step = 0) {
    std::vector<Payload>& payloads = rounds_[round].payloads;
    payloads[step * (payloads.size() / steps_) + encoder * groups_ + group] = std::move(payload);
  }

  /// Takes over what is sent of groups, from number `first` on, from a table of these alone, of as many encoders and
  /// one step. Returns the number of the group after them.
  std::size_t take_groups(const PayloadTable& part, std::size_t first);

  /// What comes of the first round's payloads of that many encoders of a group, where it is known beforehand and they
  /// are combined all at once; else null.
  const Payload* combined(std::size_t encoders, std::size_t group) const;
  void set_combined(std::size_t encoders, std::size_t group, Payload payload) {
    combined_[{encoders, group}] = std::move(payload);
  }

  std::size_t steps() const { return steps_; }
  std::size_t encoders() const { return encoders_; }

  /// The first of the rounds that are the method's own.
  std::size_t first_round() const { return first_round_; }

  /// The first worker's in each step, without contents, for all.
  PayloadTable sizes_of_first() const;

  /// Bytes that one worker encodes, all groups and rounds of the method together: the mean over all steps and the first
  /// `workers` of the table, of those that encode, m of which exchange with each other. In a round that one worker
  /// leads, it alone sends, and each of the m is as likely to lead. Neighbours encode one for each other.
  double mean_bytes(std::size_t workers, int m) const;

 private:
  /// Who encodes what is sent of a group. In rounds inside a host nobody does.
  enum class Sender { nobody, all, leader, neighbours };
  struct RoundOfAll {
    std::vector<Payload> payloads;  ///< by worker and group
    std::vector<Sender> senders;    ///< by group
  };

  static Sender sender_of(const Round& round);

  std::size_t groups_ = 0;
  std::size_t encoders_ = 1;
  std::size_t steps_ = 1;
  std::size_t workers_an_encoder_ = 1;
  std::size_t first_round_ = 0;
  std::vector<RoundOfAll> rounds_;
  Graph graph_ = {};                                                 ///< of neighbours
  std::map<std::pair<std::size_t, std::size_t>, Payload> combined_;  ///< by encoders and group
};

}  // namespace simrun
