#include "sim/scenario/resolved.hpp"

#include <map>

#include "sim/text/json.hpp"

namespace simrun {

Json whole(const Scenario& scenario) {
  Json all = *scenario.resolved;
  for (const auto& part : scenario.aside) all[part->key] = *part->value;
  return all;
}

Json resolved_scenarios(const Study& study) {
  constexpr std::size_t large = 64 << 10;
  Json all = Json::array();
  std::map<const SharedPart*, std::size_t> first;  // point
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    const Scenario& scenario = study.points[point].scenario;
    Json resolved = *scenario.resolved;
    for (const auto& part : scenario.aside) {
      const auto [known, is_new] = first.try_emplace(part.get(), point);
      Json& place = resolved[part->key];
      if (is_new || part->bytes < large) {
        place = *part->value;
      } else {
        place = Json{{"$ref", "#/resolved/" + std::to_string(known->second) + "/" + part->key}};
      }
    }
    all.push_back(std::move(resolved));
  }
  return all;
}

}  // namespace simrun
