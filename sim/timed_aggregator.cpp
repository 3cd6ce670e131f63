#include "sim/timed_aggregator.hpp"

namespace simrun {

Payload CombineMemo::combine(const Aggregator& aggregator, std::span<const Payload> parts) {
  std::vector<const void*> key;
  for (const Payload& part : parts) {
    if (!part.has_contents()) return aggregator.combine(parts);
    key.push_back(part.bytes().data());
  }
  const auto [entry, is_new] = known_.try_emplace(std::move(key));
  if (is_new) entry->second = {{parts.begin(), parts.end()}, aggregator.combine(parts)};
  return entry->second.result;
}

Payload TimedAggregator::combine(std::span<const Payload> parts) const {
  const Payload result = memo_.combine(inner_, parts);
  Work work{.stage = Stage::combine, .kind = result.kind(), .index = result.index()};
  work.elements = static_cast<double>(result.elements());
  for (const Payload& part : parts) work.entries += static_cast<double>(part.entries());
  work.parts = static_cast<double>(parts.size());
  work.result_entries = static_cast<double>(result.entries());
  device_.spend(Activity::decode, profile_.seconds(work));
  return result;
}

}  // namespace simrun
