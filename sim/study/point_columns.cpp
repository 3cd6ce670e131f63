#include "sim/study/point_columns.hpp"

#include <algorithm>

#include "sim/text/json.hpp"

namespace simrun {
namespace {

Json swept_value(const Point& point, const std::string& key) {
  for (const auto& [swept, value] : point.swept) {
    if (swept == key) return *value;
  }
  return nullptr;
}

Json entries_of(const Scenario& scenario) {
  return scenario.method.kept ? Json(scenario.entries()) : Json();
}

}  // namespace

std::optional<double> density_of(const Scenario& scenario) {
  const std::optional<Kept>& kept = scenario.method.kept;
  return kept ? std::optional(kept->density(scenario.elements())) : std::nullopt;
}

Json index_of(const Scenario& scenario) {
  const MethodChoice& method = scenario.method;
  for (const CodecParameter* parameter : method.codec->parameters) {
    if (parameter->key == "index") return parameter->text_of(method.options);
  }
  return nullptr;
}

Columns<Point> parameter_columns(const Study& study, const std::set<std::string>& shown) {
  Columns<Point> columns;
  for (const CodecParameter* parameter : codec_parameters()) {
    const auto differs = [&](const Point& point) {
      return parameter->get(point.scenario.method.options) != parameter->get({});
    };
    if (parameter->key == "index" || shown.count(std::string(parameter->key)) != 0) continue;
    if (std::none_of(study.points.begin(), study.points.end(), differs)) continue;
    columns.push_back({std::string(parameter->key), [parameter](const Point& point) {
                         const MethodChoice& method = point.scenario.method;
                         if (!method.codec->takes(*parameter)) return Json();
                         return parameter->words.empty() ? Json(parameter->get(method.options))
                                                         : Json(parameter->text_of(method.options));
                       }});
  }
  return columns;
}

Columns<Point> setting_columns() {
  return {{"method", [](const Point& point) { return point.scenario.method.method->name; }},
          {"workers", [](const Point& point) { return point.scenario.workers; }},
          {"k", [](const Point& point) { return entries_of(point.scenario); }},
          {"density", [](const Point& point) { return or_null(density_of(point.scenario)); }}};
}

Columns<Point> swept_columns(const Study& study, const std::set<std::string>& shown) {
  Columns<Point> columns;
  for (const auto& [key, count] : study.keys) {
    if (shown.count(key) != 0) continue;
    columns.push_back({key, [key = key](const Point& point) { return swept_value(point, key); }});
  }
  return columns;
}

}  // namespace simrun
