// Every kernel on ThreadedMachine, which throws where threads race, against the CPU back end. What kernels give for
// other inputs is tested on HostMachine; the sizes here are the least that reach every path, several times a block.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "kernels/cuda/kernel_primitives.hpp"
#include "kernels/cuda/operations.hpp"
#include "kernels/index_coding.hpp"
#include "tests/kernels/primitive_cases.hpp"
#include "tests/races/threaded_machine.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

using Floats = std::vector<float>;
using Words = std::vector<std::uint32_t>;

KernelPrimitives<ThreadedMachine> on_kernels() {
  return KernelPrimitives<ThreadedMachine>(std::make_unique<ThreadedMachine>());
}

std::unique_ptr<const Primitives> on_processor() {
  return make_cpu_primitives(1);
}

/// Normal values in steps of 1/8: many are equal.
Floats stepped_values(std::size_t count, unsigned seed) {
  Floats x = normal_values(count, seed);
  for (float& value : x) value = std::round(value * 8) / 8;
  return x;
}

/// Checks launch_top_k on arrays of one size, one after another in one workspace; returns how the last one went.
/// `quarter`: 0.25, the gradient of every element.
template <class Gradient = float>
Course check_top_k(const std::vector<Floats>& arrays, std::size_t k, bool keep_zeros = true, Gradient quarter = 0.25F) {
  ThreadedMachine machine;
  const std::size_t n = arrays.front().size();
  const std::vector<Gradient> gradient(n, quarter);
  const auto lay_out = [=](Carver& carver) { return TopKWorkspace::carve(carver, n, k); };
  const WorkspaceOf<ThreadedMachine, decltype(lay_out)> memory(lay_out);
  const SelectionWorkspace& selection = memory.layout().selection;
  selection.prepare(machine);
  for (Floats x : arrays) {
    Words indices(k), signs(words_of(k));
    Floats values(k);
    Floats residual = x;
    for (float& value : x) value += 0.25F;
    launch_top_k(machine, TopK<Gradient>{gradient.data(), residual.data(), n, k}, memory.layout(),
                 {indices.data(), values.data(), residual.data(), keep_zeros, signs.data()});
    const Pairs expected = on_processor()->select_largest(x, k);
    const std::size_t zeros = keep_zeros ? 0 : std::count(expected.values.begin(), expected.values.end(), 0.0F);
    REQUIRE(selection.selection->outcome.selected == k - zeros);
    if (zeros > 0) continue;
    REQUIRE(indices == expected.indices);
    REQUIRE(values == expected.values);
    Words expected_signs(signs.size());
    on_processor()->pack_signs(expected.values, expected_signs);
    REQUIRE(signs == expected_signs);
    on_processor()->scatter_zero(indices, x);
    REQUIRE(residual == x);
  }
  return selection.selection->course;
}

Pairs some_pairs(std::size_t elements, double density, unsigned seed) {
  const Words indices = random_indices(elements, density, seed);
  return {indices, stepped_values(indices.size(), seed)};
}

void check_merge(const Pairs& a, const Pairs& b, std::size_t k) {
  const Pairs merged = on_kernels().merge_largest({a.indices, a.values}, {b.indices, b.values}, k);
  const Pairs expected = on_processor()->merge_largest({a.indices, a.values}, {b.indices, b.values}, k);
  REQUIRE(merged.indices == expected.indices);
  REQUIRE(merged.values == expected.values);
}

/// `voters` voters, each for every element with that probability.
void check_sparse_vote(std::size_t voters, std::size_t elements, double density) {
  std::mt19937 random(7);
  std::vector<SparseSigns> votes;
  std::vector<SparseSignsView> views;
  for (std::size_t v = 0; v < voters; ++v) {
    const Words indices = random_indices(elements, density, static_cast<unsigned>(v));
    std::vector<std::byte> signs((indices.size() + 7) / 8);
    for (std::byte& byte : signs) byte = static_cast<std::byte>(random());
    if (indices.size() % 8 != 0) signs.back() &= static_cast<std::byte>((1U << indices.size() % 8) - 1);
    votes.push_back({indices, signs});
  }
  for (const SparseSigns& each : votes) views.push_back({each.indices, each.signs});
  const SparseSigns result = on_kernels().vote_sparse(views, elements);
  const SparseSigns expected = on_processor()->vote_sparse(views, elements);
  REQUIRE(result.indices == expected.indices);
  REQUIRE(result.signs == expected.signs);
}

/// An index coding, both ways.
void check_coding(const IndexCodingEntry& coding, std::size_t elements, double density) {
  ThreadedMachine machine;
  OperationCase work;
  work.stage = Stage::index_encode;
  work.kind = coding.name;
  work.elements = elements;
  work.indices = random_indices(elements, density, 3);
  work.entries = work.indices.size();
  index_coding(coding.coding).encode(work.indices, elements, work.coded);
  const auto run = [&] {
    const auto operation = make_operation(machine, work);
    operation->reset();
    operation->run();
    return operation->result();
  };
  REQUIRE(run().bytes == work.coded);
  work.stage = Stage::index_decode;
  REQUIRE(run().indices == work.indices);
}

}  // namespace

TEST_CASE("top-k without races: a right guess and a wrong one, of a sample and of the run before") {
  constexpr std::size_t n = 33'001;
  constexpr std::size_t k = 60;
  const Floats x = normal_values(n, 3);
  const Course right = check_top_k({x, x}, k);
  CHECK(right.tried_again == 0);
  CHECK(right.search_all == 0);
  // All of the sample is large that the guess looks at, and less than k elements are.
  Floats biased = x;
  for (std::uint32_t j = 0; j < k - 1; ++j) biased[sampled(j, n / plan_top_k(n, k).samples)] = 100;
  CHECK(check_top_k({biased}, k).tried_again == 1);
  Floats large = x;
  for (float& value : large) value *= 10;
  CHECK(check_top_k({large, x}, k).tried_again == 1);
}

TEST_CASE("top-k without races: too many candidates, too dense, too few to guess from") {
  CHECK(check_top_k({Floats(66'000, 0.5F)}, 100).search_all == 1);
  CHECK(check_top_k({stepped_values(13'000, 4)}, 5000).search_all == 1);
  CHECK(check_top_k({stepped_values(2000, 5)}, 250).search_all == 1);
}

TEST_CASE("top-k without races: zeros that are no entries, without a gradient, what is not finite") {
  Floats x(9000, -0.25F);
  x[8000] = 3;
  check_top_k({x}, 10, false);
  Floats large = normal_values(33'000, 1);
  const Pairs pairs = on_kernels().select_largest(large, 33);
  CHECK(pairs.indices == on_processor()->select_largest(large, 33).indices);
  large[77] = large[20'000] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(on_kernels().select_largest(large, 33), NonFiniteError);
}

TEST_CASE("top-k without races: gradients of 16 bits") {
  const std::vector<Floats> arrays{stepped_values(33'001, 6)};
  CHECK(check_top_k(arrays, 60, true, Half{0x3400}).search_all == 0);
  CHECK(check_top_k(arrays, 60, true, BFloat16{0x3E80}).search_all == 0);
}

TEST_CASE("merging large lists without races") {
  check_merge(some_pairs(20'000, 0.4, 1), some_pairs(20'000, 0.5, 2), 3000);
}

TEST_CASE("votes without races, for every number of counters") {
  check_votes(on_kernels());
}

TEST_CASE("sparse votes without races: in many ranges, in several windows of one, of many voters") {
  check_sparse_vote(3, 300'000, 0.002);
  check_sparse_vote(5, 9000, 0.9);
  check_sparse_vote(200, 5000, 0.02);
}

TEST_CASE("index codings without races, both ways") {
  for (const IndexCodingEntry& coding : index_codings()) {
    if (coding.coding == IndexCoding::raw32) continue;
    check_coding(coding, 100'000, 0.5);
    check_coding(coding, 200'000, 0.01);
    check_coding(coding, 5, 0.5);
  }
}

TEST_CASE("passes over dense arrays without races") {
  constexpr std::size_t n = 30'001;
  Floats x = normal_values(n, 1);
  const auto both = [&](const auto& operation) { REQUIRE(operation(on_kernels()) == operation(*on_processor())); };
  Words signs((n + 31) / 32);
  both([&](const Primitives& on) { return on.pack_signs(x, signs), signs; });
  both([&](const Primitives& on) {
    Floats sums = x;
    on.add_signs(signs, 0.3F, -0.4F, sums);
    on.accumulate(x, 0.9F, sums);
    return sums;
  });
  for (const Term term : {Term::magnitude, Term::square, Term::negative, Term::positive})
    both([&](const Primitives& on) { return on.sum(term, x); });
  both([&](const Primitives& on) { return on.fitted_count(x, FittedThreshold(x.size(), x.size() / 100)); });
  both([&](const Primitives& on) { return on.largest_magnitude(x); });
  both([&](const Primitives& on) { return on.count_above(x, 0.5F); });
  const Rounding rounding{.levels = 5, .bits = 4, .bucket = 64};
  Floats norms(rounding.buckets(n));
  both([&](const Primitives& on) { return on.bucket_norms(x, rounding.bucket, norms), norms; });
  Words levels(code_words(n, rounding.bits));
  both([&](const Primitives& on) { return on.round_to_levels(rounding, x, norms, 7, levels), levels; });
  both([&](const Primitives& on) {
    Floats sums = x;
    on.add_levels(rounding, levels, norms, 0.3F, sums);
    return sums;
  });
  Words powers(code_words(n, exponent_bits));
  both([&](const Primitives& on) { return on.round_to_powers(x, 7, powers), powers; });
  both([&](const Primitives& on) {
    Floats sums = x;
    on.add_powers(powers, 0.3F, sums);
    return sums;
  });
  std::vector<std::uint16_t> narrow(n);
  for (const Precision precision : {Precision::fp16, Precision::bf16}) {
    both([&](const Primitives& on) { return on.narrow(precision, x, narrow), narrow; });
    both([&](const Primitives& on) {
      Floats sums = x;
      on.add_narrow(precision, narrow, 0.3F, sums);
      return sums;
    });
    both([&](const Primitives& on) {
      auto sums = narrow;
      on.accumulate_narrow(precision, narrow, sums);
      return sums;
    });
  }
  x[77] = x[20'000] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(on_kernels().pack_signs(x, signs), NonFiniteError);
  CHECK_THROWS_AS(on_kernels().narrow(Precision::bf16, x, narrow), NonFiniteError);
}

TEST_CASE("passes over lists of entries without races") {
  constexpr std::size_t n = 30'001;
  const Pairs pairs = some_pairs(n, 0.5, 1);
  const std::vector<std::byte> signs((pairs.indices.size() + 7) / 8, std::byte{0x5A});
  const auto result = [&](const Primitives& on) {
    Floats sums = normal_values(n, 2);
    on.scatter_add(PairsView{pairs.indices, pairs.values}, 0.3F, sums);
    on.scatter_add(SparseSignsView{pairs.indices, signs}, 0.3F, sums);
    on.scatter_zero(std::span(pairs.indices).first(9000), sums);
    return sums;
  };
  REQUIRE(result(on_kernels()) == result(*on_processor()));
}

TEST_CASE("products of low rank, and gathering, without races") {
  check_low_rank(on_kernels());
}

// Last, as a block of many threads makes all that comes after it slow.
TEST_CASE("selecting and merging by one block without races") {
  check_merge(some_pairs(9000, 0.5, 3), some_pairs(9000, 0.5, 4), 2000);
  const std::vector<std::size_t> sizes{5000, 1, 700};
  std::vector<Floats> x, values;
  std::vector<Words> indices, signs;
  std::vector<SmallTopK<float>> jobs;
  for (const std::size_t n : sizes) {
    x.push_back(stepped_values(n, 5));
    values.emplace_back((n + 4) / 5);
    indices.emplace_back((n + 4) / 5);
    signs.emplace_back(words_of(indices.back().size()));
  }
  const std::vector<Floats> before = x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    jobs.push_back({before[i].data(), x[i].data(), static_cast<std::uint32_t>(x[i].size()),
                    static_cast<std::uint32_t>(indices[i].size()), indices[i].data(), values[i].data(), x[i].data(),
                    true, signs[i].data()});
  }
  std::vector<Outcome> results(jobs.size());
  ThreadedMachine().launch(static_cast<unsigned>(jobs.size()), SelectSmall<float>{{}, jobs.data(), results.data()});
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Floats doubled = before[i];
    for (float& value : doubled) value *= 2;
    const Pairs expected = on_processor()->select_largest(doubled, indices[i].size());
    CHECK(results[i].selected == indices[i].size());
    CHECK(indices[i] == expected.indices);
    CHECK(values[i] == expected.values);
    Words expected_signs(signs[i].size());
    on_processor()->pack_signs(expected.values, expected_signs);
    CHECK(signs[i] == expected_signs);
    on_processor()->scatter_zero(indices[i], doubled);
    CHECK(x[i] == doubled);
  }
}
