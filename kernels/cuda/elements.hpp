#pragma once

#include "kernels/cuda/sharing.hpp"

namespace simrun::cuda {

// Elements that a kernel goes through: read(block, i), and keep(i, value), which stores what was read where that is
// new; from then on again(i) reads it.

/// Elements as they are. Reads 4 bytes an element.
struct GivenElements {
  const float* x;

  template <class Block>
  SIMRUN_DEVICE float read(Block& block, std::uint64_t i) const {
    return block.read_once(x + i);
  }
  SIMRUN_DEVICE void keep(std::uint64_t, float) const {}
  SIMRUN_DEVICE float again(std::uint64_t i) const { return x[i]; }
};

/// A residual to which the gradient is added. Reads 8 and writes 4 bytes an element.
struct CorrectedElements {
  const float* gradient;
  float* residual;

  template <class Block>
  SIMRUN_DEVICE float read(Block& block, std::uint64_t i) const {
    return residual[i] + block.read_once(gradient + i);
  }
  SIMRUN_DEVICE void keep(std::uint64_t i, float value) const { residual[i] = value; }
  SIMRUN_DEVICE float again(std::uint64_t i) const { return residual[i]; }
};

}  // namespace simrun::cuda
