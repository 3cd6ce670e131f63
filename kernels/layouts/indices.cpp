// K indices and nothing else: where the values come from is for another payload to say.

#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

std::uint64_t size(std::uint64_t, Format) {
  return 0;
}

void append(std::span<const Piece>, Format, std::vector<std::byte>&) {}

}  // namespace

LayoutEntry indices_layout() {
  return {.kind = PayloadKind::indices,
          .name = "indices",
          .entries = "indices",
          .has_indices = true,
          .size = size,
          .append = append};
}

Payload make_indices(IndexCoding coding, std::uint64_t elements, std::span<const std::uint32_t> indices) {
  const Piece none{{}, 0, indices.size(), indices.size()};
  return make_payload({.kind = PayloadKind::indices, .index = coding, .elements = elements, .entries = indices.size()},
                      indices, {&none, 1});
}

std::span<const std::uint32_t> view_indices(const Payload& payload, std::vector<std::uint32_t>& decoded) {
  return view_body(payload, PayloadKind::indices, decoded).indices;
}

}  // namespace simrun
