#include "sim/study/fastest.hpp"

#include <catch2/catch.hpp>

#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using Lines = std::vector<std::string>;

/// A result of every point of the study: these iteration times, 0 for a point that failed.
std::vector<PointResult> results_of(const Study& study, const std::vector<double>& seconds) {
  REQUIRE(study.points.size() == seconds.size());
  std::vector<PointResult> results(seconds.size());
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    if (seconds[i] == 0) {
      results[i].failure = "failed";
    } else {
      results[i].times = Times{};
      results[i].times->iteration = Seconds(seconds[i]);
    }
  }
  return results;
}

nlohmann::json two_methods() {
  nlohmann::json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "gtop-k"}, {"density", 0.001}}};
  return scenario;
}

}  // namespace

TEST_CASE("fastest: neighbouring M with the same method and K become a range") {
  const TemporaryFolder folder;
  nlohmann::json scenario = two_methods();
  scenario["sweep"] = {{"workers", {2, 4, 8, 16}}};
  const Study study = study_of(scenario, folder);
  CHECK(fastest_methods(study, results_of(study, {2, 1, 2, 1, 1, 2, 2, 1})) ==
        Lines{"fastest: gtop-k (K/N 0.001) at M = 2 to 4; sgd at M = 8; gtop-k (K/N 0.001) at M = 16"});
  // Equally fast: the first row.
  CHECK(fastest_methods(study, results_of(study, {1, 1, 1, 1, 1, 1, 1, 1})) == Lines{"fastest: sgd at M = 2 to 16"});
}

TEST_CASE("fastest: the K that wins is named, and M are in order however they were swept") {
  const TemporaryFolder folder;
  nlohmann::json scenario = two_methods();
  scenario["methods"] = {{{"name", "gtop-k"}, {"index", "delta"}}};
  scenario["sweep"] = {{"k", {5, 10}}, {"workers", {8, 2}}};
  const Study study = study_of(scenario, folder);
  // Rows: K = 5 with M = 8 and 2, then K = 10 with M = 8 and 2.
  CHECK(fastest_methods(study, results_of(study, {1, 2, 2, 1})) ==
        Lines{"fastest: gtop-k, delta (K = 10) at M = 2; gtop-k, delta (K = 5) at M = 8"});
}

TEST_CASE("fastest: a K/N of many digits is told by three") {
  const TemporaryFolder folder;
  nlohmann::json scenario = two_methods();
  scenario["methods"][1]["density"] = 0.00014384498882876630;
  const Study study = study_of(scenario, folder);
  CHECK(fastest_methods(study, results_of(study, {2, 1})) == Lines{"fastest: gtop-k (K/N 0.000144) at M = 4"});
}

TEST_CASE("fastest: networks, models and the like are not compared with each other") {
  const TemporaryFolder folder;
  nlohmann::json scenario = two_methods();
  scenario["sweep"] = {{"network.bandwidth", {"1 Gbps", "10 Gbps"}}};
  const Study study = study_of(scenario, folder);
  CHECK(fastest_methods(study, results_of(study, {4, 3, 1, 2})) ==
        Lines{"fastest at network.bandwidth 1 Gbps: gtop-k (K/N 0.001) at M = 4",
              "fastest at network.bandwidth 10 Gbps: sgd at M = 4"});
  scenario["sweep"] = {{"gradients.seed", {1, 2, 3, 4, 5}}};
  const Study seeds = study_of(scenario, folder);
  CHECK(fastest_methods(seeds, results_of(seeds, std::vector<double>(10, 1))).empty());
}

TEST_CASE("fastest: collective and grouping are named where several were run") {
  const TemporaryFolder folder;
  nlohmann::json scenario = two_methods();
  scenario["sweep"] = {{"collective", {"ring", "tree"}}, {"workers", {2, 4}}};
  const Study study = study_of(scenario, folder);
  // Rows: sgd, ring with 2 and 4 workers; sgd, tree and gtop-k, which fits a tree alone, with 2, then with 4.
  REQUIRE(study.points.size() == 6);
  CHECK(fastest_methods(study, results_of(study, {2, 2, 1, 2, 3, 1})) ==
        Lines{"fastest: sgd, tree at M = 2; gtop-k (K/N 0.001) at M = 4"});
  CHECK(fastest_methods(study, results_of(study, {1, 1, 2, 3, 2, 3})) == Lines{"fastest: sgd, ring at M = 2 to 4"});
  scenario["sweep"] = {{"schedule.grouping", {"model", "tensor"}}};
  const Study groupings = study_of(scenario, folder);
  CHECK(fastest_methods(groupings, results_of(groupings, {4, 3, 2, 3})) ==
        Lines{"fastest: sgd, tensor by tensor at M = 4"});
}

TEST_CASE("fastest: nothing is said where nothing is compared, and failures are pointed out") {
  const TemporaryFolder folder;
  nlohmann::json scenario = two_methods();
  const Study study = study_of(scenario, folder);
  CHECK(fastest_methods(study, results_of(study, {0, 1})) ==
        Lines{"fastest: gtop-k (K/N 0.001) at M = 4 (points that failed aside)"});
  CHECK(fastest_methods(study, results_of(study, {0, 0})).empty());
  scenario["methods"].erase(1);
  const Study single = study_of(scenario, folder);
  CHECK(fastest_methods(single, results_of(single, {1})).empty());
}

}  // namespace simrun
