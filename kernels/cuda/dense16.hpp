#pragma once

#include <stdexcept>

#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

// Payloads of 16-bit values: Half or BFloat16.

/// Four 16-bit values, moved at once.
struct alignas(8) NarrowQuad {
  std::uint16_t values[4];
};

/// Quad number `quad` of an array of `size` values at a multiple of 8 bytes; zeros beyond its end.
SIMRUN_DEVICE inline NarrowQuad load_narrow_quad(const std::uint16_t* from, std::uint64_t quad, std::uint64_t size) {
  const std::uint64_t first = quad * 4;
  if (first + 4 <= size) return *reinterpret_cast<const NarrowQuad*>(from + first);
  NarrowQuad narrow{};
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) {
    if (first + c < size) narrow.values[c] = from[first + c];
  }
  return narrow;
}

SIMRUN_DEVICE inline void store_narrow_quad(const NarrowQuad& narrow, std::uint16_t* to, std::uint64_t quad,
                                            std::uint64_t size) {
  const std::uint64_t first = quad * 4;
  if (first + 4 <= size) {
    *reinterpret_cast<NarrowQuad*>(to + first) = narrow;
    return;
  }
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) {
    if (first + c < size) to[first + c] = narrow.values[c];
  }
}

/// What must not be in values that become narrow ones: ~(lowest index), 0 where there is none.
struct NarrowFlaws {
  std::uint64_t non_finite;  ///< NaNs and infinities
  std::uint64_t too_large;   ///< those too, and finite values that became an infinity
};

/// x in 16 bits. Reads an element and writes 2 bytes.
template <class Narrow, class Gradient>
struct ToNarrow {
  static constexpr const char* name = "to_narrow";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  const Gradient* x;      ///< four elements begin at a multiple of their size
  std::uint16_t* narrow;  ///< at a multiple of 8 bytes
  std::uint64_t size;
  NarrowFlaws* flaws;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    stream(
        block, quads_of(size), [&](std::uint64_t quad) { return load_quad_once(block, x, quad, size); },
        [&](std::uint64_t quad, const Quad& values) {
          NarrowQuad result;
          std::uint32_t highest = 0;
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) {
            result.values[c] = narrow_bits<Narrow>(values.values[c]);
            highest = larger<std::uint32_t>(highest, result.values[c] & 0x7FFFU);
          }
          store_narrow_quad(result, narrow, quad, size);
          if (highest >= infinite_bits<Narrow>) report(block, values, result, quad);
        });
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void report(Block& block, const Quad& values, const NarrowQuad& result, std::uint64_t quad) const {
    SIMRUN_UNROLL
    for (unsigned c = 0; c < 4; ++c) {
      const std::uint64_t found = ~(quad * 4 + c);
      if ((result.values[c] & 0x7FFFU) >= infinite_bits<Narrow>) block.take_max(&flaws->too_large, found);
      if (key_of(values.values[c]) >= least_non_finite_key) block.take_max(&flaws->non_finite, found);
    }
  }
};

/// out[i] += weight * narrow[i], rounded twice. Reads 6 and writes 4 bytes an element.
template <class Narrow>
struct AddNarrow {
  static constexpr const char* name = "add_narrow";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const std::uint16_t* narrow;  ///< at a multiple of 8 bytes
  float weight;
  float* out;  ///< at a multiple of 16 bytes
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Terms {
      Quad out;
      NarrowQuad narrow;
    };
    stream(
        block, quads_of(size),
        [&](std::uint64_t quad) {
          return Terms{load_quad(out, quad, size), load_narrow_quad(narrow, quad, size)};
        },
        [&](std::uint64_t quad, Terms& terms) {
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) terms.out.values[c] += weight * widened(Narrow{terms.narrow.values[c]});
          store_quad(terms.out, out, quad, size);
        });
  }
};

/// sum[i] += narrow[i], in fp32, rounded. Reads 4 and writes 2 bytes an element.
template <class Narrow>
struct AccumulateNarrow {
  static constexpr const char* name = "accumulate_narrow";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const std::uint16_t* narrow;  ///< at a multiple of 8 bytes, like the sum
  std::uint16_t* sum;
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Terms {
      NarrowQuad sum;
      NarrowQuad narrow;
    };
    stream(
        block, quads_of(size),
        [&](std::uint64_t quad) {
          return Terms{load_narrow_quad(sum, quad, size), load_narrow_quad(narrow, quad, size)};
        },
        [&](std::uint64_t quad, Terms& terms) {
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) {
            const float total = widened(Narrow{terms.sum.values[c]}) + widened(Narrow{terms.narrow.values[c]});
            terms.sum.values[c] = narrow_bits<Narrow>(total);
          }
          store_narrow_quad(terms.sum, sum, quad, size);
        });
  }
};

/// Launches a conversion. `flaws` are raised where there are some; both 0 before the first launch that may.
template <class Narrow, class Machine, class Gradient>
void launch_to_narrow(Machine& machine, const Gradient* x, std::uint16_t* narrow, std::uint64_t size,
                      NarrowFlaws* flaws) {
  using Kernel = ToNarrow<Narrow, Gradient>;
  machine.launch(blocks_to_stream<Kernel>(machine, quads_of(size)), Kernel{x, narrow, size, flaws});
}

template <class Narrow, class Machine>
void launch_add_narrow(Machine& machine, const std::uint16_t* narrow, float weight, float* out, std::uint64_t size) {
  using Kernel = AddNarrow<Narrow>;
  machine.launch(blocks_to_stream<Kernel>(machine, quads_of(size)), Kernel{narrow, weight, out, size});
}

template <class Narrow, class Machine>
void launch_accumulate_narrow(Machine& machine, const std::uint16_t* narrow, std::uint16_t* sum, std::uint64_t size) {
  using Kernel = AccumulateNarrow<Narrow>;
  machine.launch(blocks_to_stream<Kernel>(machine, quads_of(size)), Kernel{narrow, sum, size});
}

/// Calls launch with a value of the type that has that precision.
template <class Launch>
void with_narrow(Precision precision, const Launch& launch) {
  if (precision == Precision::fp16) return launch(Half{});
  if (precision == Precision::bf16) return launch(BFloat16{});
  throw std::invalid_argument("fp32 is not narrow");
}

template <class Machine>
void launch_to_narrow(Machine& machine, Precision precision, const float* x, std::uint16_t* narrow, std::uint64_t size,
                      NarrowFlaws* flaws) {
  with_narrow(precision, [&]<class Narrow>(Narrow) { launch_to_narrow<Narrow>(machine, x, narrow, size, flaws); });
}

template <class Machine>
void launch_add_narrow(Machine& machine, Precision precision, const std::uint16_t* narrow, float weight, float* out,
                       std::uint64_t size) {
  with_narrow(precision, [&]<class Narrow>(Narrow) { launch_add_narrow<Narrow>(machine, narrow, weight, out, size); });
}

template <class Machine>
void launch_accumulate_narrow(Machine& machine, Precision precision, const std::uint16_t* narrow, std::uint16_t* sum,
                              std::uint64_t size) {
  with_narrow(precision, [&]<class Narrow>(Narrow) { launch_accumulate_narrow<Narrow>(machine, narrow, sum, size); });
}

}  // namespace simrun::cuda
