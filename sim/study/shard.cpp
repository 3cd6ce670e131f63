#include "sim/study/shard.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <tuple>

#include "sim/text/error.hpp"

namespace simrun {

Shard parse_shard(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, shard.number);
  if (number.ec == std::errc() && number.ptr != end && *number.ptr == '/') {
    const auto count = std::from_chars(number.ptr + 1, end, shard.count);
    if (count.ec == std::errc() && count.ptr == end && shard.number >= 1 && shard.number <= shard.count) return shard;
  }
  throw InputError("command line", "--shard", "\"" + text + "\" is no shard",
                   "accepted: I/N with I from 1 to N, like 1/8");
}

std::vector<std::size_t> points_of(const Shard& shard, const Study& study) {
  std::vector<std::size_t> order(study.points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto cost = [&](std::size_t point) {
    return std::tuple(-study.points[point].scenario.workers, study.points[point].method, point);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return cost(a) < cost(b); });
  std::vector<std::size_t> points;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t turn = i % shard.count;
    const bool is_backwards = i / shard.count % 2 == 1;
    if ((is_backwards ? shard.count - turn : turn + 1) == shard.number) points.push_back(order[i]);
  }
  std::sort(points.begin(), points.end());
  return points;
}

}  // namespace simrun
