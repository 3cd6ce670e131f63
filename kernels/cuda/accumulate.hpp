#pragma once

#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

/// residual += gradient. Reads 8 and writes 4 bytes an element.
struct Accumulate {
  static constexpr const char* name = "accumulate";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const float* gradient;  ///< at a multiple of 16 bytes, like the residual
  float* residual;
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Terms {
      Quad residual;
      Quad gradient;
    };
    stream(
        block, quads_of(size),
        [&](std::uint64_t quad) {
          return Terms{load_quad(residual, quad, size), load_quad_once(block, gradient, quad, size)};
        },
        [&](std::uint64_t quad, Terms& terms) {
          SIMRUN_UNROLL
          for (unsigned c = 0; c < 4; ++c) terms.residual.values[c] += terms.gradient.values[c];
          store_quad(terms.residual, residual, quad, size);
        });
  }
};

template <class Machine>
void launch_accumulate(Machine& machine, const float* gradient, float* residual, std::uint64_t size) {
  machine.launch(blocks_to_stream<Accumulate>(machine, quads_of(size)), Accumulate{gradient, residual, size});
}

}  // namespace simrun::cuda
