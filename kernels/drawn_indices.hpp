#pragma once

#include <cstdint>
#include <vector>

namespace simrun {

/// `entries` different indices below `elements` (entries <= elements <= 2^32), in ascending order: the first ones of a
/// random permutation that follows from the seed. Throws std::invalid_argument for more entries than elements.
///
/// The permutation is a Feistel network of six rounds over the next even power of two, at least 2^12; where it leads
/// beyond the elements it is applied again (cycle walking: Black and Rogaway, CT-RSA 2002). Any index is found alone,
/// in constant time but for few elements.
std::vector<std::uint32_t> draw_indices(std::uint64_t seed, std::uint64_t elements, std::uint64_t entries);

/// Likewise, but neighbours: from an index that is drawn, each as likely, on, and from 0 on where the elements end. So
/// every index is among them as often.
std::vector<std::uint32_t> draw_block(std::uint64_t seed, std::uint64_t elements, std::uint64_t entries);

}  // namespace simrun
