// Measures the kernels on a GPU.

#include <algorithm>
#include <bit>
#include <thread>

#include "kernels/cuda/cuda_bench.hpp"
#include "sim/calibration/calibration_case.hpp"
#include "sim/calibration/calibration_target.hpp"
#include "sim/calibration/codec_case.hpp"
#include "sim/devices/device_profile.hpp"

namespace simrun {
namespace {

/// Calls of CUDA that fail are mistakes of the calibration.
template <class Work>
auto guarded(const Work& work) {
  try {
    return work();
  } catch (const CudaError& error) {
    throw CalibrationError(error.what());
  }
}

class CudaPrepared final : public PreparedOperation {
 public:
  CudaPrepared(OperationCase work, CudaBench& bench)
      : work_(std::move(work)), bench_(bench), operation_(bench.prepare(work_)) {}

  Seconds run() override {
    return guarded([&] { return Seconds(bench_.time(*operation_)); });
  }

  std::uint64_t check() override {
    return guarded([&] {
      const OperationResult result = operation_->result();
      if (!agrees(work_, result)) throw CalibrationError("the result differs from that of the CPU back end");
      return result.size_in_bytes();
    });
  }

 private:
  OperationCase work_;
  CudaBench& bench_;
  std::unique_ptr<Operation> operation_;
};

class CudaTarget final : public CalibrationTarget {
 public:
  CudaTarget(const CudaDevice& device, std::optional<std::uint64_t> most_elements, Precision precision)
      : device_(device),
        precision_(precision),
        bench_(make_cuda_bench(device)),
        most_elements_(std::min(most_elements.value_or(std::uint64_t{1} << 29), room_for(bench_->free_memory()))),
        data_(most_elements_, all_threads(), all_threads(), precision) {}

  DeviceFacts facts() const override {
    return guarded([&] {
      return DeviceFacts{
          .name = with_precision(profile_name(device_.name), precision_),
          .device = device_.name,
          .uuid = device_.uuid,
          .software = "compiler " __VERSION__,
          .timer =
              "CUDA events around one launch of a graph of all kernels; copies between host and device not "
              "included",
          .caches =
              "before each run memory of four times the L2 cache is read: it holds none of the operation's data, and "
              "nothing that would have to be written back",
          .conditions = bench_->conditions(),
          .precision = precision_,
          .model = model()};
    });
  }

  std::uint64_t most_elements() const override { return most_elements_; }

  BytesPerSecond copy_bandwidth() override {
    constexpr std::uint64_t bytes = std::uint64_t{1} << 30;
    return guarded([&] { return BytesPerSecond(2 * static_cast<double>(bytes) / bench_->time_copy(bytes)); });
  }

  std::unique_ptr<PreparedOperation> prepare(const OperationEntry& operation, std::span<const double> place) override {
    return guarded([&]() -> std::unique_ptr<PreparedOperation> {
      return std::make_unique<CudaPrepared>(data_.make_case(operation, place), *bench_);
    });
  }

 private:
  /// On an H200 streaming kernels reached 1.0 to 1.1 of a copy's bandwidth.
  KernelModel model() const {
    if (device_.multiprocessors <= 0 || device_.clock_khz <= 0) return {};
    return {.share = {0.8, 1, 1},
            .multiprocessors = Multiprocessors{static_cast<double>(device_.multiprocessors), 1e3 * device_.clock_khz}};
  }

  static unsigned all_threads() { return std::max(1U, std::thread::hardware_concurrency()); }

  /// So many that the largest case, with all its copies, has room on the GPU and here.
  static std::uint64_t room_for(std::uint64_t free_memory) {
    constexpr std::uint64_t most_bytes_an_element = 48;
    return std::min(std::bit_floor(free_memory / most_bytes_an_element), CalibrationData::most_elements_here());
  }

  CudaDevice device_;
  Precision precision_;
  std::unique_ptr<CudaBench> bench_;
  std::uint64_t most_elements_;
  CalibrationData data_;
};

}  // namespace

std::unique_ptr<CalibrationTarget> make_cuda_calibration_target(const CudaDevice& device,
                                                                std::optional<std::uint64_t> most_elements,
                                                                Precision precision) {
  return guarded([&]() -> std::unique_ptr<CalibrationTarget> {
    return std::make_unique<CudaTarget>(device, most_elements, precision);
  });
}

}  // namespace simrun
