#pragma once

#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

// What is done to, or with, the elements that a list of indices names. The indices are distinct; each touches a sector
// of 32 bytes, which is read and written, besides what the list itself takes.

/// Entry `j` of packed signs is negative: bit j%8 of byte j/8.
SIMRUN_DEVICE inline bool is_negative(const std::uint8_t* signs, std::uint64_t j) {
  return (signs[j / 8] >> (j % 8) & 1U) != 0;
}

/// out[indices[j]] += weight * values[j], rounded twice. Reads 8 bytes an entry.
struct ScatterPairs {
  static constexpr const char* name = "scatter_pairs";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  const std::uint32_t* indices;
  const float* values;
  Entries entries;
  float weight;
  float* out;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Entry {
      std::uint32_t index;
      float sum;
    };
    stream(
        block, entries.count(),
        [&](std::uint64_t j) {
          const std::uint32_t index = block.read_once(indices + j);
          return Entry{index, out[index] + weight * block.read_once(values + j)};
        },
        [&](std::uint64_t, const Entry& entry) { out[entry.index] = entry.sum; });
  }
};

/// out[indices[j]] += weight, or -weight where entry j is negative. Reads 4 1/8 bytes an entry.
struct ScatterSigns {
  static constexpr const char* name = "scatter_signs";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  const std::uint32_t* indices;
  const std::uint8_t* signs;  ///< ceil(entries/8) bytes
  Entries entries;
  float weight;
  float* out;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Entry {
      std::uint32_t index;
      float sum;
    };
    stream(
        block, entries.count(),
        [&](std::uint64_t j) {
          const std::uint32_t index = block.read_once(indices + j);
          return Entry{index, out[index] + (is_negative(signs, j) ? -weight : weight)};
        },
        [&](std::uint64_t, const Entry& entry) { out[entry.index] = entry.sum; });
  }
};

/// out[indices[j]] = 0. Reads 4 bytes an entry.
struct ScatterZero {
  static constexpr const char* name = "scatter_zero";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 8;
  struct Shared {};
  const std::uint32_t* indices;
  Entries entries;
  float* out;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    stream(
        block, entries.count(), [&](std::uint64_t j) { return block.read_once(indices + j); },
        [&](std::uint64_t, std::uint32_t index) { out[index] = 0.0F; });
  }
};

/// out[j] = x[indices[j]]. Reads and writes 8 bytes an entry, and reads the sector of 32 that each value lies in.
struct Gather {
  static constexpr const char* name = "gather";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 8;
  struct Shared {};
  const float* x;
  const std::uint32_t* indices;
  Entries entries;
  float* out;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    stream(
        block, entries.count(), [&](std::uint64_t j) { return x[block.read_once(indices + j)]; },
        [&](std::uint64_t j, float value) { out[j] = value; });
  }
};

/// out[j] = x[indices[j]], and that becomes 0. Reads and writes 8 bytes an entry, and reads and writes the sector of 32
/// that each value lies in.
struct TakeOut {
  static constexpr const char* name = "take_out";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 8;
  struct Shared {};
  float* x;
  const std::uint32_t* indices;
  Entries entries;
  float* out;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Entry {
      std::uint32_t index;
      float value;
    };
    stream(
        block, entries.count(),
        [&](std::uint64_t j) {
          const std::uint32_t index = block.read_once(indices + j);
          return Entry{index, x[index]};
        },
        [&](std::uint64_t j, const Entry& entry) {
          out[j] = entry.value;
          x[entry.index] = 0.0F;
        });
  }
};

template <class Machine>
void launch_take_out(Machine& machine, float* x, const std::uint32_t* indices, Entries entries, float* out) {
  machine.launch(blocks_to_stream<TakeOut>(machine, entries.most), TakeOut{x, indices, entries, out});
}

template <class Machine>
void launch_gather(Machine& machine, const float* x, const std::uint32_t* indices, Entries entries, float* out) {
  machine.launch(blocks_to_stream<Gather>(machine, entries.most), Gather{x, indices, entries, out});
}

template <class Machine>
void launch_scatter_add(Machine& machine, const std::uint32_t* indices, const float* values, Entries entries,
                        float weight, float* out) {
  machine.launch(blocks_to_stream<ScatterPairs>(machine, entries.most),
                 ScatterPairs{indices, values, entries, weight, out});
}

template <class Machine>
void launch_scatter_add(Machine& machine, const std::uint32_t* indices, const std::uint8_t* signs, Entries entries,
                        float weight, float* out) {
  machine.launch(blocks_to_stream<ScatterSigns>(machine, entries.most),
                 ScatterSigns{indices, signs, entries, weight, out});
}

template <class Machine>
void launch_scatter_zero(Machine& machine, const std::uint32_t* indices, Entries entries, float* out) {
  machine.launch(blocks_to_stream<ScatterZero>(machine, entries.most), ScatterZero{indices, entries, out});
}

}  // namespace simrun::cuda
