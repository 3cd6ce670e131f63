// Where something begins to hold along an axis.

#include "sim/answers/axis.hpp"

#include <catch2/catch.hpp>

#include "sim/answers/variants.hpp"
#include "sim/text/error.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

Scenario a_scenario() {
  const TemporaryFolder folder;
  nlohmann::json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  return study_of(scenario, folder).points.front().scenario;
}

/// Holds for number i from thresholds[i] on.
Holds from_thresholds(const std::vector<double>& thresholds, int& asked) {
  return [&thresholds, &asked](double value, const std::vector<std::size_t>& among) {
    ++asked;
    std::vector<std::size_t> who;
    for (const std::size_t i : among) {
      if (value >= thresholds[i]) who.push_back(i);
    }
    return who;
  };
}

}  // namespace

TEST_CASE("axis: an onset is found to 1 %, whoever it is that it begins to hold for") {
  const Scenario scenario = a_scenario();
  const ClusterAxis axis = bandwidth_axis(scenario);
  CHECK(axis.now == Approx(1e9));
  CHECK(axis.below.back() == Approx(1e6));
  CHECK(axis.above.back() == Approx(1e12));
  int asked = 0;
  for (const double first : {1.001e9, 2.2e9, 7e9, 4.5e10, 9.9e11}) {
    const std::vector<double> thresholds = {1e15, 3 * first, first};
    const auto found = find_onset(axis, axis.now, axis.above, {0, 1, 2}, from_thresholds(thresholds, asked));
    REQUIRE(found);
    CHECK(found->value >= first * (1 - 1e-3));  // values have four digits
    CHECK(found->value <= first * 1.0101);
    CHECK(found->who == std::vector<std::size_t>{2});
  }
  CHECK(asked <= 5 * 4 + 5 * 10);
  const std::vector<double> never = {1e15};
  CHECK_FALSE(find_onset(axis, axis.now, axis.above, {0}, from_thresholds(never, asked)));
}

TEST_CASE("axis: workers are whole numbers") {
  const Scenario scenario = a_scenario();
  const ClusterAxis axis = workers_axis(scenario);
  CHECK(axis.below == std::vector<double>{2});
  CHECK(axis.above == std::vector<double>{8, 16});
  const auto below = [&](int workers, int gpus) {
    Scenario other = a_scenario();
    other.workers = workers;
    other.network.gpus_per_host = gpus;
    return workers_axis(other).below;
  };
  CHECK(below(24, 1) == std::vector<double>{12, 6, 3, 2});
  CHECK(below(24, 4) == std::vector<double>{12, 4});
  CHECK(below(2, 1).empty());
  int asked = 0;
  for (const double first : {5.0, 8.0, 11.0, 16.0}) {
    const std::vector<double> thresholds = {first};
    const auto found = find_onset(axis, axis.now, axis.above, {0}, from_thresholds(thresholds, asked));
    REQUIRE(found);
    CHECK(found->value == first);
  }
}

TEST_CASE("axis: values read back as what they are") {
  const Scenario scenario = a_scenario();
  const ClusterAxis bandwidth = bandwidth_axis(scenario);
  for (const double value : bandwidth.above)
    CHECK(8 * parse_bandwidth(bandwidth.json(value).get<std::string>())->value == Approx(value));
  const ClusterAxis latency = latency_axis(scenario);
  for (const double value : latency.below)
    CHECK(parse_seconds(latency.json(value).get<std::string>())->value == Approx(value));
  CHECK(bandwidth.shown(1e9) == "1.00 Gbps");
}

TEST_CASE("variants: what was refused once is refused again") {
  const TemporaryFolder folder;
  nlohmann::json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  const Study study = read_study(folder.write("s.json", scenario.dump()), {});
  Variants variants(study.file);
  const nlohmann::json v100_of_jax = {{"profile", "v100"}, {"implementation", "jax"}};
  for (int time = 0; time < 2; ++time) {
    CHECK_THROWS_AS(variants.at(study.points[0], "model", "none"), InputError);
    CHECK_THROWS_AS(variants.at(study.points[0], "device", "none"), InputError);
    CHECK_THROWS_AS(variants.at(study.points[0], "device", v100_of_jax), InputError);
    CHECK_THROWS_AS(variants.at(study.points[0], "gradients", {{"source", "npy"}, {"files", {"none.npy"}}}),
                    InputError);
  }
}

}  // namespace simrun
