#include "sim/scenario/overrides.hpp"

#include <filesystem>

#include "sim/scenario/compute_text.hpp"
#include "sim/scenario/json_path.hpp"
#include "sim/scenario/local_steps_text.hpp"
#include "sim/scenario/sweep_keys.hpp"
#include "sim/system/data_path.hpp"
#include "sim/text/fields.hpp"
#include "sim/text/file_kind.hpp"

namespace simrun {
namespace {

/// A method's field that a key of the sweep sets: what is set there would change nothing.
void refuse_swept(const Json& json, const std::string& path, const Where& where) {
  const std::vector<std::string> keys = keys_of(path);
  if (keys.size() != 3 || keys[0] != "methods" || !is_method_key(keys[2])) return;
  if (is_way_of_running(keys[2]) || is_swept_local_key(keys[2])) return;  // an entry that gives its own keeps it
  if (json.contains("sweep") && json["sweep"].is_object() && json["sweep"].contains(keys[2]))
    where.fail("the sweep gives it its values", "accepted: sweep." + keys[2] + ", which all methods share");
}

/// JSON, under the rules of a scenario's; else text.
Json value_of(const Override& change, const std::string& file) {
  if (!Json::accept(change.value)) return change.value;
  try {
    return parse_json(file, change.value);
  } catch (const InputError& error) {
    throw error.at(change.path);
  }
}

/// Where `compute` is a file's name it becomes what the file has.
void take_compute(Json& json, const std::string& file) {
  if (!json.is_object() || !json.contains("compute") || !json["compute"].is_string()) return;
  const auto name = json["compute"].get<std::string>();
  const std::string found = find_file(name, std::filesystem::path(file).parent_path().string()).value_or(name);
  const std::string why = why_unreadable(found);
  if (!why.empty())
    Where{file, "compute"}.fail(brief(json["compute"]) + " " + why, "accepted: an object, or a file that has it");
  Json times = parse_json_of("file of compute times", found, read_text(found));
  Json checked = times;  // reading fills in defaults
  compute_field().read(checked, {found, ""});
  json["compute"] = std::move(times);
}

}  // namespace

std::vector<Override> parse_overrides(const std::vector<std::string>& set) {
  std::vector<Override> all;
  for (const std::string& text : set) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw InputError("command line", "--set", "\"" + text + "\" is no override",
                       "accepted: PATH=VALUE, like workers=64");
    all.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return all;
}

Json read_scenario_json(const std::string& file, const std::vector<Override>& overrides,
                        std::vector<std::string>& notes) {
  refuse_folder_of_results(file);
  refuse_other_start(file, "scenario");
  Json json = parse_json_of("scenario", file, read_argument(file));
  take_compute(json, file);
  for (const Override& change : overrides) {
    set_at(json, change.path, value_of(change, file), {file, change.path});
    take_compute(json, file);
    // What is set is not swept any more.
    if (json.contains("sweep") && json["sweep"].is_object() && json["sweep"].erase(change.path) > 0)
      notes.push_back("sweep." + change.path + ": left out, since " + change.path + " is set");
    refuse_swept(json, change.path, {file, change.path});
  }
  return json;
}

}  // namespace simrun
