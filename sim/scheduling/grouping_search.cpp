#include "sim/scheduling/grouping_search.hpp"

#include <algorithm>
#include <string_view>

#include "sim/scheduling/mergecomp_search.hpp"
#include "sim/study/experiment.hpp"
#include "sim/text/where.hpp"

namespace simrun {
namespace {

constexpr double bucket_bytes = 25e6;

/// A point's model in backward order.
struct Backward {
  explicit Backward(const Scenario& scenario) {
    const Model& model = *scenario.model;
    times = scenario.compute.backward_by_tensor.empty() ? share_backward(model, scenario.compute.backward)
                                                        : scenario.compute.backward_by_tensor;
    std::reverse(times.begin(), times.end());
    for (const Tensor& tensor : model.tensors) elements.push_back(tensor.elements());
    std::reverse(elements.begin(), elements.end());
    before.resize(elements.size() + 1);
    for (std::size_t i = 0; i < elements.size(); ++i) before[i + 1] = before[i] + elements[i];
  }

  std::vector<Seconds> times;
  std::vector<std::uint64_t> elements;
  std::vector<std::uint64_t> before;  ///< elements of the tensors before each
};

/// Searches among the groupings of a point.
class GroupingSearch {
 public:
  GroupingSearch(const Scenario& scenario, const PointCosts& costs)
      : backward_(scenario),
        costs_(costs),
        rules_(scenario.host_groups().hierarchy == Hierarchy::flat ? Rules::flat : Rules::in_hosts) {}

  std::size_t tensors() const { return backward_.elements.size(); }
  const std::vector<std::uint64_t>& elements() const { return backward_.elements; }

  Seconds time(const Partition& partition) const {
    return time_of(partition, backward_.times, times_of_groups(costs_.compressed), rules_);
  }
  SearchedPartition one_cut() const { return search_one_cut(tensors(), evaluate()); }
  SearchedPartition cuts(std::size_t most_groups) const { return search_cuts(tensors(), evaluate(), most_groups); }

  BestPartition best(std::optional<std::size_t> most_groups) const {
    return best_partition(backward_.times, times_of_groups(costs_.compressed), most_groups, rules_);
  }
  BestPartition best_mixed(std::optional<std::size_t> most_groups) const {
    if (!costs_.dense) return best(most_groups);
    const std::vector<TimesOfGroup> ways = {times_of_groups(costs_.compressed), times_of_groups(*costs_.dense)};
    constexpr double tolerance = 1e-3;
    constexpr std::size_t most_states = 64;
    BestPartition best = best_partition(backward_.times, ways, most_groups, tolerance, most_states, rules_);
    // What is left out may be one of the simplest.
    for (std::size_t way = 0; way < ways.size(); ++way) {
      BestPartition of_one_way = best_partition(backward_.times, ways[way], most_groups, rules_);
      if (of_one_way.time >= best.time) continue;
      of_one_way.ways.assign(of_one_way.partition.size(), way);
      of_one_way.is_proved = best.is_proved;
      best = std::move(of_one_way);
    }
    return best;
  }

 private:
  TimesOfGroup times_of_groups(const GroupCosts& costs) const {
    return
        [&](std::size_t first, std::size_t last) { return costs.of(backward_.before[last] - backward_.before[first]); };
  }
  std::function<Seconds(const Partition&)> evaluate() const {
    return [this](const Partition& partition) { return time(partition); };
  }

  Backward backward_;
  const PointCosts& costs_;
  Rules rules_;
};

/// Numbers of the groups that travel in the second way.
std::vector<std::size_t> dense_groups(const BestPartition& best) {
  std::vector<std::size_t> dense;
  for (std::size_t group = 0; group < best.ways.size(); ++group) {
    if (best.ways[group] != 0) dense.push_back(group);
  }
  return dense;
}

}  // namespace

std::vector<Candidate> candidates_of(std::size_t point, const Scenario& scenario, const PointCosts& costs,
                                     std::optional<std::size_t> most_groups) {
  const GroupingSearch among(scenario, costs);
  const std::size_t tensors = among.tensors();
  const auto by_rule = [&](const Grouping& grouping) { return partition_of(make_schedule(*scenario.model, grouping)); };
  const BestPartition best = among.best(most_groups);
  const SearchedPartition one_cut = among.one_cut();
  const SearchedPartition cuts = among.cuts(most_groups.value_or(tensors));
  const std::size_t groups = best.partition.size();
  const std::size_t all_groups = tensors * (tensors + 1) / 2;
  std::vector<Candidate> all = {
      {point, "tensor", by_rule({Grouping::EachTensor{}}), 1},
      {point, "model", {tensors}, 1},
      {point, "equal-count", equal_counts(tensors, groups), 1},
      {point, "equal-size", equal_sizes(among.elements(), groups), 1},
      {point, "bucket", by_rule({Grouping::Bucket{Bytes(bucket_bytes)}}), 1},
      {point, "mergecomp", one_cut.partition, one_cut.evaluations},
      {point, "mergecomp-y", cuts.partition, cuts.evaluations},
      {point, "optimal", best.partition, all_groups},
  };
  const Seconds others = scenario.compute.forward + scenario.compute.update;
  for (Candidate& each : all) each.predicted = (others + among.time(each.partition)).value;
  if (costs.dense) {
    const BestPartition mixed = among.best_mixed(most_groups);
    all.push_back({point, "optimal-mixed", mixed.partition, 2 * all_groups, dense_groups(mixed), mixed.is_proved});
    all.back().predicted = (others + mixed.time).value;
  }
  return all;
}

std::vector<Candidate> searched_candidates(std::size_t point, const Scenario& scenario, const PointCosts& costs,
                                           const Grouping::Search& search) {
  const GroupingSearch among(scenario, costs);
  std::optional<std::size_t> limit;
  if (search.max_groups > 0) limit = search.max_groups;
  if (search.by == Grouping::Search::By::mergecomp) {
    if (search.max_groups == 1) return {{point, "mergecomp", {among.tensors()}, 1}};
    const SearchedPartition found = search.max_groups > 2 ? among.cuts(*limit) : among.one_cut();
    return {{point, "mergecomp", found.partition, found.evaluations}};
  }
  std::vector<Candidate> all = candidates_of(point, scenario, costs, limit);
  std::erase_if(all, [&](const Candidate& each) {
    const std::string_view name = each.name;
    const bool is_slow = name == "tensor" || name == "equal-count" || name == "equal-size";
    return is_slow || (limit && each.partition.size() > *limit) || (name == "optimal-mixed" && !search.is_mixed);
  });
  return all;
}

std::vector<PointCosts> costs_of(const Study& study, unsigned jobs, bool with_dense) {
  std::vector<PointCosts> costs;
  for (GroupCosts& each : GroupCosts::simulated(study, jobs)) costs.push_back({std::move(each), std::nullopt});
  if (!with_dense) return costs;
  std::vector<GroupCosts> dense = GroupCosts::simulated_dense(study, jobs);
  for (std::size_t point = 0; point < costs.size(); ++point) {
    const MethodChoice& method = study.points[point].scenario.method;
    const bool is_dense = method.codec == dense_choice(method).codec && method.options.precision == Precision::fp32 &&
                          method.collective == dense_choice(method).collective;
    if (!is_dense) costs[point].dense = std::move(dense[point]);
  }
  return costs;
}

Grouping::Explicit groups_of(const Study& study, const Candidate& candidate) {
  return named_groups(*study.points[candidate.point].scenario.model, candidate.partition, candidate.dense);
}

namespace {

Json schedule_by(const Grouping::Explicit& groups, bool metadata_apart) {
  Json grouping = {{"groups", groups.groups}};
  if (!groups.dense.empty()) grouping["dense"] = groups.dense;
  Json schedule = {{"grouping", grouping}, {"decode", "after-backward"}};
  if (metadata_apart) schedule["metadata"] = "apart";
  return schedule;
}

}  // namespace

Json schedule_of(const Study& study, const Candidate& candidate) {
  return schedule_by(groups_of(study, candidate), study.points[candidate.point].scenario.metadata_apart);
}

void group(Scenario& scenario, const Grouping::Explicit& groups) {
  Json resolved = *scenario.resolved;
  resolved["schedule"] = schedule_by(groups, scenario.metadata_apart);
  scenario.resolved = std::move(resolved);
  scenario.grouping = {groups};
}

void simulate(const Study& study, unsigned jobs, std::vector<Candidate>& candidates) {
  Study all;
  all.file = study.file;
  for (const Candidate& each : candidates) {
    all.points.push_back(study.points[each.point]);
    group(all.points.back().scenario, groups_of(study, each));
  }
  const std::vector<Times> times = simulate_all(all, jobs, "groupings");
  for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].iteration = times[i].iteration.value;
}

void check_groups_can_be_searched(const Study& study) {
  const Where where{study.file, ""};
  for (const Point& point : study.points) {
    if (point.scenario.method.follows_shapes())
      (where / "methods" / point.method)
          .fail(point.label + " sends bytes that follow from the shapes of tensors",
                "groups cannot be searched for: leave it out");
    if (point.scenario.compute.pace.jitters() || !point.scenario.compute.pace.stragglers.empty())
      (where / "compute").fail("groups cannot be searched for with jitter or stragglers", "leave them out");
  }
}

}  // namespace simrun
