#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/mask.hpp"

namespace simrun {

/// The k largest of some values that lie in chunks one after another: every element whose key is above `key`, and in
/// each chunk the first few of those whose key equals it.
struct Cutoff {
  struct Share {
    std::size_t above = 0;  ///< elements of the chunk above `key`
    std::size_t ties = 0;   ///< elements of the chunk at `key` that are selected
    std::size_t selected() const { return above + ties; }
  };

  std::uint32_t key = 0;
  std::vector<Share> shares;  ///< one a chunk
  bool non_finite = false;    ///< some element is a NaN or an infinity
};

/// Exact, by counting the 31 bits of the keys digit by digit from the top. 0 < k <= number of values.
Cutoff find_cutoff(std::span<const std::span<const float>> chunks, std::size_t k, unsigned threads);

/// Calls emit(i) for every selected element of a chunk, ascending.
template <class Emit>
void for_each_selected(std::span<const float> chunk, std::uint32_t key, std::size_t ties, const Emit& emit) {
  for_each_at_least(chunk, key, [&](std::size_t i) {
    if (magnitude_key(chunk[i]) == key) {
      if (ties == 0) return;
      --ties;
    }
    emit(i);
  });
}

}  // namespace simrun
