#include "sim/training/local_training.hpp"

#include <algorithm>

#include "kernels/parallel.hpp"
#include "sim/training/adversary.hpp"

namespace simrun {
namespace {

/// Tensors of these groups, in forward order.
std::vector<std::size_t> tensors_of_groups(std::span<const Group> groups) {
  std::vector<std::size_t> all;
  for (const Group& group : groups) all.insert(all.end(), group.tensors.begin(), group.tensors.end());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::pair<std::size_t, std::size_t>> ranges_of(const Model& model, std::span<const Group> groups) {
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (const std::size_t tensor : tensors_of_groups(groups)) {
    const std::size_t begin = model.offset(tensor);
    ranges.emplace_back(begin, begin + model.tensors[tensor].elements());
  }
  return ranges;
}

/// The scenario of a model that has these groups alone. Of it the same share of entries is kept.
Scenario scenario_of_groups(const Scenario& whole, std::span<const Group> groups) {
  Scenario part = whole;
  Model model{.name = whole.model->name, .tensors = {}};
  for (const std::size_t tensor : tensors_of_groups(groups)) model.tensors.push_back(whole.model->tensors[tensor]);
  Grouping::Explicit named;
  for (const Group& group : groups) {
    named.groups.emplace_back();
    for (const std::size_t tensor : group.tensors) named.groups.back().push_back(whole.model->tensors[tensor].name);
  }
  part.model = std::make_shared<const Model>(std::move(model));
  part.grouping = {std::move(named)};
  part.method.local = {};
  if (whole.method.kept) part.method.kept = Kept::share(whole.method.kept->density(whole.elements()));
  return part;
}

}  // namespace

LocalTraining::Fragment::Fragment(const Scenario& whole, std::span<const Group> groups, unsigned threads)
    : ranges(ranges_of(*whole.model, groups)),
      scenario(scenario_of_groups(whole, groups)),
      exchange(scenario, threads),
      optimizer(OptimizerRule::of(whole.method.local.outer), elements(), make_cpu_primitives(1)) {
  if (whole.method.local.full_every == 0) return;
  full_scenario = in_full(scenario);
  full.emplace(*full_scenario, threads);
}

LocalTraining::LocalTraining(const Scenario& scenario, std::uint64_t seed, unsigned threads,
                             std::span<const float> parameters)
    : WorkerModels(scenario, parameters),
      scenario_(scenario),
      local_(scenario.method.local),
      seed_(seed),
      threads_(threads) {
  const std::vector<Group> groups = groups_of(scenario);
  for (auto begin = groups.begin(); begin != groups.end();) {
    const auto end = std::find_if(begin, groups.end(), [&](const Group& g) { return g.fragment != begin->fragment; });
    fragments_.push_back(std::make_unique<Fragment>(scenario, std::span(begin, end), threads));
    begin = end;
  }
}

const GradientExchange* LocalTraining::exchange(std::int64_t steps, std::optional<double> density,
                                                std::span<float> outer) {
  apply_due(steps, outer);
  if (local_.begin_of(exchanges_) != steps) return nullptr;
  const std::size_t number = static_cast<std::size_t>(exchanges_) % fragments_.size();
  Fragment& fragment = *fragments_[number];
  GradientExchange& used = local_.is_full(exchanges_) ? *fragment.full : fragment.exchange;
  const std::span<const float> agreed = send(fragment, used, density, outer);
  Result result{.due = steps + local_.delay, .fragment = number, .change = {agreed.begin(), agreed.end()}, .sent = {}};
  if (local_.keeps_steps) result.sent = parameters_in(fragment);
  results_.push_back(std::move(result));
  ++exchanges_;
  apply_due(steps, outer);
  return &used;
}

std::span<const float> LocalTraining::send(const Fragment& fragment, GradientExchange& exchange,
                                           std::optional<double> density, std::span<const float> outer) {
  const auto round = static_cast<std::uint32_t>(exchanges_);
  const Adversaries& adversaries = scenario_.training->adversaries;
  const std::size_t corrupted = count_adversaries(adversaries, models_.size());
  exchange.begin({.seed = seed_, .round = round});
  exchange.set_density(density);
  parallel_for(models_.size(), threads_, [&](std::size_t worker) {
    const std::vector<float>& own = models_[worker];
    std::vector<float> change(fragment.elements());
    fragment.for_each([&](std::size_t i, std::size_t j) { change[i] = outer[j] - own[j]; });
    if (worker < corrupted)
      corrupt(adversaries.behaviour, {seed_, Randomness::adversary, static_cast<std::uint32_t>(worker), round}, change);
    exchange.encode(worker, change);
  });
  return exchange.exchange();
}

/// By worker.
std::vector<std::vector<float>> LocalTraining::parameters_in(const Fragment& fragment) const {
  std::vector<std::vector<float>> all(models_.size(), std::vector<float>(fragment.elements()));
  parallel_for(models_.size(), threads_, [&](std::size_t worker) {
    fragment.for_each([&](std::size_t i, std::size_t j) { all[worker][i] = models_[worker][j]; });
  });
  return all;
}

void LocalTraining::apply_due(std::int64_t steps, std::span<float> outer) {
  while (!results_.empty() && results_.front().due == steps) {
    apply(results_.front(), outer);
    results_.erase(results_.begin());
  }
}

void LocalTraining::apply(const Result& result, std::span<float> outer) {
  Fragment& fragment = *fragments_[result.fragment];
  std::vector<float> common(fragment.elements());
  fragment.for_each([&](std::size_t i, std::size_t j) { common[i] = outer[j]; });
  const double rate = local_.outer ? local_.outer->learning_rate : 1;
  fragment.optimizer.step(result.change, static_cast<float>(rate), common);
  fragment.for_each([&](std::size_t i, std::size_t j) { outer[j] = common[i]; });
  const auto own = static_cast<float>(local_.merge_weight);
  const auto others = static_cast<float>(1 - local_.merge_weight);
  parallel_for(models_.size(), threads_, [&](std::size_t worker) {
    std::vector<float>& mine = models_[worker];
    fragment.for_each([&](std::size_t i, std::size_t j) {
      const float since = local_.keeps_steps ? mine[j] - result.sent[worker][i] : 0.0F;
      mine[j] = own * mine[j] + others * (common[i] + since);
    });
  });
}

PayloadTable LocalTraining::payloads() const {
  PayloadTable all(scenario_, static_cast<std::size_t>(scenario_.host_groups().encoders()));
  std::size_t group = 0;
  for (const auto& fragment : fragments_) group = all.take_groups(fragment->exchange.payloads(), group);
  return all;
}

}  // namespace simrun
