#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace simrun {

/// What the mean of the workers' changes becomes: theta -= learning_rate v, v = momentum v + change; Nesterov's:
/// theta -= learning_rate (momentum v + change). (Douillard et al., 2023, algorithm 1.)
struct OuterOptimizer {
  enum class Kind { sgd, nesterov };
  Kind kind = Kind::nesterov;
  double learning_rate = 0.7;
  double momentum = 0.9;

  friend bool operator==(const OuterOptimizer& a, const OuterOptimizer& b) = default;
};

/// How rarely workers exchange. Between exchanges each worker steps with a model of its own. What is sent is how far it
/// has come from the parameters that all had alike (the pseudo-gradient).
struct LocalSteps {
  std::int64_t steps = 1;      ///< H: steps from one exchange of a parameter to its next
  std::int64_t fragments = 1;  ///< P: parts of the model; one is exchanged every H/P steps
  std::int64_t delay = 0;      ///< steps from the start of an exchange until its result is applied, computing meanwhile
  double merge_weight = 0;     ///< share of a worker's own parameters that is kept when a result is applied
  std::optional<OuterOptimizer> outer = {};  ///< none: parameters become the mean
  std::int64_t full_every = 0;               ///< every so many-th exchange of a parameter is of plain fp32; 0: none
  /// Of a method, not a key: what a worker has learnt while a result was on its way is added to it.
  bool keeps_steps = false;
  /// Of a method, not a key: workers exchange parameters with their neighbours alone, and nothing is common to all.
  bool with_neighbours = false;

  /// The steps (the first is 1) after which exchange number `exchange` (the first is 0) begins, of fragment number
  /// exchange mod P: (exchange + 1) H/P, rounded down.
  std::int64_t begin_of(std::int64_t exchange) const { return (exchange + 1) * steps / fragments; }

  /// Exchanges of a parameter after which it is the same again: which of them are full, or, with neighbours, which
  /// side of matrices is sent.
  std::int64_t cycle() const { return with_neighbours ? 2 : std::max<std::int64_t>(full_every, 1); }

  /// True if exchange number `exchange` is full: the last of each cycle.
  bool is_full(std::int64_t exchange) const { return full_every > 0 && (exchange / fragments + 1) % full_every == 0; }

  /// True if it is not an exchange of gradients in every step.
  bool is_local() const { return *this != LocalSteps{}; }

  friend bool operator==(const LocalSteps& a, const LocalSteps& b) = default;
};

}  // namespace simrun
