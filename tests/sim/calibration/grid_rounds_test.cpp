#include "sim/calibration/grid_rounds.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace simrun {
namespace {

std::vector<CostTable::GridAxis> grid_of(std::size_t elements, std::size_t densities) {
  std::vector<CostTable::GridAxis> axes = {{Axis::elements, {}}};
  for (std::size_t i = 0; i < elements; ++i) axes[0].values.push_back(std::exp2(static_cast<double>(i)));
  if (densities > 0) axes.push_back({Axis::density, {}});
  for (std::size_t i = 0; i < densities; ++i) axes[1].values.push_back(0.01 * static_cast<double>(i + 1));
  return axes;
}

std::vector<double> coarse_values(std::size_t values) {
  const auto axes = grid_of(values, 0);
  const std::vector<std::size_t> rounds = rounds_of_points(axes);
  std::vector<bool> coarse;
  for (const std::size_t round : rounds) coarse.push_back(round == 0);
  return finished_part(axes, coarse)->axes[0].values;
}

}  // namespace

TEST_CASE("rounds of a grid: every second value, of long axes five or six") {
  CHECK(coarse_values(1) == std::vector<double>{1});
  CHECK(coarse_values(2) == std::vector<double>{1, 2});
  CHECK(coarse_values(6) == std::vector<double>{1, 4, 16, 32});
  CHECK(coarse_values(7) == std::vector<double>{1, 4, 16, 64});
  CHECK(coarse_values(14) == std::vector<double>{1, 8, 64, 512, 4096, 8192});
  for (std::size_t values = 12; values <= 40; ++values) {
    const std::size_t coarse = coarse_values(values).size();
    CHECK((coarse == 5 || coarse == 6));
  }
}

TEST_CASE("rounds of a grid: after each one what is finished is a grid, and nothing finished is left out") {
  for (const auto& axes : {grid_of(14, 7), grid_of(7, 3), grid_of(19, 0), grid_of(1, 5)}) {
    const std::vector<std::size_t> rounds = rounds_of_points(axes);
    for (std::size_t latest = 0; latest <= *std::max_element(rounds.begin(), rounds.end()); ++latest) {
      std::vector<bool> finished;
      std::vector<std::size_t> points;
      for (std::size_t point = 0; point < rounds.size(); ++point) {
        finished.push_back(rounds[point] <= latest);
        if (finished.back()) points.push_back(point);
      }
      const std::optional<GridPart> part = finished_part(axes, finished);
      REQUIRE(part);
      CHECK(part->points == points);
      CHECK(points_of_grid(part->axes) == points.size());
    }
  }
}

TEST_CASE("finished part of a grid: its points are finished, in the order of its times, from end to end") {
  std::mt19937 random(1);
  const auto axes = grid_of(9, 5);
  const std::vector<std::size_t> rounds = rounds_of_points(axes);
  for (int trial = 0; trial < 200; ++trial) {
    const double share = std::uniform_real_distribution(0.3, 1.0)(random);
    std::vector<bool> finished;
    for (const std::size_t round : rounds) finished.push_back(round == 0 || std::bernoulli_distribution(share)(random));
    const std::optional<GridPart> part = finished_part(axes, finished);
    REQUIRE(part);
    REQUIRE(part->points.size() == points_of_grid(part->axes));
    for (std::size_t i = 0; i < part->points.size(); ++i) {
      CHECK(finished[part->points[i]]);
      CHECK(place_on_grid(axes, part->points[i]) == place_on_grid(part->axes, i));
    }
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
      CHECK(part->axes[axis].values.front() == axes[axis].values.front());
      CHECK(part->axes[axis].values.back() == axes[axis].values.back());
    }
  }
}

TEST_CASE("finished part of a grid: one unfinished point costs a line with the fewest others") {
  const auto axes = grid_of(9, 5);
  std::vector<bool> finished(45, true);
  finished[5 * 3 + 1] = false;  // at 8 elements and density 0.02
  const std::optional<GridPart> part = finished_part(axes, finished);
  REQUIRE(part);
  CHECK(part->axes[0].values == std::vector<double>{1, 2, 4, 16, 32, 64, 128, 256});
  CHECK(part->axes[1].values == axes[1].values);
}

TEST_CASE("finished part of a grid: none without the coarse grid") {
  const auto axes = grid_of(9, 5);
  const std::vector<std::size_t> rounds = rounds_of_points(axes);
  for (std::size_t point = 0; point < rounds.size(); ++point) {
    std::vector<bool> finished(rounds.size(), true);
    finished[point] = false;
    CHECK(finished_part(axes, finished).has_value() == (rounds[point] > 0));
  }
}

}  // namespace simrun
