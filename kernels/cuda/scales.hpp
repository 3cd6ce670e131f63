#pragma once

#include <cmath>

#include "kernels/cuda/elements.hpp"
#include "kernels/cuda/sum.hpp"
#include "kernels/fitted_threshold.hpp"

namespace simrun::cuda {

// Scales that codecs make of sums over all elements, found in one pass and left in the device's memory. Sums are added
// up in the order that Primitives::sum tells.

/// What the blocks of a launch have in common. All 0 before and after.
struct ScaleState {
  std::uint32_t arrivals;
  std::uint64_t largest;  ///< key of a magnitude
};

/// Totals of all elements.
struct ScaleTotals {
  double sums[3];
  float largest;
  std::uint64_t elements;
};

/// The mean magnitude.
struct MeanMagnitude {
  static constexpr const char* name = "mean_magnitude";
  static constexpr unsigned sums = 1;
  float* scale;

  SIMRUN_DEVICE static void add(float x, double* to) { to[0] += static_cast<double>(x < 0 ? -x : x); }
  SIMRUN_DEVICE void write(const ScaleTotals& totals) const {
    *scale = static_cast<float>(totals.sums[0] / static_cast<double>(totals.elements));
  }
};

/// The means of the negative elements and of the others, as Codec `two-means` has them.
struct MeansOfSigns {
  static constexpr const char* name = "means_of_signs";
  static constexpr unsigned sums = 3;
  float* means;

  /// The third counts, which in double is exact.
  SIMRUN_DEVICE static void add(float x, double* to) {
    const bool is_negative = x < 0;
    to[0] += is_negative ? static_cast<double>(-x) : 0.0;
    to[1] += is_negative ? 0.0 : static_cast<double>(x);
    to[2] += is_negative ? 1.0 : 0.0;
  }
  SIMRUN_DEVICE void write(const ScaleTotals& totals) const {
    means[0] = -mean(totals.sums[0], totals.sums[2]);
    means[1] = mean(totals.sums[1], static_cast<double>(totals.elements) - totals.sums[2]);
  }

 private:
  SIMRUN_DEVICE static float mean(double sum, double count) {
    return count == 0 ? 0.0F : static_cast<float>(sum / count);
  }
};

/// The largest magnitude, but no more than 2.5 times the root of the mean square, as Codec `terngrad` has it.
struct ClippedMagnitude {
  static constexpr const char* name = "clipped_magnitude";
  static constexpr unsigned sums = 1;
  float* scale;

  SIMRUN_DEVICE static void add(float x, double* to) { to[0] += static_cast<double>(x) * static_cast<double>(x); }
  SIMRUN_DEVICE void write(const ScaleTotals& totals) const {
    const double sigma = sqrt(totals.sums[0] / static_cast<double>(totals.elements));
    const float clipped = smaller(static_cast<float>(2.5 * sigma), totals.largest);
    *scale = smaller(clipped, largest_number);
  }
};

/// The threshold of the next stage, by the magnitudes that reach the one of this stage, as Codec `fitted-pairs` has it.
struct NextThreshold {
  static constexpr const char* name = "next_threshold";
  static constexpr unsigned sums = 2;
  const float* threshold;
  double factor;
  float* next;

  /// The second counts, which in double is exact.
  SIMRUN_DEVICE void add(float x, double* to) const {
    const float magnitude = x < 0 ? -x : x;
    const bool is_above = magnitude >= *threshold;
    to[0] += is_above ? static_cast<double>(magnitude) : 0.0;
    to[1] += is_above ? 1.0 : 0.0;
  }
  SIMRUN_DEVICE void write(const ScaleTotals& totals) const {
    *next = FittedThreshold::next(*threshold, totals.sums[0], totals.sums[1], factor);
  }
};

/// One pass over all elements; the last block to arrive adds up what the others left. Bytes as the elements say.
template <class Scales, class Elements>
struct FindScales {
  static constexpr const char* name = Scales::name;
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 3;
  static constexpr unsigned warps = threads / warp_lanes;
  struct Shared {
    double lanes[warps][Scales::sums][warp_lanes];
  };
  Elements from;
  std::uint64_t size;
  Scales scales;
  double* sums;  ///< sums_of(size) for each
  ScaleState* state;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    const std::uint64_t runs = divide_up<std::uint64_t>(size, values_a_run);
    block.each_warp([&](auto& warp) { sum_runs(block, warp, runs, shared.lanes[warp.number()]); });
    if (!block.last_to_arrive(&state->arrivals)) return;
    const std::uint64_t stride = runs_and_above(runs);
    double* level = sums;
    for (std::uint64_t count = runs; count > 1; count = divide_up<std::uint64_t>(count, values_a_run)) {
      block.each_warp([&](auto& warp) { sum_sums(block, warp, level, count, stride, shared.lanes[warp.number()][0]); });
      level += count;
    }
    block.once([&] {
      ScaleTotals totals{{}, 0, size};
      SIMRUN_UNROLL
      for (unsigned s = 0; s < Scales::sums; ++s) totals.sums[s] = block.read_fresh(level + s * stride);
      const auto key = static_cast<std::uint32_t>(block.read_fresh(&state->largest));
      memcpy(&totals.largest, &key, sizeof key);
      scales.write(totals);
      state->largest = 0;
    });
  }

 private:
  /// sums_of(size), which is for the host.
  SIMRUN_DEVICE static std::uint64_t runs_and_above(std::uint64_t runs) {
    std::uint64_t all = runs;
    for (std::uint64_t count = runs; count > 1; all += count) count = divide_up<std::uint64_t>(count, values_a_run);
    return all;
  }

  template <class Block, class Warp>
  SIMRUN_DEVICE void sum_runs(Block& block, Warp& warp, std::uint64_t runs, double (*lanes)[warp_lanes]) const {
    typename Warp::template PerLane<std::uint32_t> largest{};
    const std::uint64_t step = std::uint64_t{block.count()} * warps;
    const std::uint64_t stride = runs_and_above(runs);
    for (std::uint64_t i = std::uint64_t{block.number()} * warps + warp.number(); i < runs; i += step) {
      warp.each_lane([&](unsigned lane) {
        double own[Scales::sums] = {};
        for_lane(
            i * values_a_run + lane, smaller((i + 1) * values_a_run, size),
            [&](std::uint64_t at) { return from.read(block, at); },
            [&](std::uint64_t at, float value) {
              from.keep(at, value);
              largest[lane] = larger(largest[lane], key_of(value));
              scales.add(value, own);
            });
        SIMRUN_UNROLL
        for (unsigned s = 0; s < Scales::sums; ++s) lanes[s][lane] = own[s];
      });
      for (unsigned s = 0; s < Scales::sums; ++s) add_up_lanes(warp, lanes[s]);
      warp.each_lane([&](unsigned lane) {
        if (lane < Scales::sums) sums[lane * stride + i] = lanes[lane][0];
      });
    }
    const std::uint32_t most = warp.largest(largest);
    warp.each_lane([&](unsigned lane) {
      if (lane == 0 && most > 0) block.take_max(&state->largest, std::uint64_t{most});
    });
  }

  /// Of each kind of sum, `count` of one level to those of the next, which lie behind them.
  template <class Block, class Warp>
  SIMRUN_DEVICE void sum_sums(Block& block, Warp& warp, double* level, std::uint64_t count, std::uint64_t stride,
                              double* lanes) const {
    const std::uint64_t runs = divide_up<std::uint64_t>(count, values_a_run);
    for (std::uint64_t i = warp.number(); i < Scales::sums * runs; i += warps) {
      double* const first = level + i / runs * stride;
      warp.each_lane([&](unsigned lane) {
        double own = 0;
        const std::uint64_t begin = i % runs * values_a_run;
        for_lane(
            begin + lane, smaller(begin + values_a_run, count),
            [&](std::uint64_t at) { return block.read_fresh(first + at); },
            [&](std::uint64_t, double value) { own += value; });
        lanes[lane] = own;
      });
      add_up_lanes(warp, lanes);
      warp.each_lane([&](unsigned lane) {
        if (lane == 0) first[count + i % runs] = lanes[0];
      });
    }
  }
};

/// `sums`: Scales::sums times sums_of(size). `state`: 0 before and after.
template <class Machine, class Elements, class Scales>
void launch_find_scales(Machine& machine, const Elements& from, std::uint64_t size, const Scales& scales, double* sums,
                        ScaleState* state) {
  using Kernel = FindScales<Scales, Elements>;
  machine.launch(blocks_for<Kernel>(machine, size, Kernel::warps * values_a_run),
                 Kernel{from, size, scales, sums, state});
}

}  // namespace simrun::cuda
