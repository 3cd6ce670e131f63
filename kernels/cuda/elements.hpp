#pragma once

#include "kernels/cuda/gradient.hpp"

namespace simrun::cuda {

// Elements that a kernel goes through: read(block, i), and keep(i, value), which stores what was read where that is
// new; from then on again(i) reads it.

/// Elements as they are. Reads each.
template <class Gradient>
struct GivenElements {
  const Gradient* x;

  template <class Block>
  SIMRUN_DEVICE float read(Block& block, std::uint64_t i) const {
    return read_gradient(block, x + i);
  }
  SIMRUN_DEVICE void keep(std::uint64_t, float) const {}
  SIMRUN_DEVICE float again(std::uint64_t i) const { return widened(x[i]); }
};

/// A residual to which the gradient is added. Reads an element of each and writes 4 bytes.
template <class Gradient>
struct CorrectedElements {
  const Gradient* gradient;
  float* residual;

  template <class Block>
  SIMRUN_DEVICE float read(Block& block, std::uint64_t i) const {
    return residual[i] + read_gradient(block, gradient + i);
  }
  SIMRUN_DEVICE void keep(std::uint64_t i, float value) const { residual[i] = value; }
  SIMRUN_DEVICE float again(std::uint64_t i) const { return residual[i]; }
};

}  // namespace simrun::cuda
