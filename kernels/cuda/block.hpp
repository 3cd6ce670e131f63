#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/anywhere.hpp"

/// SIMRUN_DEVICE marks what runs on a GPU; without nvcc it is ordinary code, which HostBlock runs. SIMRUN_UNROLL
/// unrolls a loop over an array, which stays in registers only if it is indexed by constants.
#ifdef __CUDACC__
#define SIMRUN_DEVICE __device__
#define SIMRUN_UNROLL _Pragma("unroll")
#else
#define SIMRUN_DEVICE
#define SIMRUN_UNROLL
#endif

namespace simrun::cuda {

// A kernel is a struct: its members are the arguments, and `run` is what one block of threads does. It is written once,
// over the type of the block: DeviceBlock runs it on a GPU, HostBlock on the processor, so that sanitizers and tests
// reach it where there is no GPU. ThreadedBlock (tests/races/) finds what threads of a GPU may not do to each other.
//
//     struct Negate {
//       static constexpr const char* name = "negate";
//       static constexpr unsigned threads = 256;   // of a block
//       static constexpr unsigned residency = 4;   // blocks that a multiprocessor should hold at once
//       struct Shared {};                          // memory that the threads of a block share, not initialised
//       float* x;
//       std::uint64_t size;
//
//       template <class Block>
//       SIMRUN_DEVICE void run(Block& block, Shared&) const {
//         block.each_thread([&](unsigned t) {
//           for (std::uint64_t i = block.global(t); i < size; i += block.grid_threads()) x[i] = -x[i];
//         });
//       }
//     };
//
// What a block offers:
//
//     threads                      how many it has
//     number(), count()            which block this is, of how many
//     global(t), grid_threads()    number of a thread in the grid, threads of the grid
//     each_thread(f)               f(t) for every thread t, then a barrier
//     each_warp(f)                 f(warp) for every group of 32 threads, then a barrier; see below
//     once(f)                      f() on one thread, then a barrier
//     PerThread<T>                 a value of each thread, x[t]; lives from one phase to the next
//     exclusive_sum(x)             turns a PerThread<T> of unsigned integers into the sums of the threads before;
//                                  returns the total to all
//     last_to_arrive(counter)      true in the last block that calls it; it sees what all others wrote. Counter: 0
//                                  before and after
//     add, take_max, take_or(p, v) atomic, return the old value; the results that count must not depend on the order
//     put(p, v)                    stores v where other threads may store the same v at the same time
//     read_fresh(p)                the value as other blocks of this launch left it
//     read_once(p)                 the value; will not be needed again soon
//
// All threads of a block make the same calls in the same order; f may hold any code but calls of these with a barrier.
//
// A warp offers: number() in the block, thread(lane), each_lane(f), PerLane<T>, ballot(f) (bit l is set where f(l)),
// exclusive_sum(x), sum(x) and largest(x) of a PerLane<T>, the results known to all lanes. All lanes make the same
// calls. What a lane writes, the others see after the end of an each_lane, not after the other calls.
//
// A kernel may consist of steps, between which all blocks wait for each other: what they write in one, all see in the
// next. Then it has
//
//     static constexpr unsigned steps = 3;
//     needs(step)                  whether that step is run. It must be the same in all blocks: no step writes what
//                                  `needs` reads for it, or for steps right before it that are not run
//     run(block, shared, step)     what one block does in that step; `shared` holds nothing of the step before
//
// and is launched with no more blocks than run at once.

/// Threads that run in step.
inline constexpr unsigned warp_lanes = 32;

/// Four floats, moved at once.
struct alignas(16) Quad {
  float values[4];
};

/// Four words, moved at once.
struct alignas(16) WordQuad {
  std::uint32_t words[4];
};

SIMRUN_DEVICE inline std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// Orders floats by magnitude: larger |x|, larger key.
SIMRUN_DEVICE inline std::uint32_t key_of(float x) {
  return bits_of(x) & 0x7FFFFFFFU;
}

inline constexpr std::uint32_t least_non_finite_key = 0x7F800000U;
inline constexpr float largest_number = 0x1.FFFFFEp127F;

/// A kernel that consists of steps.
template <class Kernel>
concept Stepwise = requires {
  Kernel::steps;
};

template <class T>
SIMRUN_ANYWHERE constexpr T smaller(T a, T b) {
  return b < a ? b : a;
}

template <class T>
SIMRUN_ANYWHERE constexpr T larger(T a, T b) {
  return a < b ? b : a;
}

/// a / b, rounded up.
template <class T>
SIMRUN_ANYWHERE constexpr T divide_up(T a, T b) {
  return a / b + (a % b != 0);
}

/// Bits of `word` that are set. `lanes_below` and the like select some of them first.
SIMRUN_DEVICE inline unsigned count_bits(std::uint32_t word) {
#ifdef __CUDA_ARCH__
  return static_cast<unsigned>(__popc(word));
#else
  return static_cast<unsigned>(__builtin_popcount(word));
#endif
}

/// Lowest bit that is set; `word` is not 0.
SIMRUN_DEVICE inline unsigned lowest_bit(std::uint32_t word) {
#ifdef __CUDA_ARCH__
  return static_cast<unsigned>(__ffs(word)) - 1;
#else
  return static_cast<unsigned>(__builtin_ctz(word));
#endif
}

/// Bits that a number takes; 0 for 0.
SIMRUN_DEVICE inline unsigned bit_width(std::uint32_t word) {
#ifdef __CUDA_ARCH__
  return 32U - static_cast<unsigned>(__clz(word));
#else
  return word == 0 ? 0U : 32U - static_cast<unsigned>(__builtin_clz(word));
#endif
}

/// The lanes below `lane`, one bit each.
SIMRUN_DEVICE inline std::uint32_t lanes_below(unsigned lane) {
  return (1U << lane) - 1;
}

}  // namespace simrun::cuda
