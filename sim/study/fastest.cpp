#include "sim/study/fastest.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "sim/scenario/sweep_keys.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

constexpr std::size_t most_lines = 4;
constexpr const char* grouping_key = "schedule.grouping";

/// Points that differ in method, M and what belongs to a method.
struct MethodComparison {
  std::string setting;                           ///< " at network.bandwidth 1 Gbps", or nothing
  std::map<int, std::vector<std::size_t>> rows;  ///< by M
};

bool belongs_to_method(const std::string& key) {
  return is_method_key(key) || key == grouping_key || key.starts_with("methods.");
}

std::string setting_of(const Point& point) {
  std::string text;
  for (const auto& [key, value] : point.swept) {
    if (key == "workers" || belongs_to_method(key)) continue;
    text +=
        (text.empty() ? " at " : ", ") + key + " " + (value->is_string() ? value->get<std::string>() : brief(*value));
  }
  return text;
}

/// All of them, or the first that are too many.
std::vector<MethodComparison> comparisons(const Study& study) {
  std::vector<MethodComparison> all;
  for (std::size_t row = 0; row < study.points.size() && all.size() <= most_lines; ++row) {
    const std::string setting = setting_of(study.points[row]);
    auto found = std::find_if(all.begin(), all.end(), [&](const MethodComparison& c) { return c.setting == setting; });
    if (found == all.end()) found = all.insert(all.end(), {setting, {}});
    found->rows[study.points[row].scenario.workers].push_back(row);
  }
  return all;
}

/// "gtop-k (K/N 0.001)".
std::string describe(const Point& point) {
  const MethodChoice& method = point.scenario.method;
  std::string text = point.label;
  // The label has a grouping of the method's own, but not one that the sweep gives to all.
  if (std::any_of(point.swept.begin(), point.swept.end(),
                  [](const auto& swept) { return swept.first == grouping_key; }))
    text += ", " + name_of(point.scenario.grouping);
  return method.kept ? text + " (" + method.kept->text() + ")" : text;
}

/// Neighbouring M with the same method become one range.
std::string ranges(const std::vector<std::pair<int, std::string>>& winners) {
  std::string text;
  for (std::size_t i = 0; i < winners.size();) {
    std::size_t last = i;
    while (last + 1 < winners.size() && winners[last + 1].second == winners[i].second) ++last;
    text += (i == 0 ? " " : "; ") + winners[i].second + " at M = " + std::to_string(winners[i].first);
    if (last > i) text += " to " + std::to_string(winners[last].first);
    i = last + 1;
  }
  return text;
}

/// The first of the fastest rows that have times.
std::optional<std::size_t> fastest_of(const std::vector<std::size_t>& rows, const std::vector<PointResult>& results) {
  std::optional<std::size_t> best;
  for (const std::size_t row : rows) {
    if (results[row].times && (!best || results[row].times->iteration < results[*best].times->iteration)) best = row;
  }
  return best;
}

/// The line of one comparison; empty where no M has two points to compare.
std::string line_of(const MethodComparison& comparison, const Study& study, const std::vector<PointResult>& results) {
  std::vector<std::pair<int, std::string>> winners;
  bool is_choice = false;
  bool any_failed = false;
  for (const auto& [workers, rows] : comparison.rows) {
    is_choice = is_choice || rows.size() > 1;
    any_failed = any_failed || std::any_of(rows.begin(), rows.end(), [&](auto row) { return !results[row].times; });
    const auto best = fastest_of(rows, results);
    if (best) winners.emplace_back(workers, describe(study.points[*best]));
  }
  if (!is_choice || winners.empty()) return "";
  return "fastest" + comparison.setting + ":" + ranges(winners) + (any_failed ? " (points that failed aside)" : "");
}

}  // namespace

std::optional<std::size_t> fastest_sgd(const Study& study, const std::vector<PointResult>& results, std::size_t point) {
  return fastest_of(study.points[point].sgd, results);
}

std::vector<std::string> fastest_methods(const Study& study, const std::vector<PointResult>& results) {
  const std::vector<MethodComparison> all = comparisons(study);
  std::vector<std::string> lines;
  if (all.size() > most_lines) return lines;
  for (const MethodComparison& comparison : all) {
    const std::string line = line_of(comparison, study, results);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace simrun
