#pragma once

#include "kernels/cuda/gradient.hpp"
#include "kernels/cuda/sharing.hpp"

namespace simrun::cuda {

// Passes over arrays that do little for each item: what counts is that each thread has several loads under way.

inline constexpr unsigned items_in_flight = 4;

/// Calls finish(j, load(j)) once for every j < count, on all threads of the grid. A thread loads several items before
/// it finishes the first of them, so that no item may depend on another one.
template <class Block, class Load, class Finish>
SIMRUN_DEVICE void stream(Block& block, std::uint64_t count, const Load& load, const Finish& finish) {
  constexpr std::uint64_t turn = std::uint64_t{Block::threads} * items_in_flight;
  block.each_thread([&](unsigned t) {
    for (std::uint64_t begin = block.number() * turn; begin < count; begin += block.count() * turn) {
      decltype(load(begin)) items[items_in_flight] = {};
      SIMRUN_UNROLL
      for (unsigned i = 0; i < items_in_flight; ++i) {
        const std::uint64_t j = begin + i * Block::threads + t;
        if (j < count) items[i] = load(j);
      }
      SIMRUN_UNROLL
      for (unsigned i = 0; i < items_in_flight; ++i) {
        const std::uint64_t j = begin + i * Block::threads + t;
        if (j < count) finish(j, items[i]);
      }
    }
  });
}

/// Blocks to stream `count` items.
template <class Kernel, class Machine>
unsigned blocks_to_stream(Machine& machine, std::uint64_t count) {
  return blocks_for<Kernel>(machine, count, std::uint64_t{Kernel::threads} * items_in_flight);
}

/// Quads that hold `size` elements. The last one may be partial.
SIMRUN_ANYWHERE constexpr std::uint64_t quads_of(std::uint64_t size) {
  return divide_up<std::uint64_t>(size, 4);
}

/// The elements of an array of `size` from `first` on, three at most; zeros beyond its end.
template <class Gradient>
SIMRUN_DEVICE Quad load_rest(const Gradient* from, std::uint64_t first, std::uint64_t size) {
  Quad values{};
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) {
    if (first + c < size) values.values[c] = widened(from[first + c]);
  }
  return values;
}

/// Quad number `quad` of an array of `size` elements at a multiple of 16 bytes; zeros beyond its end.
SIMRUN_DEVICE inline Quad load_quad(const float* from, std::uint64_t quad, std::uint64_t size) {
  const std::uint64_t first = quad * 4;
  return first + 4 <= size ? *reinterpret_cast<const Quad*>(from + first) : load_rest(from, first, size);
}

/// The same of elements that will not be needed again soon, four of which begin at a multiple of their size.
template <class Block, class Gradient>
SIMRUN_DEVICE Quad load_quad_once(Block& block, const Gradient* from, std::uint64_t quad, std::uint64_t size) {
  const std::uint64_t first = quad * 4;
  return first + 4 <= size ? read_quad_once(block, from + first) : load_rest(from, first, size);
}

SIMRUN_DEVICE inline void store_quad(const Quad& values, float* to, std::uint64_t quad, std::uint64_t size) {
  const std::uint64_t first = quad * 4;
  if (first + 4 <= size) {
    *reinterpret_cast<Quad*>(to + first) = values;
    return;
  }
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) {
    if (first + c < size) to[first + c] = values.values[c];
  }
}

}  // namespace simrun::cuda
