#pragma once

#include <cstdint>
#include <span>

#include "kernels/payload.hpp"

namespace simrun {

/// What M payloads of pairs, K of N each, give where they are merged part by part: by a recursion over who passes on
/// what. Sums are exact.
Payload merged_parts(std::span<const Payload> payloads, std::uint64_t entries);

/// What such payloads give where all entries are added up and the K largest sums kept: largest as far as eighths of an
/// octave tell; of those that these do not tell apart each of the regions, which have as many entries, keeps its share.
Payload largest_sums(std::span<const Payload> payloads, std::uint64_t entries);

}  // namespace simrun
