#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <typeinfo>
#include <vector>

#include "kernels/cuda/block.hpp"
#include "kernels/cuda/host_memory.hpp"
#include "tests/races/threads.hpp"

namespace simrun::cuda {

/// The calling thread as a lane of a warp; see block.hpp. As on a GPU, each_lane orders memory and the others do not.
class ThreadedWarp {
 public:
  /// The value of the lane that runs.
  template <class T>
  class PerLane {
   public:
    T& operator[](unsigned) { return value_; }
    const T& operator[](unsigned) const { return value_; }

   private:
    T value_;
  };

  using Place = std::source_location;

  ThreadedWarp(Meetings& meetings, unsigned thread) : meetings_(meetings), thread_(thread) {}

  unsigned number() const { return thread_ / warp_lanes; }
  unsigned thread(unsigned) const { return thread_; }

  template <class Work>
  void each_lane(const Work& work, const Place& place = Place::current()) const {
    work(lane());
    meetings_.meet_warp(thread_, {"each_lane", place}, Orders::memory);
  }

  template <class Predicate>
  std::uint32_t ballot(const Predicate& predicate, const Place& place = Place::current()) const {
    const auto votes = meet({"ballot", place}, predicate(lane()) ? 1 : 0);
    std::uint32_t word = 0;
    for (unsigned l = 0; l < warp_lanes; ++l) word |= static_cast<std::uint32_t>(votes[l]) << l;
    return word;
  }

  template <class T>
  T exclusive_sum(PerLane<T>& values, const Place& place = Place::current()) const {
    const auto all = meet({"exclusive_sum", place}, values[0]);
    values[0] = static_cast<T>(std::accumulate(all.begin(), all.begin() + lane(), std::uint64_t{0}));
    return static_cast<T>(std::accumulate(all.begin(), all.end(), std::uint64_t{0}));
  }

  template <class T>
  T sum(const PerLane<T>& values, const Place& place = Place::current()) const {
    const auto all = meet({"sum", place}, values[0]);
    return static_cast<T>(std::accumulate(all.begin(), all.end(), std::uint64_t{0}));
  }

  template <class T>
  T largest(const PerLane<T>& values, const Place& place = Place::current()) const {
    const auto all = meet({"largest", place}, values[0]);
    return static_cast<T>(*std::max_element(all.begin(), all.end()));
  }

 private:
  unsigned lane() const { return thread_ % warp_lanes; }

  std::span<const std::uint64_t> meet(const Call& call, std::uint64_t value) const {
    return meetings_.meet_warp(thread_, call, Orders::nothing, value);
  }

  Meetings& meetings_;
  unsigned thread_;
};

/// The calling thread as one of a block; see block.hpp. What threads of a phase do is not ordered, as on a GPU.
template <unsigned Threads>
class ThreadedBlock : public HostAtomics {
 public:
  static constexpr unsigned threads = Threads;

  /// The value of the thread that runs.
  template <class T>
  class PerThread {
   public:
    T& operator[](unsigned) { return value_; }
    const T& operator[](unsigned) const { return value_; }

   private:
    T value_;
  };

  using Place = std::source_location;

  ThreadedBlock(Meetings& meetings, unsigned thread, unsigned number, unsigned count)
      : meetings_(meetings), thread_(thread), number_(number), count_(count) {}

  unsigned number() const { return number_; }
  unsigned count() const { return count_; }
  std::uint64_t global(unsigned t) const { return std::uint64_t{number_} * Threads + t; }
  std::uint64_t grid_threads() const { return std::uint64_t{count_} * Threads; }

  template <class Work>
  void each_thread(const Work& work, const Place& place = Place::current()) const {
    work(thread_);
    meetings_.meet_block(thread_, {"each_thread", place});
  }

  template <class Work>
  void each_warp(const Work& work, const Place& place = Place::current()) const {
    ThreadedWarp warp(meetings_, thread_);
    work(warp);
    meetings_.meet_block(thread_, {"each_warp", place});
  }

  template <class Work>
  void once(const Work& work, const Place& place = Place::current()) const {
    if (thread_ == 0) work();
    meetings_.meet_block(thread_, {"once", place});
  }

  template <class T>
  T exclusive_sum(PerThread<T>& values, const Place& place = Place::current()) const {
    const auto all = meetings_.meet_block(thread_, {"exclusive_sum", place}, values[0]);
    values[0] = static_cast<T>(std::accumulate(all.begin(), all.begin() + thread_, std::uint64_t{0}));
    return static_cast<T>(std::accumulate(all.begin(), all.end(), std::uint64_t{0}));
  }

  bool last_to_arrive(std::uint32_t* counter, const Place& place = Place::current()) const {
    meetings_.meet_block(thread_, {"last_to_arrive", place});
    const bool last = thread_ == 0 && is_last(*counter);
    return meetings_.meet_block(thread_, {"last_to_arrive", place}, last ? 1 : 0).front() != 0;
  }

 private:
  /// Only the last block sees what the others wrote.
  bool is_last(std::uint32_t& counter) const {
    const std::atomic_ref<std::uint32_t> arrivals(counter);
    if (arrivals.fetch_add(1, std::memory_order_release) + 1 < count_) return false;
    arrivals.load(std::memory_order_acquire);
    arrivals.store(0, std::memory_order_relaxed);
    return true;
  }

  Meetings& meetings_;
  unsigned thread_;
  unsigned number_;
  unsigned count_;
};

/// Runs kernels with every thread a thread to ThreadSanitizer: finds races between threads of a phase and between
/// blocks, barriers that are missing, and calls that not all threads make. launch() throws KernelFault for each. Steps
/// of a kernel come one after another, as launches do. It does not find a plain read where read_fresh is due.
class ThreadedMachine : public HostMemory {
 public:
  explicit ThreadedMachine(unsigned seed = 1) : random_(seed) {}

  /// Few, so that little work gives every block several turns.
  unsigned resident_blocks(unsigned) const { return 3; }

  template <class Kernel>
  void launch(unsigned blocks, const Kernel& kernel) {
    launched_kernels().insert(typeid(Kernel).name());
    if constexpr (Stepwise<Kernel>) {
      for (unsigned step = 0; step < Kernel::steps; ++step) {
        if (!kernel.needs(step)) continue;
        run_blocks<Kernel>(blocks, [&](auto& block, auto& shared) { kernel.run(block, shared, step); });
      }
    } else {
      run_blocks<Kernel>(blocks, [&](auto& block, auto& shared) { kernel.run(block, shared); });
    }
  }

 private:
  /// Blocks that run side by side. One that takes the place of another counts as ordered after it.
  static constexpr unsigned crews_at_once = 2;

  template <class Kernel, class Work>
  void run_blocks(unsigned blocks, const Work& work) {
    const unsigned crews = smaller(blocks, crews_at_once);
    std::vector<unsigned> order(blocks);
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), random_);
    const auto shared = std::make_unique<typename Kernel::Shared[]>(crews);
    run_threads(crews, Kernel::threads, static_cast<unsigned>(random_()), Kernel::name,
                [&](unsigned crew, Meetings& meetings, unsigned thread) {
                  for (unsigned turn = crew; turn < blocks; turn += crews) {
                    run_block<Kernel>(work, shared[crew], meetings, thread, order[turn], blocks);
                  }
                });
  }

  template <class Kernel, class Work>
  static void run_block(const Work& work, typename Kernel::Shared& shared, Meetings& meetings, unsigned thread,
                        unsigned number, unsigned count) {
    if (thread == 0) std::memset(static_cast<void*>(&shared), 0xA5, sizeof shared);
    meetings.meet_block(thread, {"begin", std::source_location::current()});
    ThreadedBlock<Kernel::threads> block(meetings, thread, number, count);
    work(block, shared);
    meetings.meet_block(thread, {"return", std::source_location::current()});
  }

  std::mt19937 random_;
};

}  // namespace simrun::cuda
