#include "sim/training/peeled_entries.hpp"

#include <vector>

#include "kernels/layout.hpp"

namespace simrun {

PeeledEntries peeled_entries(std::span<const Outcome> outcomes, const Primitives& primitives) {
  PeeledEntries peeled;
  for (const Outcome& outcome : outcomes) {
    for (const Payload& part : outcome.parts) {
      if (part.kind() != PayloadKind::sketch) continue;
      const SketchView view = view_sketch(part);
      const std::vector<std::uint32_t> indices = view.indices();
      std::vector<float> values(indices.size());
      peeled.estimated += static_cast<double>(primitives.peel(indices, view.counters, values));
      peeled.all += static_cast<double>(indices.size());
    }
  }
  return peeled;
}

}  // namespace simrun
