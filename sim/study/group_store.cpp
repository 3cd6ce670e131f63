#include "sim/study/group_store.hpp"

#include <filesystem>

#include "sim/text/json.hpp"

namespace simrun {
namespace {

std::optional<Grouping::Explicit> read_groups(const Json& json) {
  try {
    Grouping::Explicit groups;
    json.at("groups").get_to(groups.groups);
    json.at("dense").get_to(groups.dense);
    return groups;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::optional<Grouping::Explicit>> GroupStore::read() const {
  std::vector<std::optional<Grouping::Explicit>> all(records_.keys().size());
  records_.read([&](std::size_t i, const JsonValue& json) { all[i] = read_groups(*json); });
  return all;
}

void GroupStore::keep(const std::vector<Grouping::Explicit>& groups) const {
  const std::vector<std::optional<Grouping::Explicit>> there = read();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!there[i]) records_.keep(i, Json{{"groups", groups[i].groups}, {"dense", groups[i].dense}});
  }
}

void GroupStore::remove_others() const {
  std::error_code ignored;
  if (records_.remove_others() > 0) std::filesystem::remove(folder(), ignored);  // if nothing is left in it
}

}  // namespace simrun
