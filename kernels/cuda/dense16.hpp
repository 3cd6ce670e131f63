#pragma once

#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

// Payloads of half-precision values.

/// Four half-precision values, moved at once.
struct alignas(8) HalfQuad {
  std::uint16_t values[4];
};

/// Quad number `quad` of an array of `size` halves at a multiple of 8 bytes; zeros beyond its end.
SIMRUN_DEVICE inline HalfQuad load_half_quad(const std::uint16_t* from, std::uint64_t quad, std::uint64_t size) {
  const std::uint64_t first = quad * 4;
  if (first + 4 <= size) return *reinterpret_cast<const HalfQuad*>(from + first);
  HalfQuad halves{};
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) {
    if (first + c < size) halves.values[c] = from[first + c];
  }
  return halves;
}

SIMRUN_DEVICE inline void store_half_quad(const HalfQuad& halves, std::uint16_t* to, std::uint64_t quad,
                                          std::uint64_t size) {
  const std::uint64_t first = quad * 4;
  if (first + 4 <= size) {
    *reinterpret_cast<HalfQuad*>(to + first) = halves;
    return;
  }
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) {
    if (first + c < size) to[first + c] = halves.values[c];
  }
}

/// What must not be in values that become halves: ~(lowest index), 0 where there is none.
struct HalfFlaws {
  std::uint64_t non_finite;  ///< NaNs and infinities
  std::uint64_t too_large;   ///< those too, and finite values that became an infinity
};

/// Halves of x. Reads an element and writes 2 bytes.
template <class Gradient>
struct ToHalf {
  static constexpr const char* name = "to_half";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  const Gradient* x;      ///< four elements begin at a multiple of their size
  std::uint16_t* halves;  ///< at a multiple of 8 bytes
  std::uint64_t size;
  HalfFlaws* flaws;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    stream(
        block, quads_of(size), [&](std::uint64_t quad) { return load_quad_once(block, x, quad, size); },
        [&](std::uint64_t quad, const Quad& values) {
          HalfQuad result;
          std::uint32_t highest = 0;
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) {
            result.values[c] = half_of(values.values[c]);
            highest = larger<std::uint32_t>(highest, result.values[c] & 0x7FFFU);
          }
          store_half_quad(result, halves, quad, size);
          if (highest >= infinite_half) report(block, values, result, quad);
        });
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void report(Block& block, const Quad& values, const HalfQuad& result, std::uint64_t quad) const {
    SIMRUN_UNROLL
    for (unsigned c = 0; c < 4; ++c) {
      const std::uint64_t found = ~(quad * 4 + c);
      if ((result.values[c] & 0x7FFFU) >= infinite_half) block.take_max(&flaws->too_large, found);
      if (key_of(values.values[c]) >= least_non_finite_key) block.take_max(&flaws->non_finite, found);
    }
  }
};

/// out[i] += weight * halves[i], rounded twice. Reads 6 and writes 4 bytes an element.
struct AddHalf {
  static constexpr const char* name = "add_half";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const std::uint16_t* halves;  ///< at a multiple of 8 bytes
  float weight;
  float* out;  ///< at a multiple of 16 bytes
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Terms {
      Quad out;
      HalfQuad halves;
    };
    stream(
        block, quads_of(size),
        [&](std::uint64_t quad) {
          return Terms{load_quad(out, quad, size), load_half_quad(halves, quad, size)};
        },
        [&](std::uint64_t quad, Terms& terms) {
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) terms.out.values[c] += weight * float_of_half(terms.halves.values[c]);
          store_quad(terms.out, out, quad, size);
        });
  }
};

/// sum[i] += halves[i], in fp32, rounded to a half. Reads 4 and writes 2 bytes an element.
struct AccumulateHalf {
  static constexpr const char* name = "accumulate_half";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const std::uint16_t* halves;  ///< at a multiple of 8 bytes, like the sum
  std::uint16_t* sum;
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Terms {
      HalfQuad sum;
      HalfQuad halves;
    };
    stream(
        block, quads_of(size),
        [&](std::uint64_t quad) {
          return Terms{load_half_quad(sum, quad, size), load_half_quad(halves, quad, size)};
        },
        [&](std::uint64_t quad, Terms& terms) {
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) {
            const float total = float_of_half(terms.sum.values[c]) + float_of_half(terms.halves.values[c]);
            terms.sum.values[c] = half_of(total);
          }
          store_half_quad(terms.sum, sum, quad, size);
        });
  }
};

/// Launches a conversion. `flaws` are raised where there are some; both 0 before the first launch that may.
template <class Machine, class Gradient>
void launch_to_half(Machine& machine, const Gradient* x, std::uint16_t* halves, std::uint64_t size, HalfFlaws* flaws) {
  using Kernel = ToHalf<Gradient>;
  machine.launch(blocks_to_stream<Kernel>(machine, quads_of(size)), Kernel{x, halves, size, flaws});
}

template <class Machine>
void launch_add_half(Machine& machine, const std::uint16_t* halves, float weight, float* out, std::uint64_t size) {
  machine.launch(blocks_to_stream<AddHalf>(machine, quads_of(size)), AddHalf{halves, weight, out, size});
}

template <class Machine>
void launch_accumulate_half(Machine& machine, const std::uint16_t* halves, std::uint16_t* sum, std::uint64_t size) {
  machine.launch(blocks_to_stream<AccumulateHalf>(machine, quads_of(size)), AccumulateHalf{halves, sum, size});
}

}  // namespace simrun::cuda
