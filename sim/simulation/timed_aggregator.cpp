#include "sim/simulation/timed_aggregator.hpp"

namespace simrun {

Payload CombineMemo::combine(const Aggregator& aggregator, std::span<const Payload> parts) {
  if (!parts.front().has_contents()) return aggregator.combine(parts);
  if (next_ == results_.size()) results_.push_back(aggregator.combine(parts));
  return results_[next_++];
}

Payload TimedAggregator::combine(std::span<const Payload> parts) const {
  const Payload result = known_ ? *known_ : memo_.combine(inner_, parts);
  Work work{.stage = Stage::combine, .kind = result.kind(), .index = result.index()};
  if (round_.codec->combining() == Combining::sum_again) work.codec = round_.entry->name;
  work.values = values_of(result.header().format);
  work.elements = static_cast<double>(result.elements());
  if (parts.front().kind() != result.kind()) work.summed = parts.front().kind();
  for (const Payload& part : parts) work.entries += static_cast<double>(part.entries());
  work.parts = static_cast<double>(parts.size());
  work.result_entries = static_cast<double>(result.entries());
  staging_.combine(device_, times_.of(work), parts, result);
  return result;
}

}  // namespace simrun
