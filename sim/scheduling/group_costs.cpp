#include "sim/scheduling/group_costs.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <stdexcept>

#include "sim/study/experiment.hpp"
#include "sim/system/progress_bar.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

constexpr double step = 1.5;

/// Where what a method sends varies from step to step, as it draws, gradients of so many workers are looked at for the
/// whole model, and for smaller sizes of as many more, since there draws of a share of the elements tell less.
constexpr std::uint64_t workers_that_tell = 8;

/// From the smallest tensor to the whole model.
std::vector<std::uint64_t> sizes_of(const Model& model) {
  std::uint64_t smallest = model.elements();
  for (const Tensor& tensor : model.tensors) smallest = std::min(smallest, tensor.elements());
  std::vector<std::uint64_t> sizes;
  for (double size = static_cast<double>(smallest); size < static_cast<double>(model.elements()); size *= step)
    sizes.push_back(static_cast<std::uint64_t>(std::ceil(size)));
  sizes.push_back(model.elements());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

/// The same method on the same cluster, with a model of one tensor and nothing to compute.
Scenario of_one_tensor(const Scenario& scenario, const std::shared_ptr<const Model>& model) {
  Scenario one = scenario;
  one.model = model;
  one.compute = {};
  one.grouping = {Grouping::WholeModel{}};
  if (one.method.kept) {
    const double kept = one.method.kept->density(scenario.elements()) * static_cast<double>(model->elements());
    one.method.kept = Kept::number(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(kept))));
  }
  if (one.method.codec->varies) one.gradient_workers = workers_that_tell * scenario.elements() / model->elements();
  Json resolved = *scenario.resolved;  // by which payloads are told apart
  resolved["model"] = {{"elements", model->elements()}};
  resolved["schedule"] = {{"grouping", "model"}};
  if (std::holds_alternative<GradientFiles>(one.gradients)) {
    one.gradients = SyntheticGradients{};
    resolved["gradients"] = Json::object();
  }
  one.resolved = std::move(resolved);
  return one;
}

GroupTimes between(const GroupTimes& a, const GroupTimes& b, double share) {
  const auto mix = [&](Seconds x, Seconds y) { return (1 - share) * x + share * y; };
  return {mix(a.encode, b.encode), mix(a.exchange, b.exchange), mix(a.decode, b.decode), mix(a.reduce, b.reduce),
          mix(a.share, b.share)};
}

/// What the one group took. With a hierarchy, what is combined in a round counts as that round's.
GroupTimes parts_of(const Times& times, Hierarchy hierarchy) {
  if (hierarchy == Hierarchy::flat) return {times.encode, times.communication + times.staging, times.decode};
  const RoundTimes& rounds = times.rounds;
  const Seconds decode = times.iteration - times.encode - rounds.reduce - rounds.exchange - rounds.share;
  return {times.encode, rounds.exchange, std::max(Seconds(0), decode), rounds.reduce, rounds.share};
}

}  // namespace

std::vector<Times> simulate_all(const Study& study, unsigned jobs, const char* what) {
  std::vector<std::size_t> all(study.points.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  PayloadCache cache = PayloadCache::of_user();
  PayloadStage payloads(study, all, jobs, cache, [](std::uint64_t, std::uint64_t) {});
  std::vector<Times> times(all.size());
  std::size_t done = 0;
  ProgressBar bar(what);
  run_points(study, payloads, {.jobs = jobs}, [&](std::size_t point, const PointResult& result) {
    if (!result.times) throw std::runtime_error(study.points[point].label + ": " + result.failure);
    times[point] = *result.times;
    bar.show({.done = ++done, .total = all.size()});
  });
  return times;
}

std::vector<GroupCosts> GroupCosts::simulated(const Study& study, unsigned jobs) {
  Study sizes;
  sizes.file = study.file;
  std::vector<std::pair<std::size_t, std::uint64_t>> of;  // point and elements
  std::map<std::uint64_t, std::shared_ptr<const Model>> models;
  for (std::size_t p = 0; p < study.points.size(); ++p) {
    for (const std::uint64_t elements : sizes_of(*study.points[p].scenario.model)) {
      auto& model = models[elements];
      if (!model) model = std::make_shared<Model>(Model{"one tensor", {{"all", {elements}}}});
      Point point;
      point.scenario = of_one_tensor(study.points[p].scenario, model);
      point.label = study.points[p].label;
      sizes.points.push_back(std::move(point));
      of.emplace_back(p, elements);
    }
  }
  const std::vector<Times> times = simulate_all(sizes, jobs, "sizes of groups");
  std::vector<GroupCosts> costs(study.points.size());
  for (std::size_t i = 0; i < of.size(); ++i)
    costs[of[i].first].known_[of[i].second] = parts_of(times[i], sizes.points[i].scenario.host_groups().hierarchy);
  return costs;
}

std::vector<GroupCosts> GroupCosts::simulated_dense(const Study& study, unsigned jobs) {
  Study dense;
  dense.file = study.file;
  std::map<std::string, std::size_t> known;  // methods differ, what they would send otherwise does not
  std::vector<std::size_t> numbers;
  for (const Point& point : study.points) {
    Point other;
    other.label = point.label + ", dense";
    other.scenario = point.scenario;
    other.scenario.method = dense_choice(point.scenario.method);
    Json resolved = *point.scenario.resolved;
    resolved["methods"] = {{{"name", "sgd"}, {"hierarchy", name_of(point.scenario.method.hierarchy)}}};
    const auto [at, is_new] = known.try_emplace(resolved.dump(), dense.points.size());
    numbers.push_back(at->second);
    if (!is_new) continue;
    other.scenario.resolved = std::move(resolved);
    dense.points.push_back(std::move(other));
  }
  const std::vector<GroupCosts> costs = simulated(dense, jobs);
  std::vector<GroupCosts> all;
  for (const std::size_t number : numbers) all.push_back(costs[number]);
  return all;
}

GroupTimes GroupCosts::of(std::uint64_t elements) const {
  const auto above = known_.lower_bound(elements);
  if (above == known_.end()) return known_.rbegin()->second;
  if (above == known_.begin() || above->first == elements) return above->second;
  const auto below = std::prev(above);
  const double share = static_cast<double>(elements - below->first) / static_cast<double>(above->first - below->first);
  return between(below->second, above->second, share);
}

}  // namespace simrun
