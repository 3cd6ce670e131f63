#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace simrun {

/// The learning rate: a step size, times a factor that changes with the round.
struct LearningRate {
  struct Constant {};
  struct Cosine {};  ///< (1 + cos(pi t / T)) / 2 in round t of T: Loshchilov and Hutter, ICLR 2017
  struct Steps {     ///< times `factor` from each of these rounds on
    std::vector<std::int64_t> rounds;
    double factor = 0.1;
  };

  std::vector<double> sizes = {0.1};  ///< of steps; of several, the best on validation data is reported
  std::variant<Constant, Cosine, Steps> schedule;

  /// Of the step in a round, counted from 0.
  double factor(std::int64_t round, std::int64_t rounds) const;
};

/// Momentum as v = mu v + g, with v in place of g.
struct Momentum {
  enum class Place {
    worker,     ///< of each worker's gradient, before it is corrected and encoded (Signum for signs)
    aggregate,  ///< of what the workers have agreed on; of each worker's own steps, where they exchange rarely
  };
  double factor = 0;
  Place place = Place::aggregate;
  bool is_masked = false;  ///< of a worker's, what its residual loses is taken out, too (DGC)
};

/// What makes a step of a gradient: SGD, with Momentum.
struct Sgd {};

/// Or AdamW: Loshchilov and Hutter, ICLR 2019.
struct AdamW {
  double beta1 = 0.9;    ///< of the mean gradient
  double beta2 = 0.999;  ///< of its mean square
  double epsilon = 1e-8;
};

/// Or the sign of each entry alone, 0 of 0: signSGD, Bernstein et al., ICML 2018.
struct SignSgd {};

using OptimizerChoice = std::variant<Sgd, AdamW, SignSgd>;

/// K/N in the first rounds: each stage has a number of rounds, after the last comes the method's own.
struct DensityStage {
  std::int64_t rounds = 1;
  double density = 1;
};

/// How one method trains; K, error feedback and collective are the scenario's (MethodChoice).
struct MethodTraining {
  enum class Selection {
    group,   ///< the K largest of all that travels together
    tensor,  ///< ceil(density n) of each tensor of n elements, as in the published sparse-signSGD
  };
  enum class DivideBy {
    workers,
    senders,  ///< by those that sent the element
  };
  enum class ResidualRule {
    published,  ///< an entry whose index is in the result counts as accepted
    exact,      ///< so does one that no merge has dropped, and no other
  };

  /// What a dense sign vote makes of what has no sign.
  enum class Signless {
    positive,  ///< as published
    random,
  };

  LearningRate learning_rate;
  OptimizerChoice optimizer;  ///< of what workers agree on; of each worker, where they have models of their own
  Momentum momentum;
  double weight_decay = 0;
  double residual_weight = 1;
  double beta = 1;                  ///< of the residual, a moving average below 1: ErrorFeedback
  std::int64_t residual_reset = 0;  ///< residuals are zeroed every so many rounds; 0: never
  Selection selection = Selection::group;
  DivideBy divide_by = DivideBy::workers;
  ResidualRule residual_rule = ResidualRule::published;
  Signless zeros = Signless::positive;  ///< of a worker's gradient
  Signless ties = Signless::positive;   ///< of an even number of workers
  std::vector<DensityStage> density_warmup;
};

/// Workers that send something else than their gradient.
struct Adversaries {
  enum class Behaviour {
    flip,          ///< the gradient times -1
    random_signs,  ///< each element with a random sign
    noise,         ///< normal noise of the gradient's root mean square
  };
  double share = 0;  ///< of the workers, rounded
  Behaviour behaviour = Behaviour::flip;
};

/// How the samples are dealt out to workers.
struct Split {
  struct Iid {};  ///< at random, as many to each (those that are left over to none)

  /// Groups of classes/L workers share out the labels, each group in an order of its own that is drawn from the seed:
  /// each worker holds all samples of L labels.
  struct Labels {
    std::size_t per_worker = 1;
  };

  /// Of each label the shares of the workers are drawn from a symmetric Dirichlet distribution: the smaller alpha, the
  /// less even. A worker that is left with nothing gets one sample of whoever has most.
  /// Source: Hsu et al., arXiv 1909.06335, by label.
  struct Dirichlet {
    double alpha = 1;
  };

  std::variant<Iid, Labels, Dirichlet> how;
};

/// A scenario's `training`, and what its method changes of that.
struct Training {
  std::string data;  ///< as it stands in the scenario
  Split split;
  Adversaries adversaries;
  std::int64_t rounds = 500;
  std::int64_t evaluate_every = 10;
  std::vector<std::uint64_t> seeds;
  std::size_t tuning_seeds = 1;  ///< how many of them, from the first, are trained with every step size
  double validation_share = 0;   ///< of the samples to train on: held out to choose a step size with
  double target_accuracy = 0.8;
  std::int64_t timed_rounds = 5;           ///< whose payloads the simulation is run with
  std::vector<std::int64_t> saved_rounds;  ///< whose gradients go to files; the first round is 1
  MethodTraining method;
};

}  // namespace simrun
