// The values of K entries, one fp32 each, as a dense payload writes them.

#include "kernels/byte_view.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {

LayoutEntry pairs_layout() {
  const LayoutEntry values = dense32_layout();
  return {.kind = PayloadKind::pairs,
          .name = "pairs",
          .entries = "values",
          .has_indices = true,
          .size = values.size,
          .append = values.append};
}

Payload make_pairs(IndexCoding coding, std::uint64_t elements, PairsView pairs) {
  const std::uint64_t entries = pairs.indices.size();
  const Piece all{std::as_bytes(pairs.values), 0, entries};
  return make_payload({.kind = PayloadKind::pairs, .index = coding, .elements = elements, .entries = entries},
                      pairs.indices, {&all, 1});
}

PairsView view_pairs(const Payload& payload, std::vector<std::uint32_t>& decoded) {
  const BodyView view = view_body(payload, PayloadKind::pairs, decoded);
  return {view.indices, view_as<float>(view.values)};
}

Pairs read_pairs(const Payload& payload) {
  std::vector<std::uint32_t> decoded;
  const PairsView view = view_pairs(payload, decoded);
  return {{view.indices.begin(), view.indices.end()}, {view.values.begin(), view.values.end()}};
}

}  // namespace simrun
