#include "sim/answers/alternatives.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "sim/devices/device_choice.hpp"
#include "sim/payloads/payload_job.hpp"
#include "sim/scenario/json_path.hpp"
#include "sim/scenario/local_steps_text.hpp"
#include "sim/scenario/sweep_keys.hpp"
#include "sim/study/long_points.hpp"
#include "sim/text/error.hpp"

namespace simrun {
namespace {

constexpr double usual_density = 1e-3;
constexpr Seconds longest_to_simulate(10);
constexpr double most_gradients = 5e9;  ///< elements, of one way
constexpr const char* grouping_of_all = "schedule.grouping";
constexpr const char* implementation_of_device = "device.implementation";

void add_once(Json& list, const Json& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

/// True for keys of the sweep that say nothing of the cluster.
bool is_looked_for(const std::string& key) {
  return is_method_key(key) || key == grouping_of_all || key == implementation_of_device || key.starts_with("methods.");
}

/// The scenario without `plan` and `sweep`; what the sweep says of the cluster must be one value.
Json one_cluster(Json scenario, const std::string& file) {
  scenario.erase("plan");
  const Json sweep = scenario.value("sweep", Json::object());
  scenario.erase("sweep");
  for (const auto& [key, values] : sweep.items()) {
    if (is_looked_for(key)) continue;
    const Where here = Where{file, ""} / "sweep" / key;
    if (values.size() > 1)
      here.fail("has " + std::to_string(values.size()) + " values, and simrun plan answers for one",
                "accepted: one value, like --set " + key + "=" + brief(values.front()));
    set_at(scenario, key, values.front(), here);
  }
  return scenario;
}

/// True if the entry's workers take local steps, which no grouping overlaps.
bool takes_local_steps(const Json& entry, const MethodEntry& method) {
  return method.local.is_local() ||
         std::ranges::any_of(local_steps_keys, [&](const char* key) { return entry.contains(key); });
}

bool has_method(const Json& scenario, const MethodEntry& method) {
  return std::ranges::any_of(scenario["methods"], [&](const Json& entry) { return entry["name"] == method.name; });
}

/// The methods asked for; else all but those of local steps that the scenario does not have: they learn otherwise, and
/// are no other way to do the same. What that leaves out is added to `left_out`.
std::vector<const MethodEntry*> wanted_methods(const Json& scenario, const PlanMethods& asked,
                                               std::vector<std::string>& left_out) {
  if (!asked.names.empty()) return asked.names;
  std::vector<const MethodEntry*> wanted;
  std::vector<std::string> local;
  for (const MethodEntry& method : methods()) {
    const bool is_of_scenario = has_method(scenario, method);
    if (is_of_scenario || (!asked.are_of_scenario && !method.local.is_local())) {
      wanted.push_back(&method);
    } else if (!asked.are_of_scenario) {
      local.emplace_back(method.name);
    }
  }
  if (!local.empty())
    left_out.push_back(one_of(local, "and") + ": they train otherwise, and are compared where plan.methods names them");
  return wanted;
}

/// Entries of `methods`: those of the scenario without what is looked for, then the other methods.
Json entries_of(const Json& scenario, const std::vector<const MethodEntry*>& wanted) {
  Json entries = Json::array();
  for (const MethodEntry* method : wanted) {
    const std::size_t before = entries.size();
    for (Json entry : scenario["methods"]) {
      if (entry["name"] != method->name) continue;
      for (const char* key : {"collective", "grouping", "hierarchy", "density", "k", "training"}) entry.erase(key);
      if (takes_local_steps(entry, *method)) entry["grouping"] = "model";
      add_once(entries, entry);
      if (entry.erase("server") > 0) add_once(entries, entry);  // with it, collectives without a server do not fit
    }
    if (entries.size() == before) entries.push_back({{"name", method->name}});
  }
  return entries;
}

Json densities_of(const Study& asked, const std::vector<double>& planned) {
  if (!planned.empty()) return planned;
  std::set<double> found;
  for (const Point& point : asked.points) {
    if (point.scenario.method.kept) found.insert(point.scenario.method.kept->density(point.scenario.elements()));
  }
  if (found.empty()) found.insert(usual_density);
  return found;
}

Json groupings_of(const Study& asked, const Json& scenario, const std::vector<Json>& planned) {
  if (!planned.empty()) return planned;
  Json list = {"model"};
  // Frameworks' 25 MB; a model of less than two such buckets would hide nothing in them.
  const std::uint64_t elements = asked.points.front().scenario.elements();
  const std::uint64_t quarter = std::max<std::uint64_t>(1, elements);  // bytes: a quarter of its elements, 4 bytes each
  list.push_back({{"bucket", elements >= 12'500'000 ? "25 MB" : std::to_string(quarter) + " B"}});
  const auto add_from = [&](const Json& object, const char* key) {
    if (object.contains(key)) add_once(list, object[key]);
  };
  if (scenario.contains("schedule")) add_from(scenario["schedule"], "grouping");
  for (const Json& entry : scenario["methods"]) add_from(entry, "grouping");
  for (const char* key : {"grouping", grouping_of_all}) {
    if (!scenario.contains("sweep") || !scenario["sweep"].contains(key)) continue;
    for (const Json& value : scenario["sweep"][key]) add_once(list, value);
  }
  return list;
}

/// Those of the plan, else of the sweep, else all that there are of the device; none where that is one.
std::vector<std::string> implementations_asked(const Study& asked, const Json& scenario, const PlanText& plan) {
  if (!plan.implementation.empty()) return plan.implementation;
  const Json sweep = scenario.value("sweep", Json::object());
  if (sweep.contains(implementation_of_device)) return sweep[implementation_of_device].get<std::vector<std::string>>();
  const DeviceProfile& device = *asked.points.front().scenario.device;
  const Json named = scenario.value("device", Json());
  const Json profile = named.is_object() ? named.value("profile", Json()) : named;
  // "v100-pytorch" has chosen.
  if (profile.is_string() && profile.get<std::string>().ends_with("-" + device.implementation)) return {};
  std::vector<std::string> all = implementations_of(device);
  return all.size() > 1 ? all : std::vector<std::string>{};
}

/// What is swept: all that is looked for.
Json sweep_of(const Study& asked, const Json& scenario, const PlanText& plan) {
  Json sweep = {{"density", densities_of(asked, plan.density)},
                {"collective", plan.collective.value_or("all")},
                {"grouping", groupings_of(asked, scenario, plan.grouping)}};
  const Scenario& first = asked.points.front().scenario;
  if (first.network.gpus_per_host > 1) {
    for (const HierarchyEntry& hierarchy : hierarchies()) sweep["hierarchy"].push_back(hierarchy.name);
  }
  const std::vector<std::string> implementations = implementations_asked(asked, scenario, plan);
  if (!implementations.empty()) sweep[implementation_of_device] = implementations;
  if (!scenario.contains("sweep")) return sweep;
  for (const auto& [key, values] : scenario["sweep"].items()) {  // options of codecs
    if (is_method_key(key) && key != "k" && !sweep.contains(key)) sweep[key] = values;
  }
  return sweep;
}

/// The collectives of the sweep that the entry can use; none where it can use none.
Json usable_collectives(const Json& given, const Json& entry) {
  if (given.is_string()) return given;
  Json usable = Json::array();
  for (const Json& name : given) {
    if (can_use_collective(entry, name.get<std::string>())) usable.push_back(name);
  }
  return usable;
}

/// What was blamed on the sweep is the plan's.
InputError of_plan(const InputError& error) {
  std::string path = error.path();
  for (const auto& [swept, planned] : {std::pair("sweep.device.", "plan."), std::pair("sweep.", "plan.")}) {
    if (path.starts_with(swept)) return error.at(planned + path.substr(std::strlen(swept)));
  }
  return error;
}

/// Names of those of the sweep's collectives that the entry can use.
std::vector<std::string> names_of_collectives(const Json& given, const Json& entry) {
  if (given.is_array()) return given.get<std::vector<std::string>>();
  std::vector<std::string> names;
  for (const CollectiveEntry& collective : collectives()) {
    if (can_use_collective(entry, std::string(collective.name))) names.emplace_back(collective.name);
  }
  return names;
}

/// What a cluster cannot have.
struct Refused {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> methods;  ///< by why, and in which way
  std::optional<InputError> last;

  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const auto& [why, names] : methods) all.push_back(one_of(names, "and") + why.second + ": " + why.first);
    return all;
  }
};

/// The points of one entry, without collectives that the cluster cannot have (a server where no host is left for it),
/// which are added to `all`; none where it can have none of them. `one` has the entry alone.
std::vector<Point> points_of(const std::string& file, Json one, Refused& all) {
  try {
    return expand(file, one).points;
  } catch (const InputError&) {  // all at once; one by one tells which
  }
  const Json entry = one["methods"].front();
  Json fitting = Json::array();
  std::map<std::string, std::vector<std::string>> refused;
  for (const std::string& name : names_of_collectives(one["sweep"]["collective"], entry)) {
    one["sweep"]["collective"] = {name};
    try {
      expand(file, one);
      fitting.push_back(name);
    } catch (const InputError& error) {
      all.last = of_plan(error);
      const std::string why = all.last->what();
      refused[why.substr(0, why.find("; or for "))].push_back(name);  // what else they can is each method's own
    }
  }
  for (const auto& [why, names] : refused)
    all.methods[{why, fitting.empty() ? "" : " by " + one_of(names, "and")}].push_back(entry["name"]);
  if (fitting.empty()) return {};
  one["sweep"]["collective"] = fitting;
  return expand(file, one).points;
}

}  // namespace

Alternatives alternatives(const Study& asked, const PlanText& plan) {
  const Json scenario = *asked.json;
  Json one = one_cluster(scenario, asked.file);
  one["sweep"] = sweep_of(asked, scenario, plan);
  Alternatives all;
  all.study.file = asked.file;
  all.study.json = scenario;
  all.study.notes = asked.notes;
  std::map<std::string, std::size_t> too_long;
  const Json entries = entries_of(one, wanted_methods(one, plan.methods, all.left_out));
  const Json given_collectives = one["sweep"]["collective"];
  Refused refused;
  for (const Json& entry : entries) {
    const auto method = entry["name"].get<std::string>();
    one["methods"] = Json::array({entry});
    one["sweep"]["collective"] = usable_collectives(given_collectives, entry);
    if (one["sweep"]["collective"].empty()) {
      all.left_out.push_back(method + ": can use none of the collectives");
      continue;
    }
    for (const Point& point : points_of(asked.file, one, refused)) {
      if (time_to_simulate(point.scenario) > longest_to_simulate ||
          elements_of_gradients(point.scenario) > most_gradients) {
        ++too_long[method];
        continue;
      }
      all.study.points.push_back(point);
      all.study.points.back().sgd.clear();
    }
  }
  if (all.study.points.empty() && refused.last) throw InputError(*refused.last);
  for (const std::string& line : refused.lines()) all.left_out.push_back(line);
  if (all.study.points.empty() && too_long.empty())
    (Where{asked.file, ""} / "plan" / "collective").fail("fits none of the methods", "accepted: all, or one that does");
  for (const auto& [method, ways] : too_long)
    all.left_out.push_back(std::to_string(ways) + (ways == 1 ? " way of " : " ways of ") + method +
                           (ways == 1 ? " takes" : " take") + " long to simulate");
  return all;
}

void label_implementations(Study& study, const std::vector<PointResult>& results) {
  std::set<std::string> all;
  for (const Point& point : study.points) all.insert(point.scenario.device->implementation);
  if (all.size() < 2) return;
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    Point& point = study.points[i];
    if (results[i].times && !results[i].times->used.empty())
      point.label += ", " + point.scenario.device->implementation;
  }
}

std::string name_of_alternative(const Point& point) {
  const Scenario& scenario = point.scenario;
  std::string name = point.label;
  return scenario.method.kept ? name + " (" + scenario.method.kept->text() + ")" : name;
}

std::string in_short(const std::vector<std::string>& names) {
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) text += (i == 0 ? "" : "; ") + names[i];
  return names.size() > most ? text + "; and " + std::to_string(names.size() - most) + " more" : text;
}

}  // namespace simrun
