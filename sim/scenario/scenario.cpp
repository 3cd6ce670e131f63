#include "sim/scenario/scenario.hpp"

#include <algorithm>
#include <cmath>

namespace simrun {

Seconds Scenario::computing() const {
  return compute.forward + compute.backward + compute.update;
}

bool Scenario::is_sampled() const {
  if (!gradient_sample || *gradient_sample >= elements()) return false;
  const auto codec = method.codec->make(method.options, nullptr);
  return codec->sizes_need_contents() && codec->combining() == Combining::gather;
}

std::size_t Scenario::different_gradients() const {
  const auto* files = std::get_if<GradientFiles>(&gradients);
  if (files != nullptr && files->count == 1) return 1;
  const auto encoders = static_cast<std::uint64_t>(host_groups().encoders());
  return std::min(encoders, gradient_workers.value_or(encoders));
}

HostGroups Scenario::host_groups() const {
  const int gpus = method.hierarchy == Hierarchy::flat ? 1 : std::min(network.gpus_per_host, workers);
  return {gpus > 1 ? method.hierarchy : Hierarchy::flat, workers, gpus};
}

std::vector<Group> groups_of(const Scenario& scenario) {
  return make_schedule(*scenario.model, scenario.grouping, static_cast<std::size_t>(scenario.method.local.fragments));
}

std::vector<Group> encoded_groups(const Scenario& scenario) {
  std::vector<Group> groups = groups_of(scenario);
  const auto shards = static_cast<std::uint64_t>(scenario.host_groups().shards());
  for (Group& group : groups) group.elements = (group.elements + shards - 1) / shards;
  return groups;
}

std::vector<std::uint64_t> encoded_entries(const Scenario& scenario, std::span<const Group> groups) {
  const double share = static_cast<double>(scenario.entries()) / scenario.host_groups().shards();
  return share_entries(groups, std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(share))));
}

Scenario in_full(const Scenario& scenario) {
  Scenario full = scenario;
  full.method = dense_choice(scenario.method);
  full.method.local = scenario.method.local;
  return full;
}

}  // namespace simrun
