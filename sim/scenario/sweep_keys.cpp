#include "sim/scenario/sweep_keys.hpp"

#include <algorithm>
#include <optional>

#include "sim/collectives/collective.hpp"
#include "sim/methods/method.hpp"
#include "sim/scenario/local_steps_text.hpp"
#include "sim/scenario/scenario_schema.hpp"
#include "sim/text/fields.hpp"

namespace simrun {
namespace {

std::string sweepable() {
  std::string text = "accepted: workers";
  for (const std::string& key : method_keys()) text += ", " + key;
  return text + " or a path of the scenario";
}

constexpr const char* every_one = "all";  // of the collectives

/// The method of an entry of `methods`; null where the entry is not sound.
const MethodEntry* method_of(const Json& entry) {
  if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string()) return nullptr;
  return find_method(entry["name"].get<std::string>());
}

/// What the entry says of the words among its codec's parameters.
CodecOptions words_of(const Json& entry, const MethodEntry& method) {
  CodecOptions options = method.options;
  for (const CodecParameter* parameter : find_codec(method.codec())->parameters) {
    const auto given = entry.find(std::string(parameter->key));
    for (const ParameterWord& word : parameter->words) {
      if (given == entry.end()) continue;
      if (*given == word.word || (is_switch(*parameter) && *given == (word.value != 0)))
        parameter->set(options, word.value);
    }
  }
  return options;
}

/// A swept path begins with a key of the scenario.
void check_key(const std::string& name, const Where& here) {
  if (is_method_key(name)) return;
  const Json schema = scenario_schema();
  const Json& fields = schema["properties"];
  const std::string first = name.substr(0, name.find('.'));
  if (!fields.contains(first)) {
    std::vector<std::string> known = method_keys();
    for (const auto& [key, unused] : fields.items()) known.push_back(key);
    const auto near = nearest(first, known);
    here.fail(near ? "unknown key, did you mean \"" + *near + "\"?" : "unknown key", sweepable());
  }
  if (name == "methods") here.fail("the list of methods cannot be swept", sweepable());
  if (first != "methods" && !fields["sweep"]["properties"].contains(first)) here.fail("cannot be swept", sweepable());
}

/// The names of collectives that some entry of `methods` can take from the sweep, in the order of the table.
std::vector<std::string> fitting_some(const Json& methods) {
  std::vector<std::string> names;
  for (const CollectiveEntry& collective : collectives()) {
    const std::string name(collective.name);
    if (std::any_of(methods.begin(), methods.end(), [&](const Json& entry) { return can_use_collective(entry, name); }))
      names.push_back(name);
  }
  return names;
}

/// The values of `collective` with "all" spelt out.
Json collective_values(const Json& given, const Json& scenario, const Where& where) {
  std::vector<std::pair<std::string, std::string>> words;
  for (const CollectiveEntry& collective : collectives()) words.emplace_back(collective.name, collective.name);
  words.emplace_back(every_one, every_one);
  const auto word = choice(std::move(words));
  const bool has_methods = scenario.contains("methods") && scenario["methods"].is_array();
  const std::vector<std::string> fitting = fitting_some(has_methods ? scenario["methods"] : Json::array());
  Json values = Json::array();
  for (std::size_t i = 0; i < given.size(); ++i) {
    Json value = given[i];
    const std::string name = word.read(value, where / i);
    if (name == every_one) {
      for (const std::string& each : fitting) values.push_back(each);
    } else if (has_methods && std::find(fitting.begin(), fitting.end(), name) == fitting.end()) {
      std::vector<std::string> accepted = fitting;
      accepted.emplace_back(every_one);
      (where / i).fail(name + " fits no method that leaves its collective to the sweep",
                       "accepted: " + one_of(accepted));
    } else {
      values.push_back(name);
    }
  }
  // Where every entry gives its own nothing is left of "all"; as with other keys that no method takes, a warning says
  // so.
  return values.empty() ? Json::array({collectives().front().name}) : values;
}

}  // namespace

bool can_use_collective(const Json& entry, const std::string& collective) {
  const MethodEntry* method = method_of(entry);
  if (method == nullptr) return true;
  if (entry.contains("collective") || (entry.contains("server") && !find_collective(collective)->has_server))
    return false;
  const std::vector<std::string> fitting = fitting_collectives(*method, words_of(entry, *method));
  return std::find(fitting.begin(), fitting.end(), collective) != fitting.end();
}

bool is_method_key(const std::string& key) {
  return std::ranges::find(method_keys(), key) != method_keys().end();
}

const std::vector<std::string>& method_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> all = {"density", "k"};
    for (const CodecParameter* parameter : codec_parameters())
      if (parameter->swept) all.emplace_back(parameter->key);
    std::ranges::copy_if(local_steps_keys, std::back_inserter(all), is_swept_local_key);
    all.insert(all.end(), {"collective", "grouping", "hierarchy"});
    return all;
  }();
  return keys;
}

bool is_way_of_running(const std::string& key) {
  const auto is_way = [&](const std::string& way) {
    return key == way || (key.starts_with("methods.") && key.ends_with("." + way));
  };
  return is_way("collective") || is_way("grouping") || is_way("hierarchy");
}

std::vector<SweepKey> take_sweep(Json& scenario, const std::string& file) {
  std::vector<SweepKey> keys;
  if (!scenario.is_object() || !scenario.contains("sweep")) return keys;
  const Where where = Where{file, ""} / "sweep";
  const Json sweep = scenario["sweep"];
  scenario.erase("sweep");
  if (!sweep.is_object()) where.fail("is " + brief(sweep), "accepted: an object of lists");
  double points = 1;
  for (const auto& [name, given] : sweep.items()) {
    const Where here = where / name;
    const bool is_collective = name == "collective";
    Json values = is_collective && given == every_one ? Json::array({given}) : given;
    if (!values.is_array())
      here.fail("is " + brief(values),
                is_collective ? "accepted: a list of values, or \"all\"" : "accepted: a list of values");
    if (values.empty()) here.fail("the list is empty", "accepted: at least 1 value");
    check_key(name, here);
    if (is_collective) values = collective_values(values, scenario, here);
    points *= static_cast<double>(values.size());
    keys.push_back({name, std::move(values)});
  }
  if (points > 1e5) where.fail("more than 100000 combinations", "accepted: at most 100000");
  return keys;
}

SweepUse use_of(const Json& entry, const std::vector<SweepKey>& keys, std::size_t key, std::size_t value) {
  const auto& [name, values] = keys[key];
  const auto used_if = [](bool condition) { return condition ? SweepUse::applies : SweepUse::keeps_own; };
  if (name == "grouping" || name == "hierarchy") return used_if(!entry.is_object() || !entry.contains(name));
  if (name == "schedule.grouping") {
    const bool is_replaced =
        std::any_of(keys.begin(), keys.end(), [](const SweepKey& k) { return k.name == "grouping"; });
    return used_if(!is_replaced && !(entry.is_object() && entry.contains("grouping")));
  }
  const MethodEntry* method = method_of(entry);
  if (!is_method_key(name) || method == nullptr) return SweepUse::applies;
  if (name == "collective") {
    const auto fit = [&](const Json& collective) { return can_use_collective(entry, collective.get<std::string>()); };
    if (fit(values[value])) return SweepUse::applies;
    return std::any_of(values.begin(), values.end(), fit) ? SweepUse::unfit : SweepUse::keeps_own;
  }
  const CodecEntry& codec = *find_codec(method->codec());
  const auto of_key = std::ranges::find(codec_parameters(), name, &CodecParameter::key);
  if (of_key != codec_parameters().end()) return used_if(codec.takes(**of_key));
  if (is_swept_local_key(name)) return used_if(why_not_local(*method).empty() && !entry.contains(name));
  if (!codec.sparsifies) return SweepUse::keeps_own;
  return used_if(!(name == "density" && entry.contains("k")) && !(name == "k" && entry.contains("density")));
}

}  // namespace simrun
