#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/cuda/block.hpp"
#include "kernels/cuda/host_memory.hpp"
#include "kernels/parallel.hpp"

namespace simrun::cuda {

/// 32 threads of a HostBlock, one after another.
class HostWarp {
 public:
  template <class T>
  using PerLane = std::array<T, warp_lanes>;

  explicit HostWarp(unsigned number) : number_(number) {}

  unsigned number() const { return number_; }
  unsigned thread(unsigned lane) const { return number_ * warp_lanes + lane; }

  template <class Work>
  void each_lane(const Work& work) const {
    for (unsigned lane = 0; lane < warp_lanes; ++lane) work(lane);
  }

  template <class Predicate>
  std::uint32_t ballot(const Predicate& predicate) const {
    std::uint32_t word = 0;
    for (unsigned lane = 0; lane < warp_lanes; ++lane) word |= std::uint32_t{predicate(lane)} << lane;
    return word;
  }

  template <class T>
  T exclusive_sum(PerLane<T>& values) const {
    T total{};
    for (T& value : values) total += std::exchange(value, total);
    return total;
  }

  template <class T>
  T sum(const PerLane<T>& values) const {
    return std::accumulate(values.begin(), values.end(), T{});
  }

  template <class T>
  T largest(const PerLane<T>& values) const {
    return *std::max_element(values.begin(), values.end());
  }

 private:
  unsigned number_;
};

/// A block of threads on the processor: every phase runs its threads one after another. The threads of a phase may not
/// depend on each other's writes, which is what a barrier between phases means; so that a dependence shows, some phases
/// run from the last thread to the first.
template <unsigned Threads>
class HostBlock : public HostAtomics {
 public:
  static constexpr unsigned threads = Threads;

  template <class T>
  class PerThread {
   public:
    T& operator[](unsigned t) { return values_[t]; }
    const T& operator[](unsigned t) const { return values_[t]; }

   private:
    std::vector<T> values_ = std::vector<T>(Threads);
  };

  HostBlock(unsigned number, unsigned count, std::uint32_t seed) : number_(number), count_(count), random_(seed) {}

  unsigned number() const { return number_; }
  unsigned count() const { return count_; }
  std::uint64_t global(unsigned t) const { return std::uint64_t{number_} * Threads + t; }
  std::uint64_t grid_threads() const { return std::uint64_t{count_} * Threads; }

  template <class Work>
  void each_thread(const Work& work) {
    in_some_order(Threads, work);
  }

  template <class Work>
  void each_warp(const Work& work) {
    in_some_order(Threads / warp_lanes, [&](unsigned w) {
      HostWarp warp(w);
      work(warp);
    });
  }

  template <class Work>
  void once(const Work& work) const {
    work();
  }

  template <class T>
  T exclusive_sum(PerThread<T>& values) const {
    T total{};
    for (unsigned t = 0; t < Threads; ++t) total += std::exchange(values[t], total);
    return total;
  }

  bool last_to_arrive(std::uint32_t* counter) const {
    const std::atomic_ref<std::uint32_t> arrivals(*counter);
    if (arrivals.fetch_add(1, std::memory_order_acq_rel) + 1 < count_) return false;
    arrivals.store(0, std::memory_order_relaxed);
    return true;
  }

 private:
  template <class Work>
  void in_some_order(unsigned count, const Work& work) {
    const bool backwards = (random_() & 1U) != 0;
    for (unsigned i = 0; i < count; ++i) work(backwards ? count - 1 - i : i);
  }

  unsigned number_;
  unsigned count_;
  std::minstd_rand random_;
};

/// Runs kernels on the processor: each launch, or step, runs its blocks in an order drawn at random, on `threads`
/// threads, with memory that they share filled with anything.
class HostMachine : public HostMemory {
 public:
  explicit HostMachine(unsigned threads = 1, unsigned seed = 1) : threads_(threads), random_(seed) {}

  /// Blocks that run at once, if a multiprocessor holds `residency` of them.
  unsigned resident_blocks(unsigned residency) const { return 3 * residency; }

  /// Kernels and clearings of memory so far.
  std::uint64_t launches() const { return launches_; }

  /// How often all blocks of a kernel waited for each other between two steps.
  std::uint64_t waits() const { return waits_; }

  void clear(void* at, std::size_t bytes) {
    ++launches_;
    HostMemory::clear(at, bytes);
  }

  /// Throws std::invalid_argument where a kernel of several steps has more blocks than run at once.
  template <class Kernel>
  void launch(unsigned blocks, const Kernel& kernel) {
    ++launches_;
    if constexpr (Stepwise<Kernel>) {
      if (blocks > resident_blocks(Kernel::residency)) throw std::invalid_argument("more blocks than run at once");
      bool is_first = true;
      for (unsigned step = 0; step < Kernel::steps; ++step) {
        if (!kernel.needs(step)) continue;
        if (!std::exchange(is_first, false)) ++waits_;
        run_blocks<Kernel>(blocks, [&](auto& block, auto& shared) { kernel.run(block, shared, step); });
      }
    } else {
      run_blocks<Kernel>(blocks, [&](auto& block, auto& shared) { kernel.run(block, shared); });
    }
  }

 private:
  template <class Kernel, class Work>
  void run_blocks(unsigned blocks, const Work& work) {
    std::vector<unsigned> order(blocks);
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), random_);
    const auto seed = static_cast<std::uint32_t>(random_());
    parallel_for(blocks, threads_, [&](std::size_t i) {
      const auto shared = std::make_unique<typename Kernel::Shared>();
      std::memset(static_cast<void*>(shared.get()), 0xA5, sizeof(typename Kernel::Shared));
      HostBlock<Kernel::threads> block(order[i], blocks, seed + order[i]);
      work(block, *shared);
    });
  }

  unsigned threads_;
  std::mt19937 random_;
  std::uint64_t launches_ = 0;
  std::uint64_t waits_ = 0;
};

}  // namespace simrun::cuda
