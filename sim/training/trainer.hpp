#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/training/batches.hpp"
#include "sim/training/classifier.hpp"
#include "sim/training/dataset.hpp"
#include "sim/training/exchange.hpp"
#include "sim/training/gossip_training.hpp"
#include "sim/training/local_training.hpp"
#include "sim/training/optimizer.hpp"
#include "sim/training/split.hpp"

namespace simrun {

/// One row of curves.csv: how things stand after so many rounds.
struct CurvePoint {
  std::int64_t round = 0;
  double train_loss = 0;           ///< mean over the batches of all workers in the rounds since the last row
  double test_accuracy = 0;        ///< share of the test set that is classified rightly
  double uplink_bytes = 0;         ///< encoded gradients of one worker (mean) in all rounds so far
  double downlink_bytes = 0;       ///< what a worker decoded, in all rounds so far
  double simulated_s = 0;          ///< simulated time of all rounds so far
  double validation_accuracy = 0;  ///< of the samples that are held out; 0 where there are none
  double first_loss = 0;           ///< mean over the batches of the first round, before any step
  PeeledEntries peeled = {};       ///< in all rounds so far
  double consensus_distance = 0;   ///< of workers that exchange with neighbours: GossipTraining::find_mean

  /// Training has made it worse.
  bool has_grown() const { return !(train_loss <= first_loss); }

  friend bool operator==(const CurvePoint& a, const CurvePoint& b) = default;
};

/// How long a round takes on the scenario's cluster if workers send these payloads.
using RoundTime = std::function<Seconds(const PayloadTable& payloads)>;

/// What is done with the gradient that a worker encodes in a round that the scenario wants saved: residual included
/// (size N, tensors in forward order). The first round is 1. Calls for different workers may come at the same time.
using SaveGradient = std::function<void(std::int64_t round, std::size_t worker, std::span<const float> gradient)>;

/// Which of a scenario's trainings it is.
struct TrainingId {
  std::uint64_t seed = 1;
  double step = 0.1;  ///< one of the method's step sizes
};

/// Trains the scenario's model with M workers in one process. Everything that happens follows from scenario, data, seed
/// and step size, on any number of threads.
class Trainer {
 public:
  /// Scenario (with a training part) and data outlive this. `clocks`: of each cluster that rounds are timed on. Throws
  /// InputError at `where` (the scenario): a model that makes no classifier of the data, a split that cannot be.
  Trainer(const Scenario& scenario, const Dataset& data, const TrainingId& id, unsigned threads,
          std::vector<RoundTime> clocks, const Where& where);

  /// Rounds that are done.
  std::int64_t round() const { return round_; }
  bool is_done() const { return round_ == scenario_.training->rounds; }

  void save_gradients_with(SaveGradient save) { save_gradient_ = std::move(save); }

  /// One round: every worker's gradient at the same parameters, exchanged; then the step. Of workers with models of
  /// their own: a step of each, and what is exchanged after it. Throws NonFiniteError where training diverges.
  void step();

  /// The rows so far, with the time of one of the clocks.
  const std::vector<CurvePoint>& curve(std::size_t clock = 0) const { return curves_.at(clock); }

  /// Those that all workers have alike, which are evaluated: with models of their own the outer ones, or, of workers
  /// that exchange with neighbours, the mean of all models as it was at the last row.
  const std::vector<float>& parameters() const { return parameters_; }

  /// Everything that the rounds to come depend on, as bytes, and back. A state of another scenario, data set, seed or
  /// step size is the caller's mistake; throws std::runtime_error where it does not fit in size.
  std::string state() const;
  void restore(const std::string& state);

 private:
  template <class Self, class Archive>
  static void visit_state(Self& trainer, Archive& archive);

  float rate() const;
  void compute_gradients();
  double differentiate(std::size_t worker, Classifier::Workspace& workspace, std::vector<float>& gradient);
  std::span<const float> prepare(std::size_t worker, std::vector<float>& gradient);
  const GradientExchange* exchange(std::optional<double> density);
  const GradientExchange& exchange_gradients();
  WorkerModels* own_models();
  bool sizes_change() const;
  PayloadTable payloads() const;
  void time_rounds();
  void account(const GradientExchange* exchange);
  double accuracy(const Samples& samples, std::span<const std::uint32_t> numbers);
  std::optional<double> warmup_density(std::int64_t round) const;
  bool is_saved() const;

  const Scenario& scenario_;
  const Training& training_;
  const Dataset& data_;
  TrainingId id_;
  unsigned threads_;
  std::vector<RoundTime> clocks_;
  SaveGradient save_gradient_;
  Classifier classifier_;
  std::shared_ptr<const Primitives> primitives_;   ///< of one thread
  HeldOut parts_;                                  ///< of the samples to train on
  std::vector<std::uint32_t> tested_;              ///< all samples to test
  std::vector<SampleOrder> orders_;                ///< by worker
  std::vector<Classifier::Workspace> workspaces_;  ///< by thread

  std::int64_t round_ = 0;
  std::vector<float> parameters_;
  std::optional<GradientExchange> exchange_;     ///< of workers that make the same step
  std::optional<Optimizer> optimizer_;           ///< likewise
  std::optional<LocalTraining> local_;           ///< of workers with models of their own
  std::optional<GossipTraining> gossip_;         ///< of such that exchange with neighbours
  std::vector<std::vector<float>> velocities_;   ///< one a worker, where momentum is of what it encodes; else none
  std::vector<double> losses_;                   ///< by worker: sums over the batches since the last row
  std::int64_t evaluated_ = 0;                   ///< the round of the last row
  CurvePoint so_far_;                            ///< but for the time
  std::vector<double> round_s_;                  ///< by clock: of rounds as they now are
  std::vector<double> simulated_s_;              ///< by clock: of all rounds so far
  std::vector<std::vector<CurvePoint>> curves_;  ///< by clock
};

}  // namespace simrun
