#include "sim/scenario/unfit_points.hpp"

#include <algorithm>

#include "sim/text/json.hpp"

namespace simrun {

bool UnfitPoints::leave_out(const UnfitPoint& unfit, std::size_t method, const SweptValues& swept) {
  const auto is_hierarchy = [](const auto& each) {
    return each.first == "hierarchy" || each.first.ends_with(".hierarchy");
  };
  if (std::ranges::none_of(swept, is_hierarchy)) return false;
  Json point = {method};
  for (const auto& [key, value] : swept) point.push_back({key, *value});
  points_[unfit.reason()].insert(point.dump());
  return true;
}

std::vector<std::string> UnfitPoints::notes() const {
  std::vector<std::string> notes;
  for (const auto& [reason, points] : points_)
    notes.push_back("sweep: left out " + std::to_string(points.size()) + (points.size() == 1 ? " point" : " points") +
                    " that the hierarchy does not fit: " + reason);
  return notes;
}

}  // namespace simrun
