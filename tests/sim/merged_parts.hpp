#pragma once

#include <cstdint>
#include <span>

#include "kernels/payload.hpp"

namespace simrun {

/// What M payloads of pairs, K of N each, give where they are merged part by part: by a recursion over who passes on
/// what. Sums are exact.
Payload merged_parts(std::span<const Payload> payloads, std::uint64_t entries);

}  // namespace simrun
