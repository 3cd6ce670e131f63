#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "sim/methods/method.hpp"
#include "sim/payloads/payload_table.hpp"
#include "sim/training/tensor_groups.hpp"
#include "sim/training/worker_models.hpp"

namespace simrun {

/// What M workers do that have models of their own, x_i, and exchange them with their neighbours in a graph. In every
/// step each makes a step by itself; then the ends i and j of each edge find an approximation d of x_i - x_j, by what
/// both send, and x_i -= w d and x_j += w d with w = 1 / (neighbours + 1), of the end that has more of them, at all
/// edges at once, so that the mean of all models stays as it is. Sources: PowerGossip, Vogels, Karimireddy, Jaggi,
/// NeurIPS 2020; weights: Metropolis, Xiao, Boyd, Lall, IPSN 2005.
class GossipTraining : public WorkerModels {
 public:
  /// The scenario has a training part and outlives this. `parameters` (size N): those that all begin with.
  GossipTraining(const Scenario& scenario, std::uint64_t seed, unsigned threads, std::span<const float> parameters);

  /// When every worker has made its own step, the first of which is number 0. Throws NonFiniteError.
  void exchange(std::int64_t step);

  /// Bytes that a worker sends to all its neighbours in that step, as many as it receives: the mean of all workers.
  double bytes_in(std::int64_t step) const;

  /// The sizes of what is sent.
  const PayloadTable& payloads() const { return payloads_; }

  /// Writes the mean of all models to `mean` (size N). Returns the consensus distance: the square root of the workers'
  /// mean squared distance from it.
  double find_mean(std::span<float> mean) const;

  /// Everything that the steps to come depend on. Throws PayloadError for payloads that are none.
  template <class Self, class Archive>
  static void visit_state(Self& gossip, Archive& archive) {
    visit_models(gossip, archive);
    auto differences = gossip.bytes_of_differences();
    std::size_t count = differences.size();
    archive(count);
    differences.resize(count);
    for (auto& bytes : differences) archive(bytes);
    if constexpr (!std::is_const_v<Self>) gossip.restore_differences(differences);
  }

 private:
  RoundContext context_of(std::size_t edge, std::size_t group) const;
  Payload difference_at(std::size_t edge, std::size_t group) const;
  void move(std::size_t worker, std::span<const Payload> differences);
  std::vector<std::vector<std::byte>> bytes_of_differences() const;
  void restore_differences(const std::vector<std::vector<std::byte>>& bytes);

  std::uint64_t seed_;
  unsigned threads_;
  std::shared_ptr<const Codec> codec_;
  TensorGroups groups_;
  std::vector<Edge> edges_;
  std::vector<float> weights_;  ///< by edge
  double mean_degree_;
  PayloadTable payloads_;
  std::int64_t step_ = 0;             ///< the latest
  std::vector<Payload> differences_;  ///< by edge and group: what the step before gave; none before the first
};

}  // namespace simrun
