#pragma once

#include <cstdint>

#include "kernels/payload.hpp"

namespace simrun {

/// Bytes of a payload that are neither header nor values: coded indices, or the scales that values are times.
std::uint64_t metadata_bytes(const Payload& payload);

/// What takes as many bytes as a part of the payload, which it stands for; without contents.
Payload part_of(const Payload& payload, std::uint64_t bytes);

}  // namespace simrun
