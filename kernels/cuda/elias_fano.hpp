#pragma once

#include "kernels/cuda/bit_sets.hpp"
#include "kernels/cuda/workspace.hpp"

namespace simrun::cuda {

// The index coding `elias-fano`, whose layout kernels/index_codings/elias_fano.cpp describes: the low bits of every
// index, packed, then the high bits in unary, which is a set of bits.

/// Sizes of the parts for K indices below N.
struct EliasFanoShape {
  unsigned low_bits = 0;  ///< of an index, 0 to 32
  std::uint64_t low_words = 0;
  std::uint64_t high_words = 0;

  SIMRUN_ANYWHERE static EliasFanoShape of(std::uint64_t elements, std::uint64_t entries) {
    EliasFanoShape shape;
    if (entries == 0) return shape;
    while (elements >> (shape.low_bits + 1) >= entries) ++shape.low_bits;
    shape.low_words = words_of(entries * shape.low_bits);
    shape.high_words = words_of(entries + divide_up(elements, std::uint64_t{1} << shape.low_bits) + 1);
    return shape;
  }

  SIMRUN_ANYWHERE std::uint64_t words() const { return low_words + high_words; }
};

/// Reads 4 bytes an entry, about twice, once from memory, and writes what the coded indices take.
struct EncodeEliasFano {
  static constexpr const char* name = "encode_elias_fano";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  using Shared = BitTile<256>;
  const std::uint32_t* indices;
  Entries entries;
  std::uint64_t elements;
  std::uint32_t* words;
  std::uint64_t* size;  ///< receives the number of words

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    const std::uint64_t count = entries.count();
    const EliasFanoShape shape = EliasFanoShape::of(elements, count);
    block.each_thread([&](unsigned t) {
      for (std::uint64_t at = block.global(t); at < shape.low_words; at += block.grid_threads()) {
        words[at] = packed_word(at, shape.low_bits, count,
                                [&](std::uint64_t j) { return low_bits(indices[j], shape.low_bits); });
      }
      if (block.global(t) == 0) *size = shape.words();
    });
    set_bits(block, shared, words + shape.low_words, shape.high_words, count,
             [&](std::uint64_t j) { return (std::uint64_t{indices[j]} >> shape.low_bits) + j; });
  }
};

/// Reads the coded indices and writes 4 bytes an entry.
struct DecodeEliasFano {
  static constexpr const char* name = "decode_elias_fano";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  using Shared = ListedTile<threads, 1>;
  const std::uint32_t* words;
  EliasFanoShape shape;
  const std::uint64_t* block_bits;
  std::uint32_t* indices;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    list_bits(block, shared, words + shape.low_words, shape.high_words, block_bits,
              [&](std::uint64_t j, std::uint64_t position) {
                const std::uint64_t high = (position - j) << shape.low_bits;
                indices[j] = static_cast<std::uint32_t>(high | unpacked(words, j, shape.low_bits));
              });
  }
};

struct EliasFanoWorkspace {
  std::uint64_t* block_bits;

  static EliasFanoWorkspace carve(Carver& carver) { return {carver.take<std::uint64_t>(counting_blocks)}; }
};

/// Launches the coding of ascending indices below `elements`: one kernel. `size` receives the number of words.
template <class Machine>
void launch_elias_fano_encode(Machine& machine, const std::uint32_t* indices, Entries entries, std::uint64_t elements,
                              std::uint32_t* words, std::uint64_t* size) {
  const EliasFanoShape shape = EliasFanoShape::of(elements, entries.most);
  machine.launch(blocks_for<EncodeEliasFano>(machine, shape.words(), EncodeEliasFano::Shared::tile_words),
                 EncodeEliasFano{indices, entries, elements, words, size});
}

/// Launches the reverse: two kernels. The words must be what coding `entries` indices gives; that is not checked.
template <class Machine>
void launch_elias_fano_decode(Machine& machine, const std::uint32_t* words, std::uint64_t elements,
                              std::uint64_t entries, const EliasFanoWorkspace& workspace, std::uint32_t* indices) {
  constexpr std::uint64_t tile_words = DecodeEliasFano::Shared::tile_words;
  const EliasFanoShape shape = EliasFanoShape::of(elements, entries);
  const unsigned blocks = blocks_to_count(divide_up(shape.high_words, tile_words));
  machine.launch(blocks, CountBits{words + shape.low_words, shape.high_words, tile_words, workspace.block_bits});
  machine.launch(blocks, DecodeEliasFano{words, shape, workspace.block_bits, indices});
}

}  // namespace simrun::cuda
