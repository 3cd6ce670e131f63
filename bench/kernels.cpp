// Times of the primitives and index codings on this processor, beside the limit that its memory sets and beside
// std::nth_element. The last lines are figures and ratios within this run, with their limits where there are any.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "bench/inputs.hpp"
#include "bench/medians.hpp"
#include "kernels/finite.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"
#include "kernels/primitives.hpp"

namespace {

using namespace simrun;

constexpr std::size_t elements = 25'600'000;  // parameters of ResNet-50
constexpr std::size_t kept = 25'600;          // density 0.001
constexpr std::size_t voters = 32;
constexpr std::size_t many = 3'450'000;  // entries of a large merge
constexpr std::size_t coded = 256'000;   // indices to code: density 0.01

const std::vector<float>& gradient() {
  return once([] { return laplace(elements, 1); });
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
  const auto& planes = once([] {
    std::mt19937 random(2);
    std::vector<std::vector<std::uint32_t>> made(voters, std::vector<std::uint32_t>(elements / 32));
    for (auto& plane : made) std::generate(plane.begin(), plane.end(), std::ref(random));
    return made;
  });
  const std::vector<std::span<const std::uint32_t>> views(planes.begin(), planes.end());
  std::vector<std::uint32_t> result(elements / 32);
  for (auto _ : state) {
    primitives->vote(views, result);
    benchmark::DoNotOptimize(result.data());
  }
  set_bytes(state, voters * elements / 8);
}

/// Two lists of the same number of entries, which is how many are kept.
void merge(benchmark::State& state, const Pairs& a, const Pairs& b) {
  const auto primitives = cpu(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(primitives->merge_largest({a.indices, a.values}, {b.indices, b.values}, a.indices.size()));
  }
}

void merge_largest(benchmark::State& state) {
  merge(state, once([] { return largest_of_laplace(kept, elements, 3); }),
        once([] { return largest_of_laplace(kept, elements, 4); }));
}

void merge_many(benchmark::State& state) {
  merge(state, once([] { return largest_of_laplace(many, 40 * many, 5); }),
        once([] { return largest_of_laplace(many, 40 * many, 6); }));
}

void vote_sparse(benchmark::State& state) {
  const auto primitives = cpu(state);
  const auto& votes = once([] {
    std::vector<SparseSigns> made(8);
    for (unsigned voter = 0; voter < made.size(); ++voter) {
      const Pairs pairs = largest_of_laplace(kept, elements, 7 + voter);
      made[voter] = {pairs.indices, std::vector<std::byte>((kept + 7) / 8)};
      for (std::size_t j = 0; j < kept; ++j) set_sign_bit(made[voter].signs, j, pairs.values[j] < 0);
    }
    return made;
  });
  std::vector<SparseSignsView> views;
  for (const auto& each : votes) views.push_back({each.indices, each.signs});
  for (auto _ : state) benchmark::DoNotOptimize(primitives->vote_sparse(views, elements));
}

void accumulate(benchmark::State& state) {
  const auto primitives = cpu(state);
  std::vector<float> residual(elements);
  for (auto _ : state) primitives->accumulate(gradient(), 1, residual);
  set_bytes(state, 3 * elements * sizeof(float));
}

/// What a worker with error feedback does in a step: residual and gradient are read, the residual is written.
void top_k_with_residual(benchmark::State& state) {
  const auto primitives = cpu(state);
  std::vector<float> residual(elements);
  for (auto _ : state) {
    primitives->accumulate(gradient(), 1, residual);
    const Pairs pairs = primitives->select_largest(residual, kept);
    primitives->scatter_zero(pairs.indices, residual);
    benchmark::DoNotOptimize(pairs.values.data());
  }
}

/// The 64 largest of every 4096 elements.
void select_in_chunks(benchmark::State& state) {
  const auto primitives = cpu(state);
  const Chunking chunking;
  std::vector<float> values(chunking.entries(elements));
  std::vector<std::uint32_t> words(code_words(values.size(), chunking.place_bits()));
  for (auto _ : state) {
    primitives->select_in_chunks(chunking, gradient(), words, values);
    benchmark::DoNotOptimize(values.data());
  }
  set_bytes(state, elements * sizeof(float));
}

/// Blocks of 256 elements.
void round_to_nearest(benchmark::State& state, unsigned bits) {
  const auto primitives = cpu(state);
  const Rounding rounding{.levels = (1U << (bits - 1)) - 1, .bits = bits, .bucket = 256};
  std::vector<float> scales(rounding.buckets(elements));
  std::vector<std::uint32_t> words(code_words(elements, bits));
  for (auto _ : state) {
    primitives->round_to_nearest(rounding, gradient(), scales, words);
    benchmark::DoNotOptimize(words.data());
  }
  set_bytes(state, elements * sizeof(float));
}

void sum_magnitudes(benchmark::State& state) {
  const auto primitives = cpu(state);
  for (auto _ : state) benchmark::DoNotOptimize(primitives->sum(Term::magnitude, gradient()));
  set_bytes(state, elements * sizeof(float));
}

void add_signs(benchmark::State& state) {
  const auto primitives = cpu(state);
  const std::vector<std::uint32_t> words(elements / 32, 0x5A5A5A5A);
  std::vector<float> out(elements);
  for (auto _ : state) primitives->add_signs(words, 0.5F, -0.5F, out);
  set_bytes(state, 8 * elements + elements / 8);
}

/// A step of EF-signSGD's worker: the codec of scaled signs, and what it leaves.
void scaled_signs_with_residual(benchmark::State& state) {
  const auto primitives = cpu(state);
  std::vector<float> residual(elements);
  std::vector<std::uint32_t> words(elements / 32);
  for (auto _ : state) {
    primitives->accumulate(gradient(), 1, residual);
    primitives->pack_signs(residual, words);
    const double scale = primitives->sum(Term::magnitude, residual) / static_cast<double>(elements);
    primitives->add_signs(words, -static_cast<float>(scale), static_cast<float>(scale), residual);
  }
}

void to_half(benchmark::State& state) {
  const auto primitives = cpu(state);
  std::vector<std::uint16_t> halves(elements);
  for (auto _ : state) primitives->narrow(Precision::fp16, gradient(), halves);
  set_bytes(state, 6 * elements);
}

void add_half(benchmark::State& state) {
  const auto primitives = cpu(state);
  const std::vector<std::uint16_t> halves(elements, 0x3C00);
  std::vector<float> out(elements);
  for (auto _ : state) primitives->add_narrow(Precision::fp16, halves, 0.5F, out);
  set_bytes(state, 10 * elements);
}

void accumulate_half(benchmark::State& state) {
  const auto primitives = cpu(state);
  const std::vector<std::uint16_t> halves(elements, 0x1400);
  std::vector<std::uint16_t> sum(elements);
  for (auto _ : state) primitives->accumulate_narrow(Precision::fp16, halves, sum);
  set_bytes(state, 6 * elements);
}

/// The indices to code.
const std::vector<std::uint32_t>& support() {
  return once([] { return make_cpu_primitives(1)->select_largest(gradient(), coded); }).indices;
}

void encode(const IndexCodingEntry& coding, benchmark::State& state) {
  std::vector<std::byte> bytes;
  for (auto _ : state) {
    bytes.clear();
    coding.encode(support(), elements, bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
}

void decode(const IndexCodingEntry& coding, benchmark::State& state) {
  std::vector<std::byte> bytes;
  coding.encode(support(), elements, bytes);
  std::size_t used = 0;
  for (auto _ : state) benchmark::DoNotOptimize(coding.decode(bytes, elements, coded, used));
}

void print_figures(const Medians& medians) {
  const auto of = [&](const char* name) { return medians.of(name); };
  const double read = elements * sizeof(float) * 1e-9 / of("read_memory/2");
  std::printf("\nFigures of this run, from medians, with 2 threads unless it says otherwise\n");
  print_figure("read bandwidth", read, "GB/s");
  print_figure("select_largest: nth_element of indices on 1 thread takes", of("nth_element") / of("select_largest/2"),
               "times", "must 8, aim 15");
  print_figure("select_largest: nth_element of pairs on 1 thread takes",
               of("nth_element_pairs") / of("select_largest/2"), "times");
  print_figure("select_largest: bytes read, of the read bandwidth", of("read_memory/2") / of("select_largest/2"), "");
  print_figure("pack_signs: bytes read, of the read bandwidth", of("read_memory/2") / of("pack_signs/2"), "",
               "must 0.7, aim 0.9");
  print_figure("vote of 32: bytes read, of the read bandwidth", voters * elements / 8 * 1e-9 / of("vote/2") / read, "",
               "must 0.5, aim 0.8");
  const auto print_traffic = [&](const char* what, const char* name, double bytes) {
    print_figure(what, bytes * elements * 1e-9 / of(name), "GB/s");
  };
  print_traffic("accumulate: 8 bytes read and 4 written an element", "accumulate/2", 12);
  print_traffic("to_half: 4 bytes read and 2 written an element", "to_half/2", 6);
  print_traffic("add_half: 6 bytes read and 4 written an element", "add_half/2", 10);
  print_traffic("accumulate_half: 4 bytes read and 2 written an element", "accumulate_half/2", 6);
  print_figure("top-k with residual: accumulate, select_largest, scatter_zero", of("top_k_with_residual/2") * 1e3,
               "ms");
  print_figure("select_in_chunks, 64 of 4096: bytes read, of the read bandwidth",
               of("read_memory/2") / of("select_in_chunks/2"), "");
  for (const char* name : {"round_to_nearest 8/2", "round_to_nearest 4/2"})
    print_figure((std::string(name, 18) + " bits: bytes read, of the read bandwidth").c_str(),
                 of("read_memory/2") / of(name), "");
  print_figure("sum of magnitudes: bytes read, of the read bandwidth", of("read_memory/2") / of("sum_magnitudes/2"),
               "");
  print_figure("scaled signs with residual, of what profiles charge: 3 pack_signs, 2 add_signs",
               of("scaled_signs_with_residual/2") / (3 * of("pack_signs/2") + 2 * of("add_signs/2")), "");
  print_figure("merge_largest of 2 x 3.45 M entries, 1 thread", of("merge_many/1") * 1e9 / (2 * many), "ns/entry");
  print_figure("merge_largest of 2 x 3.45 M entries", of("merge_many/2") * 1e9 / (2 * many), "ns/entry");
  print_figure("vote_sparse of 8 x 25,600 entries", of("vote_sparse/2") * 1e9 / (8 * kept), "ns/entry");
  for (const IndexCodingEntry& coding : index_codings()) {
    const std::string name(coding.name);
    print_figure(("encode indices, " + name + ", 1 thread").c_str(), coded * 1e-9 / medians.of("encode " + name),
                 "G/s");
    print_figure(("decode indices, " + name + ", 1 thread").c_str(), coded * 1e-9 / medians.of("decode " + name), "G/s",
                 "must 0.1");
  }
}

void register_case(const std::string& name, const std::function<void(benchmark::State&)>& body,
                   std::initializer_list<int> threads) {
  auto* const added = benchmark::RegisterBenchmark(name.c_str(), body);
  for (const int count : threads) added->Arg(count);
  added->Unit(benchmark::kMillisecond)->UseRealTime()->Repetitions(9)->ReportAggregatesOnly();
}

}  // namespace

int main(int argc, char** argv) {
  // Repetitions of different cases in turns, so that a busy spell of the machine does not fall on one case alone.
  std::string interleave = "--benchmark_enable_random_interleaving=true";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, interleave.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  register_case("read_memory", read_memory, {1, 2});
  register_case("pack_signs", pack_signs, {1, 2});
  register_case("select_largest", select_largest, {1, 2});
  register_case("vote", vote, {1, 2});
  register_case("merge_largest", merge_largest, {1});
  register_case("vote_sparse", vote_sparse, {1, 2});
  register_case("merge_many", merge_many, {1, 2});
  register_case("accumulate", accumulate, {1, 2});
  register_case("top_k_with_residual", top_k_with_residual, {1, 2});
  register_case("select_in_chunks", select_in_chunks, {1, 2});
  for (const unsigned bits : {8U, 4U})
    register_case("round_to_nearest " + std::to_string(bits),
                  [=](benchmark::State& state) { round_to_nearest(state, bits); }, {1, 2});
  register_case("sum_magnitudes", sum_magnitudes, {1, 2});
  register_case("add_signs", add_signs, {1, 2});
  register_case("scaled_signs_with_residual", scaled_signs_with_residual, {1, 2});
  register_case("to_half", to_half, {1, 2});
  register_case("add_half", add_half, {1, 2});
  register_case("accumulate_half", accumulate_half, {1, 2});
  for (const IndexCodingEntry& coding : index_codings()) {
    register_case("encode " + std::string(coding.name), [&](benchmark::State& state) { encode(coding, state); }, {});
    register_case("decode " + std::string(coding.name), [&](benchmark::State& state) { decode(coding, state); }, {});
  }
  register_case("nth_element", nth_element, {});
  register_case("nth_element_pairs", nth_element_pairs, {});
  Medians reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  print_figures(reporter);
  return 0;
}
