#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "kernels/error_feedback.hpp"
#include "sim/methods/method.hpp"
#include "sim/payloads/payload_table.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/training/host_exchange.hpp"
#include "sim/training/peeled_entries.hpp"
#include "sim/training/random.hpp"
#include "sim/training/tensor_groups.hpp"

namespace simrun {

/// Whose random numbers an exchange draws.
struct RoundId {
  std::uint64_t seed = 0;
  std::uint32_t round = 0;  ///< of training, a step: the first is 0
};

/// What M workers do with their gradients in every step: correct, encode, exchange, settle, decode; methods of several
/// rounds encode and exchange once a round. With a hierarchy, the GPUs of a host add up their gradients before, and
/// share what was decoded after; all in between is done by those that encode. The codecs, error feedback, aggregators
/// and collectives are those of the simulation; messages go through memory.
class GradientExchange {
 public:
  /// The scenario has a training part and outlives this. Uses at most `threads` threads, but for the ranks of the
  /// exchange, which mostly wait.
  GradientExchange(const Scenario& scenario, unsigned threads);

  /// K/N from now on; none: the method's own K.
  void set_density(std::optional<double> density);

  /// Whose round it is from now on.
  void begin(const RoundId& id) { id_ = id; }

  /// Encodes worker's gradient (size N) for the first round. Calls for different workers may be made at
  /// the same time. Throws NonFiniteError.
  void encode(std::size_t worker, std::span<const float> gradient);

  /// What encode() made the payload of, from the same gradient: residual and signs of zeros included (size N, tensors
  /// in forward order). Without a hierarchy.
  std::vector<float> corrected(std::size_t worker, std::span<const float> gradient) const;

  /// Exchanges what all workers have encoded and settles their residuals. Returns what they agree on (size N): the mean
  /// gradient, or the vote; valid until the next call.
  std::span<const float> exchange();

  /// Zeroes `values` (size N, tensors in forward order) where the worker's elements were sent, with a hierarchy those
  /// of its host.
  void zero_sent(std::size_t worker, std::span<float> values) const;

  /// Of the latest round: bytes of one worker's encoded gradient (mean over the workers) and of what each decodes.
  double payload_bytes() const { return sent_.mean_bytes(workers_, hosts_.hosts()); }
  double result_bytes() const { return result_bytes_; }

  /// Of the latest round: entries of sketches that the first worker decoded.
  const PeeledEntries& peeled() const { return peeled_; }

  /// True if payload sizes depend on values.
  bool sizes_change() const { return rounds_[first_].codec->sizes_need_contents(); }

  /// The payloads of the latest round.
  const PayloadTable& payloads() const { return sent_; }

  /// True if a step goes on from what the last one gave.
  bool continues() const { return rounds_[first_].codec->continues(); }

  /// By worker that encodes and group; empty without error feedback.
  std::span<const ErrorFeedback> feedback() const { return feedback_; }

  /// What servers have left out of sums that they encode again, by group and shard; empty where they do not, or without
  /// error feedback.
  std::span<const ErrorFeedback> server_errors() const { return server_errors_; }

  /// Everything that the steps to come depend on. Throws PayloadError for payloads that are none.
  template <class Self, class Archive>
  static void visit_state(Self& exchange, Archive& archive) {
    for (auto& feedback : exchange.feedback_) archive(feedback);
    for (auto& error : exchange.server_errors_) archive(error);
    if (!exchange.continues()) return;
    auto payloads = exchange.last_step();
    std::size_t count = payloads.size();
    archive(count);
    payloads.resize(count);
    for (auto& bytes : payloads) archive(bytes);
    if constexpr (!std::is_const_v<Self>) exchange.restore_last_step(payloads);
  }

 private:
  /// By worker and group.
  using Outcomes = std::vector<std::vector<Outcome>>;

  /// What is to be encoded of a group; valid until the next call.
  using ValuesOf = std::function<std::span<const float>(std::size_t group)>;

  Payload make_payload(std::span<const float> values, std::size_t group, const RoundContext& context) const;
  RoundContext context_of(std::size_t encoder, std::size_t group, std::uint64_t seed = 0) const;
  void encode_means();
  void encode_groups(std::size_t encoder, const ValuesOf& values_of);
  bool has_random_zeros() const { return scenario_.training->method.zeros == MethodTraining::Signless::random; }
  bool resets() const;  ///< residuals, before this round
  RandomStream lots_of_zeros(std::size_t encoder) const;
  std::shared_ptr<const Aggregator> aggregator_of_round(const Round& round) const;
  std::shared_ptr<const Aggregator> aggregator_of(const Transport& transport,
                                                  const std::shared_ptr<const Aggregator>& shared) const;
  void encode_again(std::size_t round);

  /// What a step goes on from: bytes of a payload a group; before the first step nothing. Throws PayloadError.
  std::vector<std::vector<std::byte>> last_step() const;
  void restore_last_step(const std::vector<std::vector<std::byte>>& bytes);

  std::shared_ptr<const Aggregator> server_sum(std::size_t group, std::size_t shard, std::size_t count);
  Outcomes run_collective(std::size_t round, const std::shared_ptr<const Aggregator>& aggregator);
  void settle(const Aggregator* aggregator, const Outcomes& outcomes);
  void agree(const Outcomes& outcomes);
  std::vector<float> decoded(const Outcome& outcome, std::size_t encoder, std::size_t group) const;
  std::size_t shard_of(std::size_t encoder) const { return encoder % static_cast<std::size_t>(hosts_.shards()); }
  std::size_t worker_of(std::size_t encoder) const { return encoder * (workers_ / encoders_); }

  const Scenario& scenario_;
  unsigned threads_;
  HostGroups hosts_;
  std::size_t workers_;
  std::size_t encoders_;
  RoundId id_;
  TensorGroups groups_;         ///< whole
  std::vector<Group> encoded_;  ///< the same, as far as a worker encodes them
  double density_ = 1;
  std::vector<std::uint64_t> entries_;  ///< by group
  std::shared_ptr<const Primitives> primitives_;
  std::vector<Round> rounds_;
  std::size_t first_ = 0;                 ///< of the method's own rounds
  std::size_t last_ = 0;                  ///< likewise
  std::optional<HostExchange> in_hosts_;  ///< with a hierarchy
  std::vector<ErrorFeedback> feedback_;
  std::vector<ErrorFeedback> server_errors_;
  std::vector<std::vector<float>> values_;  ///< by encoder and group: what later rounds encode, without feedback
  PayloadTable sent_;
  std::vector<std::vector<Payload>> results_;  ///< by shard and group: what each round of this step gave so far
  std::vector<Payload> last_step_;             ///< by group: what the step before gave, for codecs that go on from it
  double result_bytes_ = 0;
  PeeledEntries peeled_;
  std::vector<float> agreed_;
};

}  // namespace simrun
