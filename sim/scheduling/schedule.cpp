#include "sim/scheduling/schedule.hpp"

#include <algorithm>
#include <cmath>

#include "sim/scenario/sweep.hpp"
#include "sim/scheduling/group_costs.hpp"
#include "sim/scheduling/partition.hpp"
#include "sim/study/experiment.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/folder_lock.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/csv.hpp"
#include "sim/text/error.hpp"
#include "sim/text/json.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"
#include "sim/text/where.hpp"

namespace simrun {
namespace {

constexpr double bucket_bytes = 25e6;

/// One way to group the tensors of a point.
struct Candidate {
  std::size_t point;
  const char* name;
  Partition partition;
  std::size_t evaluations;
  std::vector<std::size_t> dense = {};  ///< numbers of the groups that are not compressed
  bool is_proved = true;                ///< by the model of groups, where it is called optimal
  double predicted = 0;                 ///< iteration by the model of groups, s
  double iteration = 0;                 ///< simulated, s
};

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

/// What a point's groups take, compressed and not.
struct PointCosts {
  GroupCosts compressed;
  std::optional<GroupCosts> dense;  ///< where groups may stay so
};

/// Searches among the groupings of a point.
class GroupingSearch {
 public:
  GroupingSearch(const Scenario& scenario, const PointCosts& costs) : backward_(scenario), costs_(costs) {}

  std::size_t tensors() const { return backward_.elements.size(); }
  const std::vector<std::uint64_t>& elements() const { return backward_.elements; }

  Seconds time(const Partition& partition) const {
    return time_of(partition, backward_.times, times_of_groups(costs_.compressed));
  }
  SearchedPartition one_cut() const { return search_one_cut(tensors(), evaluate()); }
  SearchedPartition cuts(std::size_t most_groups) const { return search_cuts(tensors(), evaluate(), most_groups); }

  BestPartition best(std::optional<std::size_t> most_groups) const {
    return best_partition(backward_.times, times_of_groups(costs_.compressed), most_groups);
  }
  BestPartition best_mixed(std::optional<std::size_t> most_groups) const {
    const std::vector<TimesOfGroup> ways = {times_of_groups(costs_.compressed), times_of_groups(*costs_.dense)};
    constexpr double tolerance = 1e-3;
    constexpr std::size_t most_states = 64;
    return best_partition(backward_.times, ways, most_groups, tolerance, most_states);
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
};

/// Numbers of the groups that travel in the second way.
std::vector<std::size_t> dense_groups(const BestPartition& best) {
  std::vector<std::size_t> dense;
  for (std::size_t group = 0; group < best.ways.size(); ++group) {
    if (best.ways[group] != 0) dense.push_back(group);
  }
  return dense;
}

/// None for 0.
std::optional<std::size_t> limit_of(std::size_t max_groups) {
  return max_groups > 0 ? std::optional(max_groups) : std::nullopt;
}

/// The groups that a search ends with.
Grouping::Explicit searched_for(const Grouping::Search& search, const Scenario& scenario, const PointCosts& costs) {
  const GroupingSearch among(scenario, costs);
  const Model& model = *scenario.model;
  if (search.by == Grouping::Search::By::mergecomp)
    return named_groups(model, search.max_groups == 1  ? Partition{among.tensors()}
                               : search.max_groups > 2 ? among.cuts(search.max_groups).partition
                                                       : among.one_cut().partition);
  if (!search.is_mixed) return named_groups(model, among.best(limit_of(search.max_groups)).partition);
  const BestPartition best = among.best_mixed(limit_of(search.max_groups));
  return named_groups(model, best.partition, dense_groups(best));
}

/// All groupings of one point.
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

/// As a scenario takes them.
Json schedule_of(const Grouping::Explicit& groups) {
  Json grouping = {{"groups", groups.groups}};
  if (!groups.dense.empty()) grouping["dense"] = groups.dense;
  return {{"grouping", grouping}, {"decode", "after-backward"}};
}

/// Groups the tensors so, also in what the scenario says.
void group(Scenario& scenario, const Grouping::Explicit& groups) {
  Json resolved = *scenario.resolved;
  resolved["schedule"] = schedule_of(groups);
  scenario.resolved = std::move(resolved);
  scenario.grouping = {groups};
}

Grouping::Explicit groups_of(const Study& study, const Candidate& each) {
  return named_groups(*study.points[each.point].scenario.model, each.partition, each.dense);
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

/// What is said of a grouping; the names are those of the columns.
Row row_of(const Study& study, const Candidate& each, double optimum) {
  const Point& point = study.points[each.point];
  Row row = {{"method", point.label},
             {"workers", point.scenario.workers},
             {"grouping", each.name},
             {"groups", each.partition.size()},
             {"iteration_s", each.iteration},
             {"evaluations", each.evaluations},
             {"over_optimum", each.iteration / optimum - 1},
             {"dense_groups", each.dense.size()}};
  for (const auto& [key, value] : point.swept) {
    if (key != "workers") row.emplace_back(key, *value);
  }
  return row;
}

/// The simulated iteration of the best grouping of the point.
double optimum_of(const std::vector<Candidate>& candidates, std::size_t point) {
  const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& each) {
    return each.point == point && std::string_view(each.name) == "optimal";
  });
  return found->iteration;
}

std::string table_of(const Study& study, const std::vector<Candidate>& candidates) {
  Table table({"method", "M", "grouping", "groups", "iteration", "over optimum", "model", "evaluations"});
  for (const Candidate& each : candidates) {
    const Point& point = study.points[each.point];
    const double optimum = optimum_of(candidates, each.point);
    table.add_row({point.label, std::to_string(point.scenario.workers), each.name,
                   std::to_string(each.partition.size()) +
                       (each.dense.empty() ? "" : " (" + std::to_string(each.dense.size()) + " dense)"),
                   show(Seconds(each.iteration)), percent(each.iteration / optimum - 1),
                   percent(each.predicted / each.iteration - 1), std::to_string(each.evaluations)});
  }
  return table.text() +
         "\nmodel: how far the time that groupings were chosen by is from the simulated one; over optimum: of "
         "simulated "
         "times\n";
}

std::string csv_of(const Study& study, const std::vector<Candidate>& candidates) {
  std::vector<std::string> names;
  std::string lines;
  for (const Candidate& each : candidates) {
    const Row row = row_of(study, each, optimum_of(candidates, each.point));
    if (names.empty()) {
      for (const auto& [name, value] : row) names.push_back(name);
    }
    lines += csv_line(row);
  }
  return csv_header(names) + lines;
}

/// Rows, each with its groups as a scenario takes them.
Json json_of(const Study& study, const std::vector<Candidate>& candidates) {
  Json all = Json::array();
  for (const Candidate& each : candidates) {
    Json row = object_of(row_of(study, each, optimum_of(candidates, each.point)));
    row["model_s"] = each.predicted;
    if (std::string_view(each.name).starts_with("optimal")) row["proved"] = each.is_proved;
    row["schedule"] = schedule_of(groups_of(study, each));
    all.push_back(std::move(row));
  }
  return all;
}

/// A line for each point of which another grouping was faster than what is best by the model of groups.
std::vector<std::string> notes_of(const Study& study, const std::vector<Candidate>& candidates) {
  std::vector<std::string> notes;
  std::string open;
  for (const Candidate& each : candidates) {
    if (!each.is_proved) open += (open.empty() ? "" : "; ") + study.points[each.point].label;
  }
  if (!open.empty()) notes.push_back("the best that was found, but not proved to be the best mixed grouping: " + open);
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    const Candidate* best = nullptr;
    const Candidate* fastest = nullptr;
    for (const Candidate& each : candidates) {
      if (each.point != point || !each.dense.empty()) continue;
      if (std::string_view(each.name) == "optimal") best = &each;
      if (fastest == nullptr || each.iteration < fastest->iteration) fastest = &each;
    }
    if (fastest->iteration > 0.999 * best->iteration) continue;
    notes.push_back(study.points[point].label + ", M = " + std::to_string(study.points[point].scenario.workers) + ": " +
                    fastest->name + " is " + percent(1 - fastest->iteration / best->iteration) +
                    " faster than what is best by the model of groups, which is off by " +
                    percent(std::abs(best->predicted / best->iteration - 1)) + " there");
  }
  return notes;
}

/// Refuses what the model of groups does not know.
void check_points(const Study& study) {
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

/// By whose rules groups are searched for.
Study decoding_after_backward(Study study) {
  for (Point& point : study.points) point.scenario.decode = DecodeTime::after_backward;
  return study;
}

std::vector<PointCosts> costs_of(const Study& study, unsigned jobs, bool with_dense) {
  std::vector<PointCosts> costs;
  for (GroupCosts& each : GroupCosts::simulated(study, jobs)) costs.push_back({std::move(each), std::nullopt});
  if (!with_dense) return costs;
  std::vector<GroupCosts> dense = GroupCosts::simulated_dense(study, jobs);
  for (std::size_t point = 0; point < costs.size(); ++point) {
    const MethodChoice& method = study.points[point].scenario.method;
    const bool is_dense = method.codec == dense_choice(method).codec && !method.options.half_precision &&
                          method.collective == dense_choice(method).collective;
    if (!is_dense) costs[point].dense = std::move(dense[point]);
  }
  return costs;
}

}  // namespace

Study with_searched_groups(const Study& study, unsigned jobs) {
  std::vector<std::size_t> open;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    if (std::holds_alternative<Grouping::Search>(study.points[point].scenario.grouping.how)) open.push_back(point);
  }
  if (open.empty()) return study;
  const Study asked = with_points(study, open);
  check_points(asked);
  const auto search_of = [](const Scenario& scenario) { return std::get<Grouping::Search>(scenario.grouping.how); };
  const bool any_mixed =
      std::ranges::any_of(asked.points, [&](const Point& point) { return search_of(point.scenario).is_mixed; });
  const std::vector<PointCosts> costs = costs_of(asked, jobs, any_mixed);
  Study found = study;
  for (std::size_t i = 0; i < open.size(); ++i) {
    Scenario& scenario = found.points[open[i]].scenario;
    group(scenario, searched_for(search_of(scenario), scenario, costs[i]));
  }
  return found;
}

int schedule(const ScheduleArguments& arguments) {
  const std::string file = find_file(arguments.scenario, "").value_or(arguments.scenario);
  const Study study = decoding_after_backward(read_study(file, parse_overrides(arguments.set)));
  check_points(study);
  const std::string out = arguments.out.empty() ? "results/" + name_of_scenario(file) + "-schedule" : arguments.out;
  const std::vector<PointCosts> costs = costs_of(study, arguments.jobs, true);
  const std::optional<std::size_t> most_groups = limit_of(arguments.max_groups);
  std::vector<Candidate> candidates;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    auto of_point = candidates_of(point, study.points[point].scenario, costs[point], most_groups);
    candidates.insert(candidates.end(), of_point.begin(), of_point.end());
  }
  simulate(study, arguments.jobs, candidates);
  make_folder(out);
  write_file(out + "/schedule.csv", csv_of(study, candidates));
  write_file(out + "/schedule.json", json_of(study, candidates).dump(2) + "\n");
  if (arguments.format == "csv") print_data(csv_of(study, candidates));
  if (arguments.format == "json") print_data(json_of(study, candidates).dump(2) + "\n");
  if (arguments.format == "table") print_lines(table_of(study, candidates));
  for (const std::string& note : study.notes) say("note: " + note);
  for (const std::string& note : notes_of(study, candidates)) say("note: " + note);
  say("groupings decode after the backward pass; the groups of each are in " + out + "/schedule.json");
  return 0;
}

}  // namespace simrun
