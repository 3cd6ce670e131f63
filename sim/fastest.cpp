#include "sim/fastest.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace simrun {
namespace {

constexpr std::size_t most_lines = 4;

/// Points that differ in method, M and what belongs to a method.
struct Comparison {
  std::string setting;                           ///< " at network.bandwidth 1 Gbps", or nothing
  std::map<int, std::vector<std::size_t>> rows;  ///< by M
};

bool belongs_to_method(const std::string& key) {
  return key == "density" || key == "k" || key == "index" || key.starts_with("methods.");
}

std::string setting_of(const Point& point) {
  std::string text;
  for (const auto& [key, value] : point.swept) {
    if (key == "workers" || belongs_to_method(key)) continue;
    text += (text.empty() ? " at " : ", ") + key + " " + (value.is_string() ? value.get<std::string>() : brief(value));
  }
  return text;
}

/// All of them, or the first that are too many.
std::vector<Comparison> comparisons(const Study& study) {
  std::vector<Comparison> all;
  for (std::size_t row = 0; row < study.points.size() && all.size() <= most_lines; ++row) {
    const std::string setting = setting_of(study.points[row]);
    auto found = std::find_if(all.begin(), all.end(), [&](const Comparison& c) { return c.setting == setting; });
    if (found == all.end()) found = all.insert(all.end(), {setting, {}});
    found->rows[study.points[row].scenario.workers].push_back(row);
  }
  return all;
}

/// "gtop-k (K/N 0.001)".
std::string describe(const MethodChoice& method) {
  if (!method.codec->sparsifies) return label(method);
  const std::string entries = method.density ? "K/N " + show(*method.density) : "K = " + std::to_string(*method.k);
  return label(method) + " (" + entries + ")";
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

/// The line of one comparison; empty where no M has two points to compare.
std::string line_of(const Comparison& comparison, const Study& study, const std::vector<PointResult>& results) {
  std::vector<std::pair<int, std::string>> winners;
  bool is_choice = false;
  bool any_failed = false;
  for (const auto& [workers, rows] : comparison.rows) {
    std::optional<std::size_t> best;
    is_choice = is_choice || rows.size() > 1;
    for (const std::size_t row : rows) {
      any_failed = any_failed || !results[row].times;
      if (results[row].times && (!best || results[row].times->iteration < results[*best].times->iteration)) best = row;
    }
    if (best) winners.emplace_back(workers, describe(study.points[*best].scenario.method));
  }
  if (!is_choice || winners.empty()) return "";
  return "fastest" + comparison.setting + ":" + ranges(winners) + (any_failed ? " (points that failed aside)" : "");
}

}  // namespace

std::vector<std::string> fastest_methods(const Study& study, const std::vector<PointResult>& results) {
  const std::vector<Comparison> all = comparisons(study);
  std::vector<std::string> lines;
  if (all.size() > most_lines) return lines;
  for (const Comparison& comparison : all) {
    const std::string line = line_of(comparison, study, results);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace simrun
