#include "sim/answers/comparison.hpp"

#include <algorithm>

#include "sim/answers/alternatives.hpp"
#include "sim/answers/variants.hpp"
#include "sim/scenario/resolved.hpp"
#include "sim/text/error.hpp"

namespace simrun {
namespace {

constexpr std::size_t most_simulations = 400;

/// What two points must share: method, K, and what the sweep gives beside M.
std::string name_of_pair(const Point& point, bool with_workers) {
  std::string name = name_of_alternative(point);
  if (with_workers) name += ", M = " + std::to_string(point.scenario.workers);
  for (const auto& [key, value] : point.swept) {
    if (key != "workers") name += ", " + key + " " + value->dump();
  }
  return name;
}

std::vector<ComparedPair> paired(const Study& first, const Study& second, bool with_workers) {
  std::map<std::string, std::vector<std::size_t>> by_name;
  for (std::size_t i = 0; i < second.points.size(); ++i)
    by_name[name_of_pair(second.points[i], with_workers)].push_back(i);
  std::vector<ComparedPair> pairs;
  for (std::size_t i = 0; i < first.points.size(); ++i) {
    const auto found = by_name.find(name_of_pair(first.points[i], with_workers));
    if (found == by_name.end() || found->second.empty()) continue;
    pairs.push_back({i, found->second.front()});
    found->second.erase(found->second.begin());
  }
  return pairs;
}

/// Values by dotted path. Lists count as one value.
void flatten(const Json& json, const std::string& path, std::map<std::string, Json>& to) {
  if (!json.is_object()) {
    to[path] = json;
    return;
  }
  for (const auto& [key, value] : json.items()) flatten(value, path.empty() ? key : path + "." + key, to);
}

std::map<std::string, Json> inputs_of(const Scenario& scenario) {
  Json json = whole(scenario);
  json.erase("name");
  json["method"] = json["methods"].front();
  json.erase("methods");
  std::map<std::string, Json> all;
  flatten(json, "", all);
  return all;
}

void add_differences(Comparison& comparison, const ComparedPair& pair) {
  const auto first = inputs_of(comparison.first.study.points[pair.first].scenario);
  const auto second = inputs_of(comparison.second.study.points[pair.second].scenario);
  const auto add = [&](const std::string& path, const Json& a, const Json& b) {
    const auto found = std::ranges::find_if(comparison.inputs, [&](const InputDifference& each) {
      return each.path == path && each.first == a && each.second == b;
    });
    if (found != comparison.inputs.end())
      ++found->pairs;
    else
      comparison.inputs.push_back({path, a, b, 1});
  };
  for (const auto& [path, value] : first) {
    const auto other = second.find(path);
    if (other == second.end() || other->second != value)
      add(path, value, other == second.end() ? Json() : other->second);
  }
  for (const auto& [path, value] : second) {
    if (!first.contains(path)) add(path, Json(), value);
  }
}

/// The path in a scenario of one method.
std::string path_in_scenario(const std::string& path) {
  return path.starts_with("method.") ? "methods.0" + path.substr(6) : path;
}

}  // namespace

Comparison compared(ComparedRun first, ComparedRun second) {
  Comparison all{std::move(first), std::move(second), {}, 0, 0, {}};
  all.pairs = paired(all.first.study, all.second.study, true);
  if (all.pairs.empty()) all.pairs = paired(all.first.study, all.second.study, false);
  all.only_first = all.first.study.points.size() - all.pairs.size();
  all.only_second = all.second.study.points.size() - all.pairs.size();
  for (const ComparedPair& pair : all.pairs) add_differences(all, pair);
  return all;
}

void explain_by_inputs(Comparison& comparison, KeptPoints& kept) {
  if (comparison.first.is_measured || comparison.second.is_measured) return;
  if (comparison.inputs.size() * comparison.pairs.size() > most_simulations) return;
  Variants variants(comparison.first.study.file);
  Study study;
  study.file = comparison.first.study.file;
  std::vector<std::pair<InputDifference*, std::size_t>> of;  // and the pair
  for (InputDifference& each : comparison.inputs) {
    if (each.second.is_null()) continue;
    for (std::size_t pair = 0; pair < comparison.pairs.size(); ++pair) {
      const std::size_t number = comparison.pairs[pair].first;
      if (!comparison.first.parts[number]) continue;
      try {
        study.points.push_back(
            variants.at(comparison.first.study.points[number], path_in_scenario(each.path), each.second));
        of.emplace_back(&each, pair);
      } catch (const InputError&) {  // it goes only with others
      }
    }
  }
  if (study.points.empty()) return;
  const std::vector<PointResult> results = kept.run(study, "one difference at a time");
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].times) continue;
    const auto [difference, pair] = of[i];
    const Seconds before = comparison.first.parts[comparison.pairs[pair].first]->iteration;
    difference->alone[pair] = results[i].times->iteration / before - 1;
  }
}

}  // namespace simrun
