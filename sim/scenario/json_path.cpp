#include "sim/scenario/json_path.hpp"

#include <algorithm>

namespace simrun {

std::vector<std::string> keys_of(const std::string& path) {
  std::vector<std::string> keys(1);
  for (const char c : path) {
    if (c == '.') {
      keys.emplace_back();
    } else {
      keys.back() += c;
    }
  }
  return keys;
}

namespace {

/// `device` as an object, which a path may lead into.
void open_device(Json& scenario) {
  const Json device = scenario.value("device", Json("auto"));
  if (device.is_string()) scenario["device"] = {{"profile", device}};
}

}  // namespace

void set_at(Json& root, const std::string& path, const Json& value, const Where& where) {
  if (path.starts_with("device.") && root.is_object()) open_device(root);
  Json* at = &root;
  for (const std::string& key : keys_of(path)) {
    if (at->is_array()) {
      const bool is_number = !key.empty() && key.size() < 9 &&
                             std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (!is_number || std::stoul(key) >= at->size())
        where.fail("there is no item \"" + key + "\"", at->empty()
                                                           ? "accepted: nothing, the list is empty"
                                                           : "accepted: 0 to " + std::to_string(at->size() - 1));
      at = &(*at)[std::stoul(key)];
    } else if (at->is_object()) {
      if (key.empty()) where.fail("empty key in \"" + path + "\"", "accepted: keys joined by dots");
      at = &at->emplace(key, Json::object()).first.value();
    } else {
      where.fail("\"" + key + "\" is asked of " + brief(*at), "accepted: a path of the scenario");
    }
  }
  *at = value;
}

}  // namespace simrun
