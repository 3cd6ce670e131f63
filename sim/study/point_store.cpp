#include "sim/study/point_store.hpp"

#include "sim/study/times_text.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

std::optional<PointResult> result_of(const Json& json) {
  try {
    return PointResult{
        .times = read_times(json.at("times")), .payload_bytes = json.at("payload_bytes").get<double>(), .failure = {}};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::optional<PointResult>> PointStore::read() const {
  std::vector<std::optional<PointResult>> results(keys().size());
  records_.read([&](std::size_t point, const JsonValue& json) { results[point] = result_of(*json); });
  return results;
}

void PointStore::keep(std::size_t point, const PointResult& result) const {
  records_.keep(point, Json{{"times", times_json(*result.times)}, {"payload_bytes", result.payload_bytes}});
}

}  // namespace simrun
