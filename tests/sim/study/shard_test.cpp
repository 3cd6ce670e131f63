#include "sim/study/shard.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "sim/text/error.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

Study sweep_of_five_methods(const TemporaryFolder& folder) {
  nlohmann::json scenario = tiny_scenario();
  for (const char* name : {"sgd", "top-k", "gtop-k", "signsgd-mv", "sparse-signsgd"})
    scenario["methods"].push_back({{"name", name}});
  scenario["sweep"] = {{"density", {0.01, 0.02, 0.05, 0.1}}, {"workers", {2, 3, 4, 8, 16}}};
  return study_of(scenario, folder);
}

}  // namespace

TEST_CASE("shard: every point belongs to exactly one, for any number of shards") {
  const TemporaryFolder folder;
  const Study study = sweep_of_five_methods(folder);
  REQUIRE(study.points.size() == 5 * (2 + 3 * 4));
  for (const std::size_t count : {1, 2, 3, 5, 8, 70, 100}) {
    INFO(count);
    std::vector<int> owners(study.points.size(), 0);
    for (std::size_t number = 1; number <= count; ++number) {
      const auto points = points_of({number, count}, study);
      CHECK(std::is_sorted(points.begin(), points.end()));
      for (const std::size_t point : points) ++owners[point];
    }
    CHECK(owners == std::vector<int>(study.points.size(), 1));
  }
}

TEST_CASE("shard: shares are even, over all and for each M") {
  const TemporaryFolder folder;
  const Study study = sweep_of_five_methods(folder);
  for (const std::size_t count : {2, 3, 5, 8}) {
    INFO(count);
    std::map<int, std::vector<std::size_t>> by_workers;
    std::vector<std::size_t> sizes;
    for (std::size_t number = 1; number <= count; ++number) {
      std::map<int, std::size_t> mine;
      for (const std::size_t point : points_of({number, count}, study)) ++mine[study.points[point].scenario.workers];
      std::size_t size = 0;
      for (const int workers : {2, 3, 4, 8, 16}) {
        by_workers[workers].push_back(mine[workers]);
        size += mine[workers];
      }
      sizes.push_back(size);
    }
    const auto spread = [](const std::vector<std::size_t>& values) {
      const auto [least, most] = std::minmax_element(values.begin(), values.end());
      return *most - *least;
    };
    CHECK(spread(sizes) <= 1);
    for (const auto& [workers, values] : by_workers) CHECK(spread(values) <= 2);
  }
}

TEST_CASE("shard: its text is a number, a slash and a number not below it") {
  CHECK(parse_shard("2/8").number == 2);
  CHECK(parse_shard("8/8").count == 8);
  for (const char* text : {"", "/", "1", "1/", "/2", "0/2", "3/2", "-1/2", "1/-2", "1/2/3", " 1/2", "1/2 ", "1.0/2",
                           "+1/2", "99999999999999999999/99999999999999999999"})
    CHECK_THROWS_AS(parse_shard(text), InputError);
}

}  // namespace simrun
