// Scenarios of thousands of methods or with large parts.

#include <catch2/catch.hpp>

#include "sim/scenario/resolved.hpp"
#include "sim/study/point_key.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

/// As text about 70 bytes a tensor.
json model(std::size_t tensors) {
  json all = json::array();
  for (std::size_t i = 0; i < tensors; ++i)
    all.push_back({{"name", "layer " + std::to_string(i) + std::string(40, 'x')}, {"shape", {2, 3}}});
  return {{"name", "wide"}, {"tensors", all}};
}

json scenario_of(std::size_t tensors) {
  json scenario = tiny_scenario();
  scenario["model"] = model(tensors);
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "top-k"}, {"density", 0.1}}};
  scenario["sweep"] = {{"workers", {2, 3}}};
  return scenario;
}

}  // namespace

TEST_CASE("large scenarios: points share a large part, and each has it all") {
  const TemporaryFolder folder;
  for (const std::size_t tensors : {3U, 300U, 3000U}) {
    const Study study = study_of(scenario_of(tensors), folder);
    REQUIRE(study.points.size() == 4);
    for (const Point& point : study.points) {
      CHECK(json(whole(point.scenario)["model"]) == model(tensors));
      if (tensors > 3) CHECK(point.scenario.model == study.points[0].scenario.model);
      if (tensors > 3) CHECK(point.scenario.resolved->dump().size() < 2000);
    }
    const Json all = resolved_scenarios(study);
    CHECK(json(all[0]["model"]) == model(tensors));
    for (std::size_t i = 1; i < all.size(); ++i) {
      const json expected = tensors < 3000 ? model(tensors) : json{{"$ref", "#/resolved/0/model"}};
      CHECK(json(all[i]["model"]) == expected);
    }
  }
}

TEST_CASE("large scenarios: a large model counts in the keys of points, and its place among the values does not") {
  const TemporaryFolder folder;
  json scenario = scenario_of(300);
  const auto keys = point_keys(study_of(scenario, folder));
  CHECK(point_keys(study_of(scenario, folder)) == keys);
  scenario["model"]["tensors"][299]["shape"] = {2, 4};
  CHECK(point_keys(study_of(scenario, folder))[0] != keys[0]);
  scenario = scenario_of(300);
  scenario["sweep"]["model"] = {model(300), model(301)};
  const Study swept = study_of(scenario, folder);
  REQUIRE(swept.points.size() == 8);
  CHECK(point_keys(swept)[0] == keys[0]);
  CHECK(swept.points[1].scenario.elements() + 6 == swept.points[5].scenario.elements());  // keys are sorted here
}

TEST_CASE("large scenarios: thousands of methods, each its own point and its own mistake") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  constexpr std::size_t count = 3000;
  scenario["methods"] = json::array();
  for (std::size_t i = 0; i < count; ++i)
    scenario["methods"].push_back(
        {{"name", "top-k"}, {"k", 1 + i / 4}, {"index", std::vector{"raw32", "bitmap", "delta", "elias-fano"}[i % 4]}});
  CHECK(study_of(scenario, folder).points.size() == count);
  json twins = scenario;
  twins["methods"][count - 1] = twins["methods"][17];
  CHECK_THROWS_WITH(study_of(twins, folder), Catch::Contains("methods.2999: says the same as methods.17"));
  json wrong = scenario;
  wrong["methods"][2500]["k"] = 0;
  CHECK_THROWS_WITH(study_of(wrong, folder), Catch::Contains("methods.2500.k: 0 is out of range"));
}

TEST_CASE("large scenarios: a swept path of one method changes that method alone") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "top-k"}, {"k", 5}}};
  scenario["sweep"] = {{"methods.1.k", {5, 6, 7}}};
  const Study study = study_of(scenario, folder);
  REQUIRE(study.points.size() == 4);  // sgd is the same in all
  CHECK(study.points[0].swept.empty());
  CHECK(study.points[3].scenario.entries() == 7);
  CHECK(study.points[3].method == 1);
  scenario["sweep"] = {{"methods.2.k", {5}}};
  CHECK_THROWS_WITH(study_of(scenario, folder), Catch::Contains("sweep.methods.2.k.0: there is no item \"2\""));
  scenario["sweep"] = {{"methods.1.k", {0}}};
  CHECK_THROWS_WITH(study_of(scenario, folder), Catch::Contains("sweep.methods.1.k.0: 0 is out of range"));
}

}  // namespace simrun
