#include "sim/devices/cost_table.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace simrun {
namespace {

double at(const CostTable& table, std::initializer_list<double> place) {
  return table.at(std::vector<double>(place));
}

/// Times that nobody smoothed: powers of ten up to 1e-3 in any order.
std::vector<double> random_times(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> exponent(-6, -3);
  std::vector<double> times(count);
  for (double& time : times) time = std::pow(10, exponent(random));
  return times;
}

}  // namespace

TEST_CASE("cost table: two points are joined by a power law") {
  const CostTable table({{Axis::elements, {100, 10000}}}, {1e-6, 1e-4});
  CHECK(at(table, {100}) == Approx(1e-6));
  CHECK(at(table, {1000}) == Approx(1e-5));  // half way in log scale: sqrt(1e-6 * 1e-4)
  CHECK(at(table, {10000}) == Approx(1e-4));
  CHECK(at(table, {1}) == Approx(1e-6));      // below the grid: stays
  CHECK(at(table, {40000}) == Approx(4e-4));  // beyond: in proportion
}

TEST_CASE("cost table: two axes are interpolated one after the other") {
  const CostTable table({{Axis::elements, {10, 1000}}, {Axis::density, {0.01, 1}}}, {1, 4, 100, 400});
  CHECK(at(table, {10, 0.01}) == Approx(1));
  CHECK(at(table, {10, 0.1}) == Approx(2));       // density half way: sqrt(1 * 4)
  CHECK(at(table, {100, 0.1}) == Approx(20));     // and half way in elements: sqrt(2 * 200)
  CHECK(at(table, {1000, 1e-6}) == Approx(100));  // density below the grid: stays
  CHECK(at(table, {2000, 2}) == Approx(1600));    // beyond in both: twice, and twice again
}

TEST_CASE("cost table: exact at the points of a grid that ascends") {
  const std::vector<CostTable::GridAxis> axes = {{Axis::elements, {1, 7, 1e3, 1e6}}, {Axis::parts, {1, 2, 64}}};
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::vector<double> times = random_times(12, seed);
    std::sort(times.begin(), times.end());
    const CostTable table(axes, times);
    for (std::size_t point = 0; point < times.size(); ++point)
      CHECK(table.at(place_on_grid(axes, point)) == Approx(times[point]).epsilon(1e-13));
  }
}

TEST_CASE("cost table: a fixed cost that gives way to a bandwidth is met within 1 %") {
  // 10 us and 1 ns an element, on powers of 4 around the 10,000 elements where both are equal. Straight lines in
  // log-log pass (1 + sqrt 4) / (2 sqrt sqrt 4) = 1.06 of the time half way between two points at equal distances from
  // there.
  const auto law = [](double elements) { return 1e-5 + 1e-9 * elements; };
  CostTable::GridAxis axis{Axis::elements, {}};
  std::vector<double> times;
  for (double elements = 256; elements < 2e7; elements *= 4) {
    axis.values.push_back(elements);
    times.push_back(law(elements));
  }
  const CostTable table({axis}, times);
  for (double elements = 256; elements < axis.values.back(); elements *= 1.1)
    CHECK(at(table, {elements}) == Approx(law(elements)).epsilon(0.0105));
}

TEST_CASE("cost table: what descends along elements, entries or parts is levelled, along density it is not") {
  // 4 and 2 descend: their geometric mean is sqrt(8). All of 8, 4, 2: 4.
  CHECK(at(CostTable({{Axis::entries, {1, 2, 3, 4}}}, {1, 4, 2, 8}), {2}) == Approx(std::sqrt(8)));
  CHECK(at(CostTable({{Axis::entries, {1, 2, 3, 4}}}, {1, 4, 2, 8}), {3}) == Approx(std::sqrt(8)));
  CHECK(at(CostTable({{Axis::elements, {1, 2, 3}}}, {8, 4, 2}), {1}) == Approx(4));
  CHECK(at(CostTable({{Axis::parts, {1, 2}}}, {8, 2}), {2}) == Approx(4));
  CHECK(at(CostTable({{Axis::density, {0.1, 1}}}, {8, 2}), {1}) == Approx(2));
}

TEST_CASE("cost table: time never falls as elements or parts grow, whatever was measured") {
  const std::vector<double> grid = {1, 10, 30, 100, 5000};
  for (unsigned seed = 0; seed < 20; ++seed) {
    const CostTable parts({{Axis::elements, grid}, {Axis::parts, grid}}, random_times(25, seed));
    const CostTable density({{Axis::elements, grid}, {Axis::density, grid}}, random_times(25, seed));
    for (double fixed = 0.5; fixed < 1e4; fixed *= 1.7) {
      for (double value = 0.5; value < 1e4; value *= 1.3) {
        const double next = value * 1.3;
        const double rounding = 1 - 1e-12;
        CHECK(at(parts, {next, fixed}) >= at(parts, {value, fixed}) * rounding);
        CHECK(at(parts, {fixed, next}) >= at(parts, {fixed, value}) * rounding);
        CHECK(at(density, {next, fixed}) >= at(density, {value, fixed}) * rounding);
      }
    }
  }
}

TEST_CASE("cost table: places of points run through the last axis first") {
  const std::vector<CostTable::GridAxis> axes = {{Axis::elements, {1, 2}}, {Axis::parts, {3, 4, 5}}};
  CHECK(points_of_grid(axes) == 6);
  CHECK(place_on_grid(axes, 0) == std::vector<double>{1, 3});
  CHECK(place_on_grid(axes, 2) == std::vector<double>{1, 5});
  CHECK(place_on_grid(axes, 3) == std::vector<double>{2, 3});
}

TEST_CASE("leave one out: a power law is interpolated without an error") {
  // log t = log c + p log N + q log d is linear in both logarithms, so neighbours give back what is between them.
  std::vector<CostTable::GridAxis> axes = {{Axis::elements, {1, 3, 50, 1e4, 1e7}},
                                           {Axis::density, {1e-4, 0.02, 0.3, 1}}};
  std::vector<double> times;
  for (std::size_t point = 0; point < points_of_grid(axes); ++point) {
    const std::vector<double> place = place_on_grid(axes, point);
    times.push_back(3e-9 * std::pow(place[0], 0.8) * std::pow(place[1], 0.3));
  }
  const std::vector<double> errors = leave_one_out(CostTable(axes, times));
  CHECK(errors.size() == 3 * 4 + 2 * 5);  // interior values of elements times all densities, and the other way round
  for (const double error : errors) CHECK(error < 1e-12);
}

TEST_CASE("leave one out: errors are shares of what was measured, only of points between others") {
  // Without the middle: sqrt(1 * 4) = 2 where 1 was measured.
  CHECK(leave_one_out(CostTable({{Axis::elements, {1, 4, 16}}}, {1, 1, 4})).front() == Approx(1));
  CHECK(leave_one_out(CostTable({{Axis::elements, {1, 4}}}, {1, 9})).empty());
  CHECK(leave_one_out(CostTable({{Axis::elements, {1}}}, {1})).empty());
}

}  // namespace simrun
