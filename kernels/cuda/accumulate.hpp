#pragma once

#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

/// sum = weight * sum + x, rounded twice. Reads an element of each and writes 4 bytes.
template <class Gradient>
struct Accumulate {
  static constexpr const char* name = "accumulate";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const Gradient* x;  ///< four elements begin at a multiple of their size, like those of the sum
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

template <class Machine, class Gradient>
void launch_accumulate(Machine& machine, const Gradient* x, float weight, float* sum, std::uint64_t size) {
  using Kernel = Accumulate<Gradient>;
  machine.launch(blocks_to_stream<Kernel>(machine, quads_of(size)), Kernel{x, weight, sum, size});
}

}  // namespace simrun::cuda
