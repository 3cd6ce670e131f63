// Kernels that encode by themselves, on ThreadedMachine, against the CPU back end.

#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/cuda/kernel_primitives.hpp"
#include "tests/kernels/samples.hpp"
#include "tests/races/gradient_of.hpp"
#include "tests/races/threaded_machine.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

using Floats = std::vector<float>;
using Words = std::vector<std::uint32_t>;

constexpr std::size_t n = 30'001;

std::unique_ptr<const Primitives> processor() {
  return make_cpu_primitives(1);
}

/// Normal values in steps of 1/8: many are equal.
Floats stepped(unsigned seed) {
  Floats x = normal_values(n, seed);
  for (float& value : x) value = std::round(value * 8) / 8;
  return x;
}

}  // namespace

TEMPLATE_TEST_CASE("chunks without races: words that chunks share, and that they fill", "", float, Half, BFloat16) {
  for (const Chunking& chunking : {Chunking{32, 3}, Chunking{512, 7}, Chunking{1024, 7}, Chunking{4096, 64}}) {
    const GradientOf<TestType> gradient(stepped(1));
    Floats x = stepped(2);
    Floats sums = x;
    processor()->accumulate(gradient.values, 1, sums);
    Floats values(chunking.entries(n)), expected_values(values.size());
    Words words(code_words(values.size(), chunking.place_bits())), expected_words(words.size());
    processor()->select_in_chunks(chunking, sums, expected_words, expected_values);
    std::uint64_t non_finite = 0;
    ThreadedMachine machine;
    launch_chunked_top_k(machine, ChunkedTopK<TestType>{gradient.elements.data(), x.data(), n, chunking, words.data(),
                                                        values.data(), &non_finite});
    REQUIRE(words == expected_words);
    REQUIRE(values == expected_values);
    processor()->add_in_chunks(chunking, words, values, -1, sums);
    REQUIRE(x == sums);
    KernelPrimitives<ThreadedMachine>(std::make_unique<ThreadedMachine>()).add_in_chunks(chunking, words, values, 1, x);
    processor()->add_in_chunks(chunking, words, values, 1, sums);
    REQUIRE(x == sums);
  }
}

TEMPLATE_TEST_CASE("cosine transforms without races: a chunk a block, several, and what is left of one", "", float,
                   Half, BFloat16) {
  constexpr std::size_t few = 9'001;
  for (const Chunking& chunking : {Chunking{32, 3}, Chunking{4096, 64}}) {
    const GradientOf<TestType> gradient(normal_values(few, 1));
    Floats x = normal_values(few, 2);
    Floats sums = x;
    processor()->accumulate(gradient.values, 1, sums);
    Floats coefficients(few), expected(few);
    processor()->transform_chunks(chunking.chunk, sums, expected);
    std::uint64_t non_finite = 0;
    ThreadedMachine machine;
    launch_transform_chunks(machine, ChunkTransform<TestType>{gradient.elements.data(), x.data(), few, chunking.chunk,
                                                              &CosineTables::get(), coefficients.data(), &non_finite});
    REQUIRE(x == sums);
    REQUIRE(coefficients == expected);
    Floats values(chunking.entries(few));
    Words words(code_words(values.size(), chunking.place_bits()));
    processor()->select_in_chunks(chunking, coefficients, words, values);
    launch_add_cosines_in_chunks(machine, chunking, &CosineTables::get(), words.data(), values.data(), values.size(),
                                 -1.0F, x.data(), few);
    processor()->add_cosines_in_chunks(chunking, words, values, -1, sums);
    REQUIRE(x == sums);
  }
}

TEMPLATE_TEST_CASE("rounding to nearest without races: blocks of a row of a warp and of parts of one", "", float, Half,
                   BFloat16) {
  for (const Rounding& rounding : {Rounding{15, 5, 32}, Rounding{127, 8, 256}, Rounding{7, 4, 4096}}) {
    const GradientOf<TestType> gradient(normal_values(n, 1));
    Floats x = normal_values(n, 2);
    Floats sums = x;
    processor()->accumulate(gradient.values, 1, sums);
    Floats scales(rounding.buckets(n)), expected_scales(scales.size());
    Words words(code_words(n, rounding.bits)), expected_words(words.size());
    processor()->round_to_nearest(rounding, sums, expected_scales, expected_words);
    std::uint64_t non_finite = 0;
    ThreadedMachine machine;
    launch_quantize(machine, Quantization<TestType>{gradient.elements.data(), x.data(), n, rounding, scales.data(),
                                                    words.data(), &non_finite});
    REQUIRE(scales == expected_scales);
    REQUIRE(words == expected_words);
    processor()->add_levels(rounding, words, scales, -1, sums);
    REQUIRE(x == sums);
  }
}

TEMPLATE_TEST_CASE("halves of gradients without races", "", float, Half, BFloat16) {
  const GradientOf<TestType> gradient(normal_values(n, 1));
  std::vector<std::uint16_t> halves(n), expected(n);
  NarrowFlaws flaws{};
  ThreadedMachine machine;
  launch_to_narrow<Half>(machine, gradient.elements.data(), halves.data(), n, &flaws);
  processor()->narrow(Precision::fp16, gradient.values, expected);
  REQUIRE(halves == expected);
}
