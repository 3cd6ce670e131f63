#pragma once

#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

/// sum = weight * sum + x, rounded twice. Reads 8 and writes 4 bytes an element.
struct Accumulate {
  static constexpr const char* name = "accumulate";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const float* x;  ///< at a multiple of 16 bytes, like the sum
  float weight;
  float* sum;
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Terms {
      Quad sum;
      Quad x;
    };
    stream(
        block, quads_of(size),
        [&](std::uint64_t quad) {
          return Terms{load_quad(sum, quad, size), load_quad_once(block, x, quad, size)};
        },
        [&](std::uint64_t quad, Terms& terms) {
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) terms.sum.values[c] = weight * terms.sum.values[c] + terms.x.values[c];
          store_quad(terms.sum, sum, quad, size);
        });
  }
};

template <class Machine>
void launch_accumulate(Machine& machine, const float* x, float weight, float* sum, std::uint64_t size) {
  machine.launch(blocks_to_stream<Accumulate>(machine, quads_of(size)), Accumulate{x, weight, sum, size});
}

}  // namespace simrun::cuda
