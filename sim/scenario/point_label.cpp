#include "sim/scenario/point_label.hpp"

#include <map>
#include <set>
#include <string>

#include "sim/scenario/sweep_keys.hpp"
#include "sim/text/json.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// The ways in which a study runs a method.
struct Ways {
  std::set<std::string_view> collectives;
  std::set<std::string> groupings;
  std::set<bool> feeds_back;
  bool gives_grouping = false;  ///< an entry or the sweep does, not the schedule

  bool shows_grouping() const {
    return gives_grouping && groupings != std::set<std::string>{name_of(Grouping{Grouping::WholeModel{}})};
  }
};

}  // namespace

void label_points(Study& study) {
  std::map<std::string_view, Ways> ways;
  for (const Point& point : study.points) {
    const MethodChoice& method = point.scenario.method;
    Ways& of_method = ways[method.method->name];
    of_method.collectives.insert(method.collective->name);
    of_method.groupings.insert(name_of(point.scenario.grouping));
    of_method.feeds_back.insert(method.error_feedback);
    of_method.gives_grouping = of_method.gives_grouping || method.grouping;
    study.gives_groupings = study.gives_groupings || method.grouping;
  }
  for (Point& point : study.points) {
    const MethodChoice& method = point.scenario.method;
    const Ways& of_method = ways[method.method->name];
    point.label = label(method, of_method.collectives.size() > 1 ? Naming::with_collective : Naming::in_brief);
    if (of_method.feeds_back.size() > 1 && !method.error_feedback) point.label += ", no error feedback";
    if (of_method.shows_grouping()) point.label += ", " + name_of(point.scenario.grouping);
  }
}

std::vector<std::string> swept_beside_label(const Point& point) {
  const std::set<std::string> told = {"workers", "density", "k"};
  std::vector<std::string> others;
  for (const auto& [key, value] : point.swept) {
    if (!told.contains(key) && !is_way_of_running(key)) others.push_back(key + " " + brief(*value));
  }
  return others;
}

std::string full_name(const Point& point) {
  const int workers = point.scenario.workers;
  std::string text = shown_name(point.label) + ", " + std::to_string(workers) + (workers == 1 ? " worker" : " workers");
  if (point.scenario.method.kept) text += ", " + point.scenario.method.kept->text();
  for (const std::string& other : swept_beside_label(point)) text += ", " + shown_name(other);
  return text;
}

}  // namespace simrun
