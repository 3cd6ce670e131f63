#include "sim/scheduling/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "sim/scenario/local_steps_text.hpp"
#include "sim/scenario/sweep.hpp"
#include "sim/scheduling/grouping_search.hpp"
#include "sim/study/point_key.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/folder_lock.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/csv.hpp"
#include "sim/text/error.hpp"
#include "sim/text/json.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// Groupings whose times differ by less are as fast.
constexpr double as_fast = 1e-3;

/// What is swept beside workers and groupings, which rows have anyhow.
std::vector<std::string> swept_keys(const Study& study) {
  std::vector<std::string> keys;
  for (const auto& [key, count] : study.keys) {
    if (key != "workers" && key != "grouping" && key != "schedule.grouping") keys.push_back(key);
  }
  return keys;
}

/// The point's value of a swept key; null where its method takes none.
Json value_of_swept(const Point& point, const std::string& key) {
  for (const auto& [swept, value] : point.swept) {
    if (swept == key) return *value;
  }
  return nullptr;
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
  for (const std::string& key : swept_keys(study)) row.emplace_back(key, value_of_swept(point, key));
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
  const std::vector<std::string> keys = swept_keys(study);
  std::vector<std::string> names = {"method",       "M",     "grouping",   "groups", "iteration",
                                    "over optimum", "model", "evaluations"};
  names.insert(names.end(), keys.begin(), keys.end());
  Table table(names);
  for (const Candidate& each : candidates) {
    const Point& point = study.points[each.point];
    const double optimum = optimum_of(candidates, each.point);
    std::vector<std::string> cells = {
        point.label,
        std::to_string(point.scenario.workers),
        each.name,
        std::to_string(each.partition.size()) +
            (each.dense.empty() ? "" : " (" + std::to_string(each.dense.size()) + " dense)"),
        show(Seconds(each.iteration)),
        percent(each.iteration / optimum - 1),
        percent(each.predicted / each.iteration - 1),
        std::to_string(each.evaluations)};
    for (const std::string& key : keys) {
      const Json value = value_of_swept(point, key);
      cells.push_back(value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump());
    }
    table.add_row(std::move(cells));
  }
  table.fit_page(3);  // method, M and grouping
  return table.text() + "\n" +
         wrapped(
             "model: how far the time that groupings were chosen by is from the simulated one; over optimum: of "
             "simulated times",
             0) +
         "\n";
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
    row["schedule"] = schedule_of(study, each);
    all.push_back(std::move(row));
  }
  return all;
}

/// Where another grouping of at most so many groups was faster than what is best by the model of groups, that is the
/// optimum. A line for each such.
std::vector<std::string> correct_optima(const Study& study, std::vector<Candidate>& candidates,
                                        std::optional<std::size_t> most_groups) {
  std::vector<std::string> notes;
  for (Candidate& best : candidates) {
    if (!std::string_view(best.name).starts_with("optimal")) continue;
    const bool may_be_mixed = std::string_view(best.name) == "optimal-mixed";
    const Candidate* fastest = &best;
    for (const Candidate& each : candidates) {
      const bool is_allowed = each.point == best.point && (may_be_mixed || each.dense.empty()) &&
                              (!most_groups || each.partition.size() <= *most_groups);
      if (is_allowed && each.iteration < fastest->iteration) fastest = &each;
    }
    if (fastest->iteration > (1 - as_fast) * best.iteration) continue;
    const Point& point = study.points[best.point];
    notes.push_back(point.label + ", M = " + std::to_string(point.scenario.workers) + ": " + fastest->name + " is " +
                    percent(1 - fastest->iteration / best.iteration) +
                    " faster than what is best by the model of groups, which is off by " +
                    percent(std::abs(best.predicted / best.iteration - 1)) + " there; " + best.name + " is that");
    best.partition = fastest->partition;
    best.dense = fastest->dense;
    best.iteration = fastest->iteration;
    best.predicted = fastest->predicted;
    best.is_proved = false;
  }
  return notes;
}

/// Where a mixed grouping is not proved to be the best.
std::vector<std::string> notes_of_mixed(const Study& study, const std::vector<Candidate>& candidates) {
  std::string open;
  for (const Candidate& each : candidates) {
    if (std::string_view(each.name) == "optimal-mixed" && !each.is_proved)
      open += (open.empty() ? "" : "; ") + study.points[each.point].label;
  }
  if (open.empty()) return {};
  return {"the best that was found, but not proved to be the best mixed grouping: " + open};
}

/// By whose rules groups are searched for.
Study decoding_after_backward(Study study) {
  for (Point& point : study.points) point.scenario.decode = DecodeTime::after_backward;
  return study;
}

/// The fastest of a point's candidates as they were simulated; of those that are as fast the last, which is called
/// optimal.
const Candidate& fastest_of(const std::vector<Candidate>& candidates, std::size_t point) {
  const Candidate* fastest = nullptr;
  for (const Candidate& each : candidates) {
    if (each.point != point) continue;
    if (fastest == nullptr || each.iteration < (1 + as_fast) * fastest->iteration) fastest = &each;
  }
  return *fastest;
}

const Grouping::Search* search_of(const Point& point) {
  return std::get_if<Grouping::Search>(&point.scenario.grouping.how);
}

/// By point of a study whose points all ask for a search.
std::vector<Grouping::Explicit> search_groups(const Study& asked, unsigned jobs) {
  const bool any_mixed =
      std::ranges::any_of(asked.points, [](const Point& point) { return search_of(point)->is_mixed; });
  const std::vector<PointCosts> costs = costs_of(asked, jobs, any_mixed);
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < asked.points.size(); ++i) {
    for (Candidate& each : searched_candidates(i, asked.points[i].scenario, costs[i], *search_of(asked.points[i])))
      candidates.push_back(std::move(each));
  }
  simulate(asked, jobs, candidates);
  std::vector<Grouping::Explicit> found;
  for (std::size_t i = 0; i < asked.points.size(); ++i) found.push_back(groups_of(asked, fastest_of(candidates, i)));
  return found;
}

/// By point, what the folder has of earlier searches.
std::vector<std::optional<Grouping::Explicit>> known_groups(const Study& asked, const GroupStore& store) {
  std::vector<std::optional<Grouping::Explicit>> known = store.read();
  for (std::size_t i = 0; i < known.size(); ++i) {
    try {
      if (known[i]) make_schedule(*asked.points[i].scenario.model, {*known[i]});
    } catch (const GroupingError&) {
      known[i].reset();
    }
  }
  return known;
}

}  // namespace

SearchedStudy with_searched_groups(const Study& study, unsigned jobs, const std::string& folder) {
  SearchedStudy all{study, {}};
  std::vector<std::size_t> open;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    if (search_of(study.points[point]) != nullptr) open.push_back(point);
  }
  if (open.empty()) return all;
  const Study asked = with_points(study, open);
  check_groups_can_be_searched(asked);
  all.found.keys = point_keys(asked);
  std::vector<std::optional<Grouping::Explicit>> groups = known_groups(asked, {folder, all.found.keys});
  std::vector<std::size_t> todo;
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (!groups[i]) todo.push_back(i);
  }
  if (!todo.empty()) {
    const std::vector<Grouping::Explicit> searched = search_groups(with_points(asked, todo), jobs);
    for (std::size_t i = 0; i < todo.size(); ++i) groups[todo[i]] = searched[i];
  }
  for (std::size_t i = 0; i < open.size(); ++i) {
    group(all.study.points[open[i]].scenario, *groups[i]);
    all.found.groups.push_back(std::move(*groups[i]));
  }
  return all;
}

/// Without methods whose groups cannot be searched, unless there is no other.
Study searchable(Study study) {
  std::vector<std::size_t> points;
  std::set<std::string_view> left_out;
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    const MethodChoice& method = study.points[i].scenario.method;
    if (method.follows_shapes()) {
      left_out.insert(method.method->name);
    } else {
      points.push_back(i);
    }
  }
  if (points.empty()) return study;
  for (const std::string_view name : left_out)
    study.notes.push_back(std::string(name) +
                          " is left out: groups cannot be searched where bytes follow from the shapes of tensors");
  return with_points(study, points);
}

int schedule(const ScheduleArguments& arguments) {
  const std::string file = find_file(arguments.scenario, "").value_or(arguments.scenario);
  const Study study = searchable(decoding_after_backward(read_study(file, parse_overrides(arguments.set))));
  check_groups_can_be_searched(study);
  refuse_local_steps(study);
  const std::string out = arguments.out.empty() ? "results/" + name_of_scenario(file) + "-schedule" : arguments.out;
  const std::vector<PointCosts> costs = costs_of(study, arguments.jobs, true);
  std::optional<std::size_t> most_groups;
  if (arguments.max_groups > 0) most_groups = arguments.max_groups;
  std::vector<Candidate> candidates;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    auto of_point = candidates_of(point, study.points[point].scenario, costs[point], most_groups);
    candidates.insert(candidates.end(), of_point.begin(), of_point.end());
  }
  simulate(study, arguments.jobs, candidates);
  const std::vector<std::string> corrections = correct_optima(study, candidates, most_groups);
  make_folder(out);
  write_file(out + "/schedule.csv", csv_of(study, candidates));
  write_file(out + "/schedule.json", json_of(study, candidates).dump(2) + "\n");
  if (arguments.format == "csv") print_data(csv_of(study, candidates));
  if (arguments.format == "json") print_data(json_of(study, candidates).dump(2) + "\n");
  if (arguments.format == "table") print_lines(table_of(study, candidates));
  for (const std::string& note : study.notes) say("note: " + note);
  for (const std::string& note : corrections) say("note: " + note);
  for (const std::string& note : notes_of_mixed(study, candidates)) say("note: " + note);
  say("groupings decode after the backward pass; the groups of each are in " + out + "/schedule.json");
  return 0;
}

}  // namespace simrun
