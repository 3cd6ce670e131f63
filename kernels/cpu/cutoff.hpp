#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/mask.hpp"
#include "kernels/parallel.hpp"
#include "kernels/primitives.hpp"

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

/// True where few enough of `elements` are selected that looking for them pays.
inline bool is_sparse(Cutoff::Share share, std::size_t elements) {
  return share.selected() < elements / 16;
}

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

/// Writes index_of(i) and the value of every selected element i of a chunk to `indices` and `values`, which have room
/// for exactly those.
template <class IndexOf>
void gather_chunk(std::span<const float> chunk, std::uint32_t key, Cutoff::Share share, const IndexOf& index_of,
                  std::uint32_t* indices, float* values) {
  if (is_sparse(share, chunk.size())) {
    for_each_selected(chunk, key, share.ties, [&](std::size_t i) {
      *indices++ = index_of(i);
      *values++ = chunk[i];
    });
    return;
  }
  // Without a branch, which could not be predicted: what is not selected is written over by the next one.
  const std::size_t count = share.selected();
  std::size_t ties = share.ties;
  std::size_t at = 0;
  for (std::size_t i = 0; at < count; ++i) {
    const std::uint32_t own = magnitude_key(chunk[i]);
    const std::size_t tie = static_cast<std::size_t>(own == key) & static_cast<std::size_t>(ties != 0);
    indices[at] = index_of(i);
    values[at] = chunk[i];
    at += static_cast<std::size_t>(own > key) | tie;
    ties -= tie;
  }
}

/// What the cutoff selects; indices_of(c) gives the function from an element of chunk c to its index.
template <class IndicesOf>
Pairs gather(std::span<const std::span<const float>> chunks, const Cutoff& cutoff, unsigned threads,
             const IndicesOf& indices_of) {
  std::vector<std::size_t> start{0};
  for (const Cutoff::Share share : cutoff.shares) start.push_back(start.back() + share.selected());
  Pairs result{std::vector<std::uint32_t>(start.back()), std::vector<float>(start.back())};
  parallel_for(chunks.size(), threads, [&](std::size_t c) {
    gather_chunk(chunks[c], cutoff.key, cutoff.shares[c], indices_of(c), result.indices.data() + start[c],
                 result.values.data() + start[c]);
  });
  return result;
}

}  // namespace simrun
