#pragma once

#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

// One bit an element: bit i%32 of word i/32 is set where element i is negative. -0 is not, and padding bits are 0.

/// What the two signs stand for: each a number times, where there is one, a scale in the device's memory.
struct SignValues {
  float positive;
  float negative;
  const float* positive_scale = nullptr;
  const float* negative_scale = nullptr;

  SIMRUN_DEVICE float of_positive() const { return positive_scale != nullptr ? positive * *positive_scale : positive; }
  SIMRUN_DEVICE float of_negative() const { return negative_scale != nullptr ? negative * *negative_scale : negative; }
};

/// Elements whose signs are packed as they are. Reads each.
template <class Gradient>
struct Unchanged {
  static constexpr const char* name = "pack_signs";
  static constexpr bool changes = false;
  const Gradient* x;

  template <class Block>
  SIMRUN_DEVICE float read(Block& block, std::uint64_t i) const {
    return read_gradient(block, x + i);
  }
};

/// Signs of what a momentum becomes: velocity = weight * velocity + gradient, rounded twice. Reads an element of
/// each and writes 4 bytes.
template <class Gradient>
struct MovedOn {
  static constexpr const char* name = "pack_signs_of_momentum";
  static constexpr bool changes = true;
  const Gradient* gradient;
  float weight;
  float* velocity;

  template <class Block>
  SIMRUN_DEVICE float read(Block& block, std::uint64_t i) const {
    return weight * velocity[i] + read_gradient(block, gradient + i);
  }
  SIMRUN_DEVICE void change(std::uint64_t i, float value) const { velocity[i] = value; }
};

/// Elements to which is added what their signs stand for: taken out of a residual if that is negated. Reads and writes
/// 4 bytes an element.
struct TakenOut {
  static constexpr const char* name = "pack_signs_and_take_out";
  static constexpr bool changes = true;
  float* x;
  SignValues values;

  template <class Block>
  SIMRUN_DEVICE float read(Block&, std::uint64_t i) const {
    return x[i];
  }
  SIMRUN_DEVICE void change(std::uint64_t i, float value) const {
    x[i] = value + (value < 0 ? values.of_negative() : values.of_positive());
  }
};

/// Packs the signs of elements, and changes these where they say how. Writes 1/8 bytes an element besides.
template <class Elements>
struct PackSigns {
  static constexpr const char* name = Elements::name;
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = Elements::changes ? 4 : 6;
  static constexpr unsigned words_a_turn = 16;  ///< that a warp packs at a time; each lane loads as many elements
  static constexpr unsigned turn = words_a_turn * warp_lanes;
  struct Shared {};
  Elements from;
  Entries size;
  std::uint32_t* words;       ///< ceil(size/32)
  std::uint64_t* non_finite;  ///< raised to ~(lowest index of a NaN or an infinity); null: nobody asks

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    constexpr unsigned warps = threads / warp_lanes;
    const std::uint64_t elements = size.count();
    block.each_warp([&](auto& warp) {
      const std::uint64_t step = std::uint64_t{block.count()} * warps * turn;
      std::uint64_t first = (std::uint64_t{block.number()} * warps + warp.number()) * turn;
      for (; first < elements; first += step) {
        pack(block, warp, first, static_cast<unsigned>(smaller<std::uint64_t>(elements - first, turn)));
      }
    });
  }

 private:
  struct Items {
    float values[words_a_turn];
  };

  /// Packs `count` elements from `first` on, a multiple of 32.
  template <class Block, class Warp>
  SIMRUN_DEVICE void pack(Block& block, Warp& warp, std::uint64_t first, unsigned count) const {
    typename Warp::template PerLane<Items> items;
    warp.each_lane([&](unsigned lane) {
      SIMRUN_UNROLL
      for (unsigned w = 0; w < words_a_turn; ++w) {
        const unsigned i = w * warp_lanes + lane;
        items[lane].values[w] = i < count ? from.read(block, first + i) : 0.0F;
      }
      if (non_finite != nullptr) check(block, items[lane], first + lane);
    });
    std::uint32_t packed[words_a_turn];
    SIMRUN_UNROLL
    for (unsigned w = 0; w < words_a_turn; ++w) {
      packed[w] = warp.ballot([&](unsigned lane) { return items[lane].values[w] < 0.0F; });
    }
    warp.each_lane([&](unsigned lane) {
      std::uint32_t own = 0;
      SIMRUN_UNROLL
      for (unsigned w = 0; w < words_a_turn; ++w) own = lane == w ? packed[w] : own;
      if (lane * warp_lanes < count) words[first / warp_lanes + lane] = own;
      if constexpr (Elements::changes) change(items[lane], first, lane, count);
    });
  }

  SIMRUN_DEVICE void change(const Items& items, std::uint64_t first, unsigned lane, unsigned count) const {
    SIMRUN_UNROLL
    for (unsigned w = 0; w < words_a_turn; ++w) {
      const unsigned i = w * warp_lanes + lane;
      if (i < count) from.change(first + i, items.values[w]);
    }
  }

  /// `first` is the index of the lane's first element.
  template <class Block>
  SIMRUN_DEVICE void check(Block& block, const Items& items, std::uint64_t first) const {
    std::uint32_t highest = 0;
    SIMRUN_UNROLL
    for (unsigned w = 0; w < words_a_turn; ++w) highest = larger(highest, key_of(items.values[w]));
    if (highest < least_non_finite_key) return;
    SIMRUN_UNROLL
    for (unsigned w = 0; w < words_a_turn; ++w) {
      const bool finite = key_of(items.values[w]) < least_non_finite_key;
      if (!finite) block.take_max(non_finite, ~(first + std::uint64_t{w} * warp_lanes));
    }
  }
};

/// out[i] += what its sign stands for. Reads 4 1/8 and writes 4 bytes an element.
struct AddSigns {
  static constexpr const char* name = "add_signs";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const std::uint32_t* words;
  SignValues values;
  float* out;  ///< at a multiple of 16 bytes
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Terms {
      Quad out;
      std::uint32_t signs;
    };
    const float positive = values.of_positive();
    const float negative = values.of_negative();
    stream(
        block, quads_of(size),
        [&](std::uint64_t quad) {
          return Terms{load_quad(out, quad, size), words[quad / 8] >> (quad % 8 * 4)};
        },
        [&](std::uint64_t quad, Terms& terms) {
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) terms.out.values[c] += (terms.signs >> c & 1U) != 0 ? negative : positive;
          store_quad(terms.out, out, quad, size);
        });
  }
};

template <class Machine, class Elements>
void launch_pack_signs_of(Machine& machine, const Elements& from, Entries size, std::uint32_t* words,
                          std::uint64_t* non_finite) {
  using Kernel = PackSigns<Elements>;
  constexpr std::uint64_t block_elements = std::uint64_t{Kernel::threads} * Kernel::words_a_turn;
  machine.launch(blocks_for<Kernel>(machine, size.most, block_elements), Kernel{from, size, words, non_finite});
}

/// Packs the signs of a dense array, or of the values of a list, whose number the host need not know. `non_finite` is 0
/// before the first launch that raises it, or null.
template <class Machine, class Gradient>
void launch_pack_signs(Machine& machine, const Gradient* x, Entries size, std::uint32_t* words,
                       std::uint64_t* non_finite) {
  launch_pack_signs_of(machine, Unchanged<Gradient>{x}, size, words, non_finite);
}

template <class Machine>
void launch_add_signs(Machine& machine, const std::uint32_t* words, const SignValues& values, float* out,
                      std::uint64_t size) {
  machine.launch(blocks_to_stream<AddSigns>(machine, quads_of(size)), AddSigns{words, values, out, size});
}

}  // namespace simrun::cuda
