#include <cub/version.cuh>

#include "kernels/cuda/cuda_bench.hpp"
#include "kernels/cuda/cuda_machine.cuh"
#include "kernels/cuda/operations.hpp"

namespace simrun {
namespace {

using cuda::check;
using cuda::CudaMachine;

/// Reads a buffer, so that the cache holds nothing else and has nothing to write back. 4 bytes an element.
struct ReadThrough {
  static constexpr const char* name = "read_through";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  const std::uint32_t* words;
  std::uint64_t size;
  std::uint32_t* never_written;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      std::uint32_t sum = 0;
      for (std::uint64_t i = block.global(t); i < size; i += block.grid_threads()) sum += words[i];
      if (sum == 0xFFFFFFFFU) *never_written = sum;  // all words are 0
    });
  }
};

/// Counts the cycles of one multiprocessor for a while. A kernel of its own: it waits for a clock.
__global__ void count_cycles(std::uint64_t nanoseconds, std::uint64_t* cycles_and_time) {
  const auto now = [] {
    std::uint64_t time;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(time));
    return time;
  };
  const std::uint64_t begin = now();
  const long long first = clock64();
  while (now() - begin < nanoseconds) {
  }
  cycles_and_time[0] = static_cast<std::uint64_t>(clock64() - first);
  cycles_and_time[1] = now() - begin;
}

class Event {
 public:
  Event() { check(cudaEventCreate(&event_), "cudaEventCreate"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }

  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "cudaEventRecord"); }

  /// Seconds since an earlier event, once both have happened.
  double since(const Event& earlier) const {
    check(cudaEventSynchronize(event_), "waiting for the device");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, earlier.event_, event_), "cudaEventElapsedTime");
    return milliseconds * 1e-3;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// What was queued on a stream, to be launched at once.
class Graph {
 public:
  template <class Queue>
  Graph(cudaStream_t stream, const Queue& queue) {
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    cudaGraph_t graph = nullptr;
    try {
      queue();
    } catch (...) {
      cudaStreamEndCapture(stream, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      cudaGetLastError();
      throw;
    }
    check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
    const cudaError_t status = cudaGraphInstantiate(&graph_, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "cudaGraphInstantiate");
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph() { cudaGraphExecDestroy(graph_); }

  void launch(cudaStream_t stream) const { check(cudaGraphLaunch(graph_, stream), "cudaGraphLaunch"); }

 private:
  cudaGraphExec_t graph_ = nullptr;
};

/// An operation whose run is a graph.
class GraphOperation final : public Operation {
 public:
  GraphOperation(CudaMachine& machine, std::unique_ptr<Operation> inner)
      : machine_(machine), inner_(std::move(inner)), graph_(machine.stream(), [&] { inner_->run(); }) {}

  void reset() override { inner_->reset(); }
  void run() override { graph_.launch(machine_.stream()); }
  OperationResult result() const override { return inner_->result(); }

 private:
  CudaMachine& machine_;
  std::unique_ptr<Operation> inner_;
  Graph graph_;
};

int attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute");
  return value;
}

/// "13.0" of 13000, the way in which CUDA writes versions.
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

class Bench final : public CudaBench {
 public:
  explicit Bench(int number)
      : device_(number),
        machine_(number),
        flush_words_(4 * static_cast<std::size_t>(attribute(cudaDevAttrL2CacheSize, number)) / sizeof(std::uint32_t)),
        zeros_(flush_words_),
        never_written_(1),
        cycles_(2) {
    machine_.clear(zeros_.data(), flush_words_ * sizeof(std::uint32_t));
    machine_.wait();
  }

  std::unique_ptr<Operation> prepare(const OperationCase& work) override {
    return std::make_unique<GraphOperation>(machine_, cuda::make_operation(machine_, work));
  }

  double time(Operation& operation) override {
    operation.reset();
    flush();
    return time_queued([&] { operation.run(); });
  }

  double time_copy(std::uint64_t bytes) override {
    const CudaMachine::Buffer<std::byte> from(bytes);
    CudaMachine::Buffer<std::byte> to(bytes);
    const auto copy = [&] { machine_.copy(to.data(), from.data(), bytes); };
    copy();
    return time_queued(copy);
  }

  std::uint64_t free_memory() const override { return memory().free; }

  std::vector<std::pair<std::string, std::string>> conditions() override {
    const auto of = [&](cudaDeviceAttr which) { return attribute(which, device_); };
    int driver = 0;
    int runtime = 0;
    check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
    check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
    return {
        {"compute capability", std::to_string(of(cudaDevAttrComputeCapabilityMajor)) + "." +
                                   std::to_string(of(cudaDevAttrComputeCapabilityMinor))},
        {"multiprocessors", std::to_string(of(cudaDevAttrMultiProcessorCount))},
        {"L2 cache", std::to_string(of(cudaDevAttrL2CacheSize)) + " B"},
        {"memory", std::to_string(memory().total) + " B"},
        {"ECC", of(cudaDevAttrEccEnabled) != 0 ? "on" : "off"},
        {"clock, nominal", std::to_string(of(cudaDevAttrClockRate) / 1000) + " MHz"},
        {"clock, seen", std::to_string(clock_seen()) + " MHz"},
        {"CUDA driver", version_text(driver)},
        {"CUDA runtime", version_text(runtime)},
        {"CCCL", std::to_string(CUB_MAJOR_VERSION) + "." + std::to_string(CUB_MINOR_VERSION) + "." +
                     std::to_string(CUB_SUBMINOR_VERSION)},
    };
  }

 private:
  struct Memory {
    std::size_t free;
    std::size_t total;
  };

  static Memory memory() {
    Memory memory{};
    check(cudaMemGetInfo(&memory.free, &memory.total), "cudaMemGetInfo");
    return memory;
  }

  /// Reads four times the cache's size. What is read is not dirty, so that the operation does not pay for writing back
  /// what came before it.
  void flush() {
    machine_.launch(machine_.resident_blocks(ReadThrough::residency),
                    ReadThrough{zeros_.data(), flush_words_, never_written_.data()});
  }

  template <class Queue>
  double time_queued(const Queue& queue) {
    begin_.record(machine_.stream());
    queue();
    end_.record(machine_.stream());
    return end_.since(begin_);
  }

  /// In MHz, of a multiprocessor that is busy.
  std::uint64_t clock_seen() {
    count_cycles<<<1, 1, 0, machine_.stream()>>>(1'000'000, cycles_.data());
    check(cudaGetLastError(), "the launch of count_cycles");
    std::uint64_t seen[2];
    machine_.download(std::span<std::uint64_t>(seen), cycles_.data());
    return seen[0] * 1000 / seen[1];
  }

  int device_;
  CudaMachine machine_;
  std::size_t flush_words_;
  CudaMachine::Buffer<std::uint32_t> zeros_;
  CudaMachine::Buffer<std::uint32_t> never_written_;
  CudaMachine::Buffer<std::uint64_t> cycles_;
  Event begin_;
  Event end_;
};

}  // namespace

std::unique_ptr<CudaBench> make_cuda_bench(const CudaDevice& device) {
  return std::make_unique<Bench>(device.number);
}

}  // namespace simrun
