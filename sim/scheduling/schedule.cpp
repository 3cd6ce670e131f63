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
  double predicted = 0;  ///< iteration by the model of groups, s
  double iteration = 0;  ///< simulated, s
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

/// The times of a point's groups.
TimesOfGroup times_of_groups(const Backward& backward, const GroupCosts& costs) {
  return [&](std::size_t first, std::size_t last) { return costs.of(backward.before[last] - backward.before[first]); };
}

/// The groups that a search ends with.
Partition searched_for(const Grouping::Search& search, const Scenario& scenario, const GroupCosts& costs) {
  const Backward backward(scenario);
  const TimesOfGroup times = times_of_groups(backward, costs);
  if (search.by == Grouping::Search::By::mergecomp)
    return search_one_cut(backward.elements.size(),
                          [&](const Partition& partition) { return time_of(partition, backward.times, times); })
        .partition;
  std::optional<std::size_t> most_groups;
  if (search.max_groups > 0) most_groups = search.max_groups;
  return best_partition(backward.times, times, most_groups).partition;
}

/// All groupings of one point.
std::vector<Candidate> candidates_of(std::size_t point, const Scenario& scenario, const GroupCosts& costs,
                                     std::optional<std::size_t> most_groups) {
  const Backward backward(scenario);
  const std::size_t tensors = backward.elements.size();
  const TimesOfGroup times = times_of_groups(backward, costs);
  const auto time = [&](const Partition& partition) { return time_of(partition, backward.times, times); };
  const auto by_rule = [&](const Grouping& grouping) { return partition_of(make_schedule(*scenario.model, grouping)); };
  const BestPartition best = best_partition(backward.times, times, most_groups);
  const SearchedPartition searched = search_one_cut(tensors, time);
  const std::size_t groups = best.partition.size();
  std::vector<Candidate> all = {
      {point, "tensor", by_rule({Grouping::EachTensor{}}), 1},
      {point, "model", {tensors}, 1},
      {point, "equal-count", equal_counts(tensors, groups), 1},
      {point, "equal-size", equal_sizes(backward.elements, groups), 1},
      {point, "bucket", by_rule({Grouping::Bucket{Bytes(bucket_bytes)}}), 1},
      {point, "mergecomp", searched.partition, searched.evaluations},
      {point, "optimal", best.partition, tensors * (tensors + 1) / 2},
  };
  const Seconds others = scenario.compute.forward + scenario.compute.update;
  for (Candidate& each : all) each.predicted = (others + time(each.partition)).value;
  return all;
}

/// Groups the tensors so, also in what the scenario says.
void group(Scenario& scenario, const Partition& partition) {
  const Grouping::Explicit groups = named_groups(*scenario.model, partition);
  Json resolved = *scenario.resolved;
  resolved["schedule"] = {{"grouping", {{"groups", groups.groups}}}, {"decode", "after-backward"}};
  scenario.resolved = std::move(resolved);
  scenario.grouping = {groups};
}

void simulate(const Study& study, unsigned jobs, std::vector<Candidate>& candidates) {
  Study all;
  all.file = study.file;
  for (const Candidate& each : candidates) {
    all.points.push_back(study.points[each.point]);
    group(all.points.back().scenario, each.partition);
  }
  const std::vector<Times> times = simulate_all(all, jobs, "groupings");
  for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].iteration = times[i].iteration.value;
}

/// What is said of a grouping; the names are those of the columns.
Row row_of(const Study& study, const Candidate& each, double optimum) {
  const Point& point = study.points[each.point];
  return {{"method", point.label},
          {"workers", point.scenario.workers},
          {"grouping", each.name},
          {"groups", each.partition.size()},
          {"iteration_s", each.iteration},
          {"evaluations", each.evaluations},
          {"over_optimum", each.iteration / optimum - 1}};
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
                   std::to_string(each.partition.size()), show(Seconds(each.iteration)),
                   percent(each.iteration / optimum - 1), percent(each.predicted / each.iteration - 1),
                   std::to_string(each.evaluations)});
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
    row["schedule"] = {
        {"grouping", {{"groups", named_groups(*study.points[each.point].scenario.model, each.partition).groups}}},
        {"decode", "after-backward"}};
    all.push_back(std::move(row));
  }
  return all;
}

/// A line for each point of which another grouping was faster than what is best by the model of groups.
std::vector<std::string> notes_of(const Study& study, const std::vector<Candidate>& candidates) {
  std::vector<std::string> notes;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    const Candidate* best = nullptr;
    const Candidate* fastest = nullptr;
    for (const Candidate& each : candidates) {
      if (each.point != point) continue;
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

/// True if bytes follow from the shapes of tensors, not only from their elements.
bool follows_shapes(const MethodChoice& method) {
  const auto codec = method.codec->make(method.options, nullptr);
  const std::vector<TensorShape> matrix = {{1000, 1000}};
  return codec->shape(1'000'000, 1000, matrix) != codec->shape(1'000'000, 1000, {});
}

/// Refuses what the model of groups does not know.
void check_points(const Study& study) {
  const Where where{study.file, ""};
  for (const Point& point : study.points) {
    if (follows_shapes(point.scenario.method))
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

}  // namespace

Study with_searched_groups(const Study& study, unsigned jobs) {
  std::vector<std::size_t> open;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    if (std::holds_alternative<Grouping::Search>(study.points[point].scenario.grouping.how)) open.push_back(point);
  }
  if (open.empty()) return study;
  const Study asked = with_points(study, open);
  check_points(asked);
  const std::vector<GroupCosts> costs = GroupCosts::simulated(asked, jobs);
  Study found = study;
  for (std::size_t i = 0; i < open.size(); ++i) {
    Scenario& scenario = found.points[open[i]].scenario;
    const auto& search = std::get<Grouping::Search>(scenario.grouping.how);
    group(scenario, searched_for(search, scenario, costs[i]));
  }
  return found;
}

int schedule(const ScheduleArguments& arguments) {
  const std::string file = find_file(arguments.scenario, "").value_or(arguments.scenario);
  const Study study = decoding_after_backward(read_study(file, parse_overrides(arguments.set)));
  check_points(study);
  const std::string out = arguments.out.empty() ? "results/" + name_of_scenario(file) + "-schedule" : arguments.out;
  const std::vector<GroupCosts> costs = GroupCosts::simulated(study, arguments.jobs);
  std::optional<std::size_t> most_groups;
  if (arguments.max_groups > 0) most_groups = arguments.max_groups;
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
