// Count sketches: against sums of single entries, on both back ends; what peeling recovers, and how much a sketch
// holds.

#include "kernels/count_sketch.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "kernels/cuda/kernel_primitives.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

using Floats = std::vector<float>;
using Words = std::vector<std::uint32_t>;

std::vector<std::shared_ptr<const Primitives>> back_ends() {
  using cuda::HostMachine;
  return {make_cpu_primitives(1), make_cpu_primitives(2), make_cpu_primitives(7),
          std::make_shared<cuda::KernelPrimitives<HostMachine>>(std::make_unique<HostMachine>(2, 7))};
}

/// So many different indices, ascending, with gaps up to 19.
Words some_indices(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Words indices(count);
  std::uint32_t next = 0;
  for (std::uint32_t& index : indices) index = next += 1 + static_cast<std::uint32_t>(random() % 19);
  return indices;
}

/// A sketch added up entry by entry, in double.
std::vector<double> added_up(PairsView pairs, std::size_t counters) {
  std::vector<double> sums(counters);
  for (std::size_t j = 0; j < pairs.indices.size(); ++j) {
    const SketchPlace place = sketch_place(pairs.indices[j], counters / sketch_rows);
    for (unsigned row = 0; row < sketch_rows; ++row)
      sums[place.counter(row)] += (place.negative >> row & 1U) != 0 ? -pairs.values[j] : pairs.values[j];
  }
  return sums;
}

/// What is peeled of a sketch of so many entries with `load` of them a counter, and how many are estimated.
struct Peeled {
  Words indices;
  Floats given;
  Floats values;
  std::size_t estimated = 0;

  Peeled(std::size_t entries, double load, unsigned seed)
      : indices(some_indices(entries, seed)), given(normal_values(entries, seed + 1)), values(entries) {
    const auto columns = static_cast<std::size_t>(std::ceil(static_cast<double>(entries) / load / sketch_rows - 1e-9));
    Floats counters(sketch_rows * columns);
    const auto primitives = make_cpu_primitives(1);
    primitives->sketch({indices, given}, counters);
    estimated = primitives->peel(indices, counters, values);
  }

  float worst() const {
    float most = 0;
    for (std::size_t j = 0; j < given.size(); ++j) most = std::max(most, std::abs(values[j] - given[j]));
    return most;
  }
};

}  // namespace

TEST_CASE("an entry has a counter of each row, and its own signs") {
  for (const std::uint64_t columns : {1ULL, 2ULL, 1000ULL, 1ULL << 32U}) {
    for (std::uint32_t index = 0; index < 2000; ++index) {
      const SketchPlace place = sketch_place(index, columns);
      bool is_in_place = true;
      for (unsigned row = 0; row < sketch_rows; ++row)
        is_in_place &= place.counter(row) % sketch_rows == row && place.counter(row) / sketch_rows < columns;
      REQUIRE(is_in_place);
    }
  }
  // Philox4x32-10 of counter 0 and key 0 is 6627e8d5 e169c58d bc57ac4c 9b00dbd8 (Random123, kat_vectors). As shares of
  // 2^32 the first three are 0.3990, 0.8805 and 0.7357, and the lowest three bits of the fourth are 0.
  const SketchPlace place = sketch_place(0, 1000);
  CHECK(place.counter(0) == 3 * 399);
  CHECK(place.counter(1) == 3 * 880 + 1);
  CHECK(place.counter(2) == 3 * 735 + 2);
  CHECK((place.negative & 7U) == 0);
  // Of counter 1, by another implementation, f8e4cca4 5cb200db b1a574eb 097eff67.
  CHECK((sketch_place(1, 1000).negative & 7U) == 7);
  CHECK(sketch_place(1, 1000).counter(1) == 3 * 362 + 1);
}

TEST_CASE("a sketch holds the sums of its entries, the same bits on both back ends and any number of threads") {
  for (const Sample& sample : samples()) {
    for (const std::size_t entries : {std::size_t{0}, std::size_t{1}, std::size_t{700}, std::size_t{60'011}}) {
      INFO(sample.name << ", " << entries << " entries");
      const Words indices = some_indices(entries, 3);
      const Floats values = sample.make(entries);
      for (const std::size_t columns : {std::size_t{1}, std::size_t{10} + entries}) {
        const std::vector<double> expected = added_up({indices, values}, sketch_rows * columns);
        const double sum = std::accumulate(values.begin(), values.end(), 0.0,
                                           [](double s, float x) { return s + std::abs(static_cast<double>(x)); });
        Floats first;
        for (const auto& primitives : back_ends()) {
          Floats counters(sketch_rows * columns);
          primitives->sketch({indices, values}, counters);
          double worst = 0;
          for (std::size_t i = 0; i < counters.size(); ++i)
            worst = std::max(worst, std::abs(counters[i] - expected[i]) / (std::abs(expected[i]) + 1e-9 * sum + 1e-45));
          CHECK(worst <= 1e-6);
          if (first.empty()) first = counters;
          CHECK(std::memcmp(counters.data(), first.data(), counters.size() * sizeof(float)) == 0);
        }
      }
    }
  }
}

TEST_CASE("entries whose sums are exact come back exactly, and both back ends peel alike, also what is too full") {
  for (const double load : {0.1, 0.66, 0.8, 0.9, 3.0}) {
    for (const std::size_t entries : {std::size_t{1}, std::size_t{500}, std::size_t{40'003}}) {
      INFO(load << " entries a counter, " << entries << " entries");
      const Words indices = some_indices(entries, 5);
      Floats values = normal_values(entries, 6);
      for (float& value : values) value = std::round(value * 64) / 8;
      const auto columns = static_cast<std::size_t>(std::ceil(static_cast<double>(entries) / load / sketch_rows));
      Floats counters(sketch_rows * columns);
      make_cpu_primitives(1)->sketch({indices, values}, counters);
      Floats expected(entries);
      const std::size_t estimated = make_cpu_primitives(1)->peel(indices, counters, expected);
      if (load < 0.7) CHECK(estimated == 0);
      if (load > 0.85 && entries > 1) CHECK(estimated > entries / 2);
      if (estimated == 0) CHECK(expected == values);
      for (const auto& primitives : back_ends()) {
        Floats peeled(entries);
        CHECK(primitives->peel(indices, counters, peeled) == estimated);
        CHECK(peeled == expected);
      }
    }
  }
}

TEST_CASE("a sketch gives back all entries up to 0.8 a counter, and fewer than half from 0.85 on") {
  // The threshold of peeling with three hashes is 0.818 (Goodrich and Mitzenmacher, 2011, Table 1: 1.222 counters an
  // entry).
  constexpr std::size_t entries = 30'000;
  for (const double load : {0.5, 0.7, 0.75, 0.8}) {
    for (unsigned seed = 0; seed < 3; ++seed) {
      INFO(load << " entries a counter");
      const Peeled peeled(entries, load, seed);
      CHECK(peeled.estimated == 0);
      CHECK(peeled.worst() < 1e-4F);  // of values up to 4.5: rounding adds up along chains of entries
    }
  }
  for (const double load : {0.85, 0.9}) CHECK(Peeled(entries, load, 1).estimated > entries / 2);
}

TEST_CASE("how many entries are recovered is what docs/methods.md says") {
  struct Row {
    std::size_t entries;
    unsigned sketches;
    std::array<double, 6> recovered;
    std::array<double, 6> in_full;
  };
  constexpr std::array loads = {0.5, 2.0 / 3, 0.75, 0.8, 0.85, 0.9};
  for (const Row& row : {Row{10, 200, {0.96, 0.80, 0.80, 0.80, 0.43, 0.43}, {0.86, 0.54, 0.54, 0.54, 0.08, 0.08}},
                         Row{100, 200, {1, 1, 0.93, 0.73, 0.54, 0.38}, {0.98, 0.94, 0.79, 0.38, 0.12, 0.01}},
                         Row{1000, 200, {1, 1, 1, 0.92, 0.46, 0.34}, {1, 1, 1, 0.78, 0, 0}},
                         Row{30'000, 20, {1, 1, 1, 1, 0.45, 0.34}, {1, 1, 1, 1, 0, 0}}}) {
    for (std::size_t i = 0; i < loads.size(); ++i) {
      std::size_t estimated = 0;
      unsigned in_full = 0;
      for (unsigned seed = 0; seed < row.sketches; ++seed) {
        const Peeled peeled(row.entries, loads[i], seed);
        estimated += peeled.estimated;
        in_full += peeled.estimated == 0;
      }
      INFO(row.entries << " entries, " << loads[i] << " a counter");
      const auto all = static_cast<double>(row.entries * row.sketches);
      CHECK(1 - static_cast<double>(estimated) / all == Approx(row.recovered[i]).margin(0.0051));
      CHECK(in_full / static_cast<double>(row.sketches) == Approx(row.in_full[i]).margin(0.0051));
    }
  }
}

TEST_CASE("entries that cannot be peeled are the median of three counters") {
  const Words indices = {1, 2, 3, 4, 5, 6, 7, 8};
  const Floats values = {1, 2, 4, 8, 16, 32, 64, 128};
  Floats counters(sketch_rows);  // one column: nothing is ever alone
  make_cpu_primitives(1)->sketch({indices, values}, counters);
  Floats medians(indices.size());
  for (std::size_t j = 0; j < indices.size(); ++j) {
    Floats said(sketch_rows);
    for (unsigned row = 0; row < sketch_rows; ++row)
      said[row] = (sketch_place(indices[j], 1).negative >> row & 1U) != 0 ? -counters[row] : counters[row];
    std::ranges::sort(said);
    medians[j] = said[1];
  }
  for (const auto& primitives : back_ends()) {
    Floats estimates(indices.size());
    CHECK(primitives->peel(indices, counters, estimates) == indices.size());
    CHECK(estimates == medians);
  }
}

TEST_CASE("counters that are no numbers, or overflow, are peeled alike on both back ends") {
  const float infinity = std::numeric_limits<float>::infinity();
  const Words indices = some_indices(40, 1);
  Floats counters(60, std::numeric_limits<float>::max());
  counters[3] = infinity;
  counters[4] = -infinity;
  counters[5] = std::numeric_limits<float>::quiet_NaN();
  Floats expected(indices.size());
  make_cpu_primitives(1)->peel(indices, counters, expected);
  for (const float value : expected) CHECK(std::isfinite(value));
  for (const auto& primitives : back_ends()) {
    Floats values(indices.size());
    primitives->peel(indices, counters, values);
    CHECK(values == expected);
  }
}

TEST_CASE("arrays that are no sketch are refused") {
  const Words indices = {1, 2};
  const Floats values = {1, 2};
  Floats four(4), none, two(2), three(3);
  for (const auto& primitives : back_ends()) {
    CHECK_THROWS_AS(primitives->sketch({indices, values}, four), std::invalid_argument);
    CHECK_THROWS_AS(primitives->sketch({indices, values}, none), std::invalid_argument);
    CHECK_THROWS_AS(primitives->peel(indices, four, two), std::invalid_argument);
    CHECK_THROWS_AS(primitives->peel(indices, none, two), std::invalid_argument);
    CHECK_THROWS_AS(primitives->peel(indices, three, three), std::invalid_argument);
    CHECK(primitives->peel({}, three, {}) == 0);
    CHECK(primitives->peel({}, {}, {}) == 0);
  }
}
