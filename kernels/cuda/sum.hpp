#pragma once

#include "kernels/cuda/sharing.hpp"
#include "kernels/primitives.hpp"

namespace simrun::cuda {

/// Values that are added up to one sum.
inline constexpr unsigned values_a_run = 1024;

/// Adds the upper half of the lanes' values to the lower one until one is left, lanes[0].
template <class Warp, class T>
SIMRUN_DEVICE void add_up_lanes(Warp& warp, T* lanes) {
  for (unsigned half = warp_lanes / 2; half > 0; half /= 2) {
    warp.each_lane([&](unsigned lane) {
      if (lane < half) lanes[lane] += lanes[lane + half];
    });
  }
}

/// What a lane does with its items: use(i, read(i)) for i = first, first + 32, ... below `end`. Several are read at a
/// time.
template <class Read, class Use>
SIMRUN_DEVICE void for_lane(std::uint64_t first, std::uint64_t end, const Read& read, const Use& use) {
  constexpr unsigned in_flight = 8;
  for (; first < end; first += in_flight * warp_lanes) {
    decltype(read(first)) items[in_flight] = {};
    SIMRUN_UNROLL
    for (unsigned i = 0; i < in_flight; ++i) {
      if (first + i * warp_lanes < end) items[i] = read(first + i * warp_lanes);
    }
    SIMRUN_UNROLL
    for (unsigned i = 0; i < in_flight; ++i) {
      if (first + i * warp_lanes < end) use(first + i * warp_lanes, items[i]);
    }
  }
}

/// A term of each value.
struct TermOf {
  Term term;

  template <class T>
  SIMRUN_DEVICE double operator()(T x) const {
    const auto value = static_cast<double>(x);
    switch (term) {
      case Term::square:
        return value * value;
      case Term::negative:
        return value < 0 ? -value : 0.0;
      case Term::positive:
        return value > 0 ? value : 0.0;
      case Term::magnitude:
        break;
    }
    return value < 0 ? -value : value;
  }
};

/// The magnitude of each value for which that is at least a threshold.
struct MagnitudeFrom {
  float threshold;

  SIMRUN_DEVICE double operator()(float x) const {
    const float magnitude = x < 0 ? -x : x;
    return static_cast<double>(magnitude < threshold ? 0.0F : magnitude);
  }
};

/// The sum of a term of every 1024 values, in the order that Primitives::sum tells. A warp adds up a run,
/// without the sum() of warps, which may add in any order. Reads sizeof(T) bytes a value.
template <class T, class Terms>
struct SumTerms {
  static constexpr const char* name = "sum_terms";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  static constexpr unsigned warps = threads / warp_lanes;
  struct Shared {
    double lanes[warps][warp_lanes];
  };
  Terms term_of;
  const T* values;
  std::uint64_t size;
  double* sums;  ///< one a run

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    block.each_warp([&](auto& warp) {
      double* const lanes = shared.lanes[warp.number()];
      const std::uint64_t runs = divide_up<std::uint64_t>(size, values_a_run);
      const std::uint64_t step = std::uint64_t{block.count()} * warps;
      for (std::uint64_t i = std::uint64_t{block.number()} * warps + warp.number(); i < runs; i += step) {
        warp.each_lane([&](unsigned lane) { lanes[lane] = sum_of_lane(block, i, lane); });
        add_up_lanes(warp, lanes);
        warp.each_lane([&](unsigned lane) {
          if (lane == 0) sums[i] = lanes[0];
        });
      }
    });
  }

 private:
  template <class Block>
  SIMRUN_DEVICE double sum_of_lane(Block& block, std::uint64_t run, unsigned lane) const {
    double sum = 0;
    for_lane(
        run * values_a_run + lane, smaller((run + 1) * values_a_run, size),
        [&](std::uint64_t i) { return block.read_once(values + i); },
        [&](std::uint64_t, T value) { sum += term_of(value); });
    return sum;
  }
};

/// Sums that launch_sum has room for: one for each run of `size` values, then for each run of those, down to one.
inline std::uint64_t sums_of(std::uint64_t size) {
  std::uint64_t all = 0;
  for (std::uint64_t count = size; count > 1 || all == 0; all += count)
    count = divide_up<std::uint64_t>(count, values_a_run);
  return all;
}

/// Adds up a term of `size` values, at least one; the last of `sums`, sums_of(size) of them, is the
/// result.
template <class Machine, class Terms>
void launch_sum(Machine& machine, const Terms& term_of, const float* x, std::uint64_t size, double* sums) {
  const auto launch = [&](auto kernel) {
    using Kernel = decltype(kernel);
    machine.launch(blocks_for<Kernel>(machine, kernel.size, Kernel::warps * values_a_run), kernel);
    return divide_up<std::uint64_t>(kernel.size, values_a_run);
  };
  std::uint64_t count = launch(SumTerms<float, Terms>{term_of, x, size, sums});
  while (count > 1) {
    double* const next = sums + count;
    count = launch(SumTerms<double, TermOf>{{Term::magnitude}, sums, count, next});
    sums = next;
  }
}

}  // namespace simrun::cuda
