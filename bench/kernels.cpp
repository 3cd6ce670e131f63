// Times of the primitives on this processor, beside the limit that its memory sets and beside std::nth_element.
// Every case reads data that no cache holds. The last lines are ratios within this run.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "kernels/finite.hpp"
#include "kernels/parallel.hpp"
#include "kernels/primitives.hpp"

namespace {

using namespace simrun;

constexpr std::size_t elements = 25'600'000;  // parameters of ResNet-50
constexpr std::size_t kept = 25'600;          // density 0.001
constexpr std::size_t voters = 32;

/// Laplace values, which gradients resemble.
std::vector<float> laplace(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::exponential_distribution<float> magnitude;
  std::vector<float> x(count);
  for (float& value : x) value = (random() & 1U) != 0 ? magnitude(random) : -magnitude(random);
  return x;
}

const std::vector<float>& gradient() {
  static const std::vector<float> x = laplace(elements, 1);
  return x;
}

std::unique_ptr<const Primitives> cpu(const benchmark::State& state) {
  return make_cpu_primitives(static_cast<unsigned>(state.range(0)));
}

void set_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

/// What can be read from memory a second: a sum, which the compiler vectorises.
void read_memory(benchmark::State& state) {
  const auto& x = gradient();
  for (auto _ : state) {
    parallel_ranges(x.size(), static_cast<unsigned>(state.range(0)), 64, [&](std::size_t, auto begin, auto end) {
      std::uint32_t sum = 0;
      for (std::size_t i = begin; i < end; ++i) sum += std::bit_cast<std::uint32_t>(x[i]);
      benchmark::DoNotOptimize(sum);
    });
  }
  set_bytes(state, elements * sizeof(float));
}

void nth_element(benchmark::State& state) {
  const auto& x = gradient();
  std::vector<std::uint32_t> order(elements);
  for (auto _ : state) {
    std::iota(order.begin(), order.end(), 0U);
    std::nth_element(order.begin(), order.begin() + kept, order.end(), [&](std::uint32_t a, std::uint32_t b) {
      const auto key_a = magnitude_key(x[a]);
      const auto key_b = magnitude_key(x[b]);
      return key_a != key_b ? key_a > key_b : a < b;
    });
    std::sort(order.begin(), order.begin() + kept);
    benchmark::DoNotOptimize(order.data());
  }
}

/// The same with the magnitudes beside the indices: more memory, fewer misses.
void nth_element_pairs(benchmark::State& state) {
  const auto& x = gradient();
  std::vector<std::uint64_t> order(elements);
  for (auto _ : state) {
    // Larger magnitude first, then lower index: both in one number that is to be small.
    for (std::size_t i = 0; i < elements; ++i) order[i] = std::uint64_t{~magnitude_key(x[i])} << 32 | i;
    std::nth_element(order.begin(), order.begin() + kept, order.end());
    benchmark::DoNotOptimize(order.data());
  }
}

void select_largest(benchmark::State& state) {
  const auto primitives = cpu(state);
  const auto& x = gradient();
  for (auto _ : state) benchmark::DoNotOptimize(primitives->select_largest(x, kept));
  set_bytes(state, elements * sizeof(float));
}

void pack_signs(benchmark::State& state) {
  const auto primitives = cpu(state);
  const auto& x = gradient();
  std::vector<std::uint32_t> words(elements / 32);
  for (auto _ : state) {
    primitives->pack_signs(x, words);
    benchmark::DoNotOptimize(words.data());
  }
  set_bytes(state, elements * sizeof(float));
}

void vote(benchmark::State& state) {
  const auto primitives = cpu(state);
  std::mt19937 random(2);
  std::vector<std::vector<std::uint32_t>> planes(voters, std::vector<std::uint32_t>(elements / 32));
  for (auto& plane : planes) std::generate(plane.begin(), plane.end(), std::ref(random));
  const std::vector<std::span<const std::uint32_t>> views(planes.begin(), planes.end());
  std::vector<std::uint32_t> result(elements / 32);
  for (auto _ : state) {
    primitives->vote(views, result);
    benchmark::DoNotOptimize(result.data());
  }
  set_bytes(state, voters * elements / 8);
}

void merge_largest(benchmark::State& state) {
  const auto primitives = cpu(state);
  const Pairs a = primitives->select_largest(gradient(), kept);
  const Pairs b = primitives->select_largest(laplace(elements, 3), kept);
  for (auto _ : state) {
    benchmark::DoNotOptimize(primitives->merge_largest({a.indices, a.values}, {b.indices, b.values}, kept));
  }
}

void vote_sparse(benchmark::State& state) {
  const auto primitives = cpu(state);
  std::vector<SparseSigns> votes;
  for (unsigned voter = 0; voter < 8; ++voter) {
    votes.push_back({primitives->select_largest(laplace(elements, 4 + voter), kept).indices,
                     std::vector<std::byte>((kept + 7) / 8)});
  }
  std::vector<SparseSignsView> views;
  for (const auto& each : votes) views.push_back({each.indices, each.signs});
  for (auto _ : state) benchmark::DoNotOptimize(primitives->vote_sparse(views, elements));
}

/// Prints as usual, and keeps the medians for the ratios.
class Medians : public benchmark::ConsoleReporter {
 public:
  Medians() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.aggregate_name == "median") seconds_[run.run_name.str()] = run.GetAdjustedRealTime() * 1e-3;
    }
  }

  void print_ratios() const {
    const double gigabytes = elements * sizeof(float) * 1e-9;
    std::printf("\nread bandwidth, 2 threads:                 %6.1f GB/s\n", gigabytes / of("read_memory/2"));
    std::printf("pack_signs, 2 threads:                     %6.1f GB/s, %.2f of it\n", gigabytes / of("pack_signs/2"),
                of("read_memory/2") / of("pack_signs/2"));
    std::printf("select_largest, 2 threads:                 %6.2f of one read\n",
                of("read_memory/2") / of("select_largest/2"));
    std::printf("nth_element of indices / select_largest:   %6.1f with 1 thread, %.1f with 2\n",
                of("nth_element") / of("select_largest/1"), of("nth_element") / of("select_largest/2"));
    std::printf("nth_element of pairs / select_largest:     %6.1f with 1 thread, %.1f with 2\n",
                of("nth_element_pairs") / of("select_largest/1"), of("nth_element_pairs") / of("select_largest/2"));
    std::printf("vote, 2 threads:                           %6.1f GB/s\n", voters * elements / 8 * 1e-9 / of("vote/2"));
  }

 private:
  double of(const std::string& name) const {
    for (const auto& [key, value] : seconds_) {
      if (key.rfind(name + "/", 0) == 0 || key == name) return value;
    }
    return NAN;
  }

  std::map<std::string, double> seconds_;  // by name
};

void register_case(const char* name, void (*body)(benchmark::State&), std::initializer_list<int> threads) {
  auto* const added = benchmark::RegisterBenchmark(name, body);
  for (const int count : threads) added->Arg(count);
  added->Unit(benchmark::kMillisecond)->UseRealTime()->Repetitions(9)->ReportAggregatesOnly();
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  register_case("read_memory", read_memory, {1, 2});
  register_case("pack_signs", pack_signs, {1, 2});
  register_case("select_largest", select_largest, {1, 2});
  register_case("vote", vote, {1, 2});
  register_case("merge_largest", merge_largest, {1});
  register_case("vote_sparse", vote_sparse, {1, 2});
  register_case("nth_element", nth_element, {});
  register_case("nth_element_pairs", nth_element_pairs, {});
  Medians reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print_ratios();
  return 0;
}
