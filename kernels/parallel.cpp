#include "kernels/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace simrun {
namespace {

/// Hands out the numbers below `count` in ascending order, until one of the calls fails. Every number below a failed
/// one was handed out before it, so the lowest failure does not depend on the threads.
class Dispenser {
 public:
  Dispenser(std::size_t count, const std::function<void(std::size_t)>& work) : count_(count), work_(work) {}

  void run() {
    while (!failed_.load(std::memory_order_relaxed)) {
      const std::size_t i = next_.fetch_add(1, std::memory_order_relaxed);
      if (i >= count_) return;
      try {
        work_(i);
      } catch (...) {
        keep(i, std::current_exception());
      }
    }
  }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void keep(std::size_t i, std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    if (error_ && error_at_ < i) return;
    error_ = std::move(error);
    error_at_ = i;
  }

  const std::size_t count_;
  const std::function<void(std::size_t)>& work_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  std::exception_ptr error_;
  std::size_t error_at_ = 0;
};

}  // namespace

void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work) {
  Dispenser dispenser(count, work);
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted = std::min<std::size_t>(count, std::max(threads, 1U));
    try {
      while (helpers.size() + 1 < wanted) helpers.emplace_back([&dispenser] { dispenser.run(); });
    } catch (const std::system_error&) {
      // The system gives no more threads: those that there are do all the work.
    }
    dispenser.run();
  }
  dispenser.rethrow();
}

void parallel_ranges(std::size_t size, unsigned threads, std::size_t align,
                     const std::function<void(std::size_t part, std::size_t begin, std::size_t end)>& work) {
  const std::size_t parts = std::max(threads, 1U);
  const std::size_t units = (size + align - 1) / align;
  const std::size_t step = (units + parts - 1) / parts * align;
  parallel_for(parts, threads, [&](std::size_t part) {
    const std::size_t begin = std::min(part * step, size);
    work(part, begin, std::min(begin + step, size));
  });
}

}  // namespace simrun
