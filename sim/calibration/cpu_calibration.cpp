// Measures the CPU back end on this machine's processor.

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

#include "kernels/parallel.hpp"
#include "sim/calibration/calibration_case.hpp"
#include "sim/calibration/calibration_target.hpp"
#include "sim/calibration/codec_case.hpp"
#include "sim/calibration/cpu_operation.hpp"
#include "sim/system/processor.hpp"

namespace simrun {
namespace {

using Clock = std::chrono::steady_clock;

Seconds since(Clock::time_point begin) {
  return Seconds(std::chrono::duration<double>(Clock::now() - begin).count());
}

/// Two buffers, each of four times the last-level caches.
class Caches {
 public:
  explicit Caches(unsigned threads)
      : threads_(threads), from_(4 * last_level_caches() / sizeof(std::uint64_t), 1), to_(from_.size()) {}

  std::size_t bytes() const { return from_.size() * sizeof(std::uint64_t); }

  /// Reads one of the buffers, on all cores: whatever else a cache held is gone, and nothing is left to write back.
  void flush() {
    std::vector<std::uint64_t> sums(threads_);
    parallel_ranges(from_.size(), threads_, 64, [&](std::size_t part, std::size_t begin, std::size_t end) {
      std::uint64_t sum = 0;
      for (std::size_t i = begin; i < end; ++i) sum += from_[i];
      sums[part] = sum;
    });
    // Used, so that the compiler leaves the loop in.
    for (const std::uint64_t sum : sums) to_.front() += sum;
  }

  Seconds copy() {
    const Clock::time_point begin = Clock::now();
    parallel_ranges(from_.size(), threads_, 64, [&](std::size_t, std::size_t first, std::size_t end) {
      std::memcpy(&to_[first], &from_[first], (end - first) * sizeof(std::uint64_t));
    });
    return since(begin);
  }

 private:
  unsigned threads_;
  std::vector<std::uint64_t> from_;
  std::vector<std::uint64_t> to_;
};

class CpuPrepared final : public PreparedOperation {
 public:
  CpuPrepared(OperationCase work, Caches& caches, unsigned threads)
      : work_(std::move(work)), caches_(caches), operation_(make_cpu_operation(work_, threads)) {}

  Seconds run() override {
    operation_->reset();
    caches_.flush();
    const Clock::time_point begin = Clock::now();
    operation_->run();
    return since(begin);
  }

  std::uint64_t check() override {
    const OperationResult result = operation_->result();
    if (!agrees(work_, result)) throw CalibrationError("the result differs from that of one thread");
    return result.size_in_bytes();
  }

 private:
  OperationCase work_;
  Caches& caches_;
  std::unique_ptr<Operation> operation_;
};

class CpuTarget final : public CalibrationTarget {
 public:
  explicit CpuTarget(std::optional<std::uint64_t> most_elements)
      : threads_(std::max(1U, std::thread::hardware_concurrency())),
        most_elements_(std::min(most_elements.value_or(std::uint64_t{1} << 25), CalibrationData::most_elements_here())),
        caches_(threads_),
        // On one thread, since what is compared with it has run on all of them.
        data_(most_elements_, threads_, 1) {}

  DeviceFacts facts() const override {
    return {.name = "cpu",
            .device = this_processor(),
            .uuid = {},
            .software = "compiler " __VERSION__,
            .timer = "std::chrono::steady_clock around one run; starting threads and allocating the result included",
            .caches = "before each run " + std::to_string(caches_.bytes() >> 20) +
                      " MiB are read by all threads, four times the last-level caches: they hold none of the "
                      "operation's data, and nothing that would have to be written back",
            .conditions = {{"threads", std::to_string(threads_)}}};
  }

  std::uint64_t most_elements() const override { return most_elements_; }

  BytesPerSecond copy_bandwidth() override {
    return BytesPerSecond(2 * static_cast<double>(caches_.bytes()) / caches_.copy().value);
  }

  std::unique_ptr<PreparedOperation> prepare(const OperationEntry& operation, std::span<const double> place) override {
    return std::make_unique<CpuPrepared>(data_.make_case(operation, place), caches_, threads_);
  }

 private:
  unsigned threads_;
  std::uint64_t most_elements_;
  Caches caches_;
  CalibrationData data_;
};

}  // namespace

std::unique_ptr<CalibrationTarget> make_cpu_calibration_target(std::optional<std::uint64_t> most_elements) {
  return std::make_unique<CpuTarget>(most_elements);
}

}  // namespace simrun
