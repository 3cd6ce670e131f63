#include "sim/answers/comparison.hpp"

#include <algorithm>

#include "sim/answers/alternatives.hpp"
#include "sim/answers/variants.hpp"
#include "sim/scenario/json_path.hpp"
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

std::vector<std::string> names_without_pair(const Study& study, const std::vector<ComparedPair>& pairs,
                                            std::size_t ComparedPair::*side) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    if (std::ranges::find(pairs, i, side) == pairs.end()) names.push_back(name_of_pair(study.points[i], true));
  }
  return names;
}

/// Values by dotted path. Lists count as one value, and so do objects that are something else in the other scenario: a
/// grouping that is a word in one and a bucket in the other is one difference.
void flatten(const Json& json, const Json& other, const std::string& path, std::map<std::string, Json>& to) {
  if (!json.is_object() || !(other.is_object() || other.is_null())) {
    to[path] = json;
    return;
  }
  for (const auto& [key, value] : json.items())
    flatten(value, other.is_null() ? Json() : other.value(key, Json()), path.empty() ? key : path + "." + key, to);
}

/// The scenario without its title, its method at `method`; where `device` is an object, with whose times they are.
Json inputs_of(const Scenario& scenario) {
  Json json = whole(scenario);
  if (json.contains("device") && json["device"].is_object())
    json["device"].emplace("implementation", scenario.device->implementation);
  json.erase("name");
  json["method"] = json["methods"].front();
  json.erase("methods");
  return json;
}

/// Null where there is none.
Json value_at(Json json, const std::string& path) {
  for (const std::string& key : keys_of(path)) json = json.is_object() ? json.value(key, Json()) : Json();
  return json;
}

/// By path, the beginnings of both digests.
std::map<std::string, std::pair<std::string, std::string>> differing_contents(const Comparison& comparison,
                                                                              const ComparedPair& pair) {
  constexpr std::size_t beginning = 12;
  std::map<std::string, std::pair<std::string, std::string>> all;
  if (comparison.first.contents.empty() || comparison.second.contents.empty()) return all;
  const ContentDigests& second = comparison.second.contents[pair.second];
  for (const auto& [path, digest] : comparison.first.contents[pair.first]) {
    const auto other = second.find(path);
    if (other != second.end() && other->second != digest)
      all[path] = {digest.substr(0, beginning), other->second.substr(0, beginning)};
  }
  return all;
}

void add_differences(Comparison& comparison, std::size_t number) {
  const ComparedPair& pair = comparison.pairs[number];
  const Json of_first = inputs_of(comparison.first.study.points[pair.first].scenario);
  const Json of_second = inputs_of(comparison.second.study.points[pair.second].scenario);
  std::map<std::string, Json> first;
  std::map<std::string, Json> second;
  flatten(of_first, of_second, "", first);
  flatten(of_second, of_first, "", second);
  const auto add = [&](const std::string& path, const Json& a, const Json& b, bool is_contents = false) {
    const auto found = std::ranges::find_if(comparison.inputs, [&](const InputDifference& each) {
      return each.path == path && each.is_contents == is_contents && each.first == a && each.second == b;
    });
    if (found != comparison.inputs.end())
      found->pairs.push_back(number);
    else
      comparison.inputs.push_back({path, is_contents, a, b, {number}});
  };
  for (const auto& [path, value] : first) {
    const auto other = second.find(path);
    if (other == second.end() || other->second != value)
      add(path, value, other == second.end() ? Json() : other->second);
  }
  for (const auto& [path, value] : second) {
    if (!first.contains(path)) add(path, Json(), value);
  }
  for (const auto& [path, digests] : differing_contents(comparison, pair)) {
    if (value_at(of_first, path) == value_at(of_second, path)) add(path, digests.first, digests.second, true);
  }
}

/// The path in a scenario of one method.
std::string path_in_scenario(const std::string& path) {
  return path.starts_with("method.") ? "methods.0" + path.substr(6) : path;
}

}  // namespace

Comparison compared(ComparedRun first, ComparedRun second) {
  Comparison all{.first = std::move(first), .second = std::move(second), .pairs = {}, .inputs = {}};
  all.pairs = paired(all.first.study, all.second.study, true);
  if (all.pairs.empty()) all.pairs = paired(all.first.study, all.second.study, false);
  all.only_first = names_without_pair(all.first.study, all.pairs, &ComparedPair::first);
  all.only_second = names_without_pair(all.second.study, all.pairs, &ComparedPair::second);
  for (std::size_t pair = 0; pair < all.pairs.size(); ++pair) add_differences(all, pair);
  return all;
}

void explain_by_inputs(Comparison& comparison, KeptPoints& kept) {
  if (comparison.first.is_measured || comparison.second.is_measured) return;
  std::size_t simulations = comparison.pairs.size();
  for (const InputDifference& each : comparison.inputs) simulations += each.pairs.size();
  if (simulations > most_simulations) return;
  Variants variants(comparison.first.study.file);
  Study study;
  study.file = comparison.first.study.file;
  // As they are, since what a folder has may be of another version.
  for (const ComparedPair& pair : comparison.pairs) study.points.push_back(comparison.first.study.points[pair.first]);
  std::vector<std::pair<InputDifference*, std::size_t>> of;  // and the pair
  for (InputDifference& each : comparison.inputs) {
    if (each.second.is_null() || each.is_contents) continue;
    for (const std::size_t pair : each.pairs) {
      const Point& point = comparison.first.study.points[comparison.pairs[pair].first];
      try {
        study.points.push_back(variants.at(point, path_in_scenario(each.path), each.second));
        of.emplace_back(&each, pair);
      } catch (const InputError&) {  // it goes only with others
      }
    }
  }
  if (of.empty()) return;
  const std::vector<PointResult> results = kept.run(study, "one difference at a time");
  for (std::size_t i = 0; i < of.size(); ++i) {
    const auto [difference, pair] = of[i];
    const auto& before = results[pair].times;
    const auto& after = results[comparison.pairs.size() + i].times;
    if (before && after) difference->alone[pair] = after->iteration / before->iteration - 1;
  }
}

}  // namespace simrun
