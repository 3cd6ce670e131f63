#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/training/exchange.hpp"
#include "sim/training/optimizer.hpp"
#include "sim/training/worker_models.hpp"

namespace simrun {

/// What M workers do that have models of their own and exchange rarely (LocalSteps). Each makes steps by itself. Every
/// H/P steps a fragment of the model is exchanged: each worker encodes the pseudo-gradient, how far the fragment has
/// come from the outer parameters, which all have alike. The outer optimiser steps these along the mean, and each
/// worker's parameters become w of its own and 1 - w of the outer ones. Source: DiLoCo, Douillard et al., 2023; in
/// fragments and delayed: Streaming DiLoCo, Douillard et al., 2025. Where steps are kept it adds to the outer ones what
/// it has come since it sent. A full exchange is dense; residuals wait until the next that is not. Source of both:
/// CD-SGD, Yu et al., 2021 (arXiv 2106.10796).
class LocalTraining : public WorkerModels {
 public:
  /// The scenario has a training part and outlives this. `parameters` (size N): those that all begin with.
  LocalTraining(const Scenario& scenario, std::uint64_t seed, unsigned threads, std::span<const float> parameters);

  /// When every worker has made so many steps: applies what arrives to the outer parameters (size N) and to the
  /// workers', and exchanges the fragment that is due, with K/N as in GradientExchange::set_density. Returns that
  /// exchange, or null. Throws NonFiniteError.
  const GradientExchange* exchange(std::int64_t steps, std::optional<double> density, std::span<float> outer);

  /// What was sent last of every fragment.
  PayloadTable payloads() const;

  /// True if payload sizes depend on values.
  bool sizes_change() const { return fragments_.front()->exchange.sizes_change(); }

  /// Everything that the steps to come depend on.
  template <class Self, class Archive>
  static void visit_state(Self& local, Archive& archive);

 private:
  /// Groups of tensors, exchanged when their turn comes.
  struct Fragment {
    Fragment(const Scenario& whole, std::span<const Group> groups, unsigned threads);

    std::size_t elements() const { return scenario.elements(); }

    /// Calls at(i, j) for each element: number i of the fragment, number j of the model.
    template <class At>
    void for_each(const At& at) const {
      std::size_t i = 0;
      for (const auto& [begin, end] : ranges) {
        for (std::size_t j = begin; j < end; ++j) at(i++, j);
      }
    }

    std::vector<std::pair<std::size_t, std::size_t>> ranges;  ///< of each tensor
    Scenario scenario;                                        ///< of the fragment alone
    GradientExchange exchange;
    std::optional<Scenario> full_scenario;  ///< of full exchanges, where there are some
    std::optional<GradientExchange> full;
    Optimizer optimizer;  ///< the outer one
  };

  /// What workers have agreed on, on its way.
  struct Result {
    std::int64_t due = 0;  ///< steps after which it arrives
    std::size_t fragment = 0;
    std::vector<float> change;
    std::vector<std::vector<float>> sent;  ///< by worker: its parameters as it sent, where steps are kept
  };

  /// Returns what the workers agree on, valid until the next exchange by the same.
  std::span<const float> send(const Fragment& fragment, GradientExchange& exchange, std::optional<double> density,
                              std::span<const float> outer);
  std::vector<std::vector<float>> parameters_in(const Fragment& fragment) const;
  void apply_due(std::int64_t steps, std::span<float> outer);
  void apply(const Result& result, std::span<float> outer);

  const Scenario& scenario_;
  const LocalSteps& local_;
  std::uint64_t seed_;
  unsigned threads_;
  std::vector<std::unique_ptr<Fragment>> fragments_;
  std::int64_t exchanges_ = 0;   ///< so far
  std::vector<Result> results_;  ///< that have not arrived, in the order in which they were sent
};

template <class Self, class Archive>
void LocalTraining::visit_state(Self& local, Archive& archive) {
  using Part = std::conditional_t<std::is_const_v<Self>, const Fragment, Fragment>;
  archive(local.exchanges_);
  visit_models(local, archive);
  for (auto& fragment : local.fragments_) {
    Part& part = *fragment;
    GradientExchange::visit_state(part.exchange, archive);
    Optimizer::visit_state(part.optimizer, archive);
  }
  std::vector<Result> results = local.results_;
  std::size_t count = results.size();
  archive(count);
  results.resize(count);
  for (Result& result : results) {
    archive(result.due, result.fragment, result.change);
    result.sent.resize(local.local_.keeps_steps ? local.models_.size() : 0);
    for (auto& sent : result.sent) archive(sent);
  }
  if constexpr (!std::is_const_v<Self>) local.results_ = std::move(results);
}

}  // namespace simrun
