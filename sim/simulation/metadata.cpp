#include "sim/simulation/metadata.hpp"

#include "kernels/layout.hpp"

namespace simrun {

std::uint64_t metadata_bytes(const Payload& payload) {
  const LayoutEntry& layout = layout_of(payload.kind());
  if (layout.has_indices)
    return payload.size() - Payload::header_bytes - layout.size(payload.entries(), payload.header().format);
  switch (payload.kind()) {
    case PayloadKind::scaled_signs:
      return sizeof(float);
    case PayloadKind::two_means:
      return 2 * sizeof(float);
    case PayloadKind::levels:
      return sizeof(float) * LevelsFormat::of(payload.header().format).buckets(payload.elements());
    case PayloadKind::chunked_pairs:
      return sizeof(std::uint32_t) *
             code_words(payload.entries(), ChunkFormat::of(payload.header().format).place_bits());
    default:
      return 0;
  }
}

Payload part_of(const Payload& payload, std::uint64_t bytes) {
  Payload::Header header = payload.header();
  header.bytes = bytes;
  return Payload::size_only(header);
}

}  // namespace simrun
