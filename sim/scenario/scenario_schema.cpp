#include "sim/scenario/scenario_schema.hpp"

#include <algorithm>

#include "sim/devices/device_choice.hpp"
#include "sim/methods/method.hpp"
#include "sim/scenario/local_steps_text.hpp"
#include "sim/scenario/scenario_text.hpp"
#include "sim/scenario/sweep_keys.hpp"
#include "sim/system/data_path.hpp"

namespace simrun {
namespace {

/// Texts that editors propose; others are accepted, too.
void propose(Json& field, std::vector<std::string> words, const std::string& folder) {
  for (std::string& name : json_names(folder)) {
    if (std::find(words.begin(), words.end(), name) == words.end()) words.push_back(std::move(name));
  }
  field["anyOf"][0]["examples"] = std::move(words);
}

/// The collectives that can combine what the method sends, whatever its options.
std::vector<std::string> fitting_some_options(const MethodEntry& method) {
  std::vector<std::string> names = fitting_collectives(method, method.options);
  for (const CodecParameter* parameter : find_codec(method.codec())->parameters) {
    for (const ParameterWord& word : parameter->words) {
      CodecOptions options = method.options;
      parameter->set(options, word.value);
      for (std::string& name : fitting_collectives(method, options)) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
      }
    }
  }
  return names;
}

/// What an entry of `methods` may hold once its name is known.
Json method_rules() {
  Json rules = Json::array();
  for (const MethodEntry& method : methods()) {
    const CodecEntry& codec = *find_codec(method.codec());
    Json fields = {{"collective", {{"enum", fitting_some_options(method)}, {"default", method.collective()}}}};
    if (!codec.sparsifies) fields.update({{"density", false}, {"k", false}});
    for (const CodecParameter* parameter : codec_parameters())
      if (!codec.takes(*parameter)) fields[std::string(parameter->key)] = false;
    if (!why_not_local(method).empty())
      for (const char* key : local_steps_keys) fields[key] = false;
    if (why_not_local(method).empty() && method.local.is_local())
      fields["local_steps"] = {{"default", method.local.steps}};
    rules.push_back({{"if", {{"properties", {{"name", {{"const", method.name}}}}}, {"required", {"name"}}}},
                     {"then", {{"properties", fields}}}});
  }
  return rules;
}

/// What a sweep may hold: by the path of each field a list of what the field takes; below fields whose inside depends
/// on what they are (`open`) any list.
class SweepRules {
 public:
  Json rules(const Json& scenario) {
    for (const auto& [key, field] : scenario["properties"].items()) {
      if (key == "methods")
        open(key);
      else if (key != "$schema" && key != "name" && key != "sweep" && key != "plan")
        add(key, "properties/" + key, field);
    }
    for (const std::string& key : method_keys()) list(key, "properties/methods/items/properties/" + key);
    Json& collective = lists_["collective"];
    collective["items"] = {{"anyOf", {collective["items"], {{"const", "all"}}}}};
    collective = {{"anyOf", {{{"const", "all"}}, collective}}};
    return {{"type", "object"},
            {"properties", lists_},
            {"patternProperties", {{"^(" + open_ + ")\\.", {{"type", "array"}, {"minItems", 1}}}}},
            {"additionalProperties", false}};
  }

 private:
  void add(const std::string& path, const std::string& pointer, const Json& field) {
    list(path, pointer);
    if (field.contains("properties")) {
      for (const auto& [key, inner] : field["properties"].items())
        add(path + "." + key, pointer + "/properties/" + key, inner);
    } else if (field.contains("anyOf") || field.value("type", "") == "array") {
      open(path);
    }
  }

  void list(const std::string& path, const std::string& pointer) {
    lists_[path] = {{"type", "array"}, {"minItems", 1}, {"items", {{"$ref", "#/" + pointer}}}};
  }

  void open(const std::string& path) {
    if (!open_.empty()) open_ += "|";
    for (const char c : path) open_ += c == '.' ? "\\." : std::string(1, c);
  }

  Json lists_ = Json::object();
  std::string open_;
};

}  // namespace

Json scenario_schema() {
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "simrun scenario"}};
  schema.update(scenario_field().schema);
  Json& fields = schema["properties"];
  propose(fields["model"], {}, data_root() + "/scenarios/models");
  propose(fields["device"], {"auto", "cpu", "cuda"}, shipped_profiles());
  fields["methods"]["items"]["allOf"] = method_rules();
  fields["sweep"].update(SweepRules().rules(schema));
  return schema;
}

}  // namespace simrun
