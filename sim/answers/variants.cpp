#include "sim/answers/variants.hpp"

#include "sim/scenario/json_path.hpp"
#include "sim/scenario/resolved.hpp"

namespace simrun {

Point Variants::at(const Point& point, const std::string& path, const Json& value) {
  Json json = whole(point.scenario);
  set_at(json, path, value, {point.scenario.file, path});
  Point other = point;
  other.scenario = reader_.read(std::move(json), 0);
  other.sgd.clear();
  return other;
}

}  // namespace simrun
