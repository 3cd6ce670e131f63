// Iterations of workers that do not all compute for the same time. Notation: a = latency, B = bytes a second; four
// workers that compute c = 10 ms and exchange N = 1000 parameters in a ring of 2 (M - 1) steps: x = 6 (a + N / B). A
// ring moves on, once the last worker has entered it, as if all had: everyone ends at the same instant.

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/devices/quantile.hpp"
#include "sim/simulation/steady_state.hpp"
#include "sim/workload/pace.hpp"
#include "tests/sim/simulated_exchange.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

constexpr double c = 10e-3;

json scenario_of(const json& method, const json& pace) {
  json scenario = tiny_scenario();
  scenario["methods"] = {method};
  scenario["compute"].update(pace);
  return scenario;
}

const json sgd = {{"name", "sgd"}};

std::string csv_of(const json& scenario) {
  const TemporaryFolder folder;
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json --format csv", folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  return run.out;
}

double sum_of_parts(const Times& times) {
  return (times.compute + times.encode + times.staging + times.communication + times.decode).value;
}

}  // namespace

TEST_CASE("jitter of 0 and stragglers of factor 1 change no byte") {
  json scenario = tiny_scenario();
  scenario["methods"] = {sgd, {{"name", "gtop-k"}, {"k", 10}}, {{"name", "signsgd-mv"}}};
  const std::string without = csv_of(scenario);
  scenario["compute"].update({{"jitter", 0}, {"jitter_seed", 9}, {"stragglers", {{{"worker", 1}, {"factor", 1}}}}});
  CHECK(csv_of(scenario) == without);
}

TEST_CASE("one straggler holds everyone up as if all were as slow") {
  for (const json& method : {sgd, json{{"name", "top-k"}, {"k", 10}},
                             json{{"name", "top-k"}, {"k", 10}, {"collective", "allgather-doubling"}}}) {
    INFO(method);
    const double one =
        times_of(scenario_of(method, {{"stragglers", {{{"worker", 2}, {"factor", 1.5}}}}})).iteration.value;
    const double all = times_of(scenario_of(method, {{"forward", "6 ms"}, {"backward", "9 ms"}})).iteration.value;
    CHECK(one == Approx(all).epsilon(1e-6));
  }
}

TEST_CASE("a straggler's wait is the others' communication") {
  const Times times = times_of(scenario_of(sgd, {{"stragglers", {{{"worker", 2}, {"factor", 1.5}}}}}));
  CHECK(times.compute.value == Approx(c));
  CHECK(times.iteration.value == Approx(1.5 * c + 6 * (a + 1000 / B)));
  CHECK(sum_of_parts(times) == Approx(times.iteration.value).epsilon(1e-12));
  // A straggler that is faster helps nobody; one that always takes the same time makes no interval.
  const Times fast = times_of(scenario_of(sgd, {{"stragglers", {{{"worker", 2}, {"factor", 0.1}}}}}));
  CHECK(fast.iteration.value == Approx(c + 6 * (a + 1000 / B)));
  CHECK_FALSE(fast.interval);
}

TEST_CASE("with jitter every iteration takes as long as its slowest worker") {
  const Times times = times_of(scenario_of(sgd, {{"jitter", 0.2}, {"jitter_seed", 5}}));
  const Pace pace{.jitter = 0.2, .seed = 5, .stragglers = {}};
  const Watch watch = watch_jitter(4);
  std::vector<double> durations;
  double mean = 0;
  for (int i = watch.warm_up; i < watch.limit; ++i) {
    double slowest = 0;
    for (int w = 0; w < 4; ++w) slowest = std::max(slowest, pace.factor(w, static_cast<std::uint64_t>(i)));
    durations.push_back(slowest * c + 6 * (a + 1000 / B));
    mean += durations.back() / (watch.limit - watch.warm_up);
  }
  std::sort(durations.begin(), durations.end());
  CHECK(times.iteration.value == Approx(mean).epsilon(1e-6));
  REQUIRE(times.interval);
  CHECK(times.interval->low.value == Approx(quantile(durations, 0.05)).epsilon(1e-6));
  CHECK(times.interval->high.value == Approx(quantile(durations, 0.95)).epsilon(1e-6));
  // Of the worker that is shown, the mean.
  double computing = 0;
  for (int i = watch.warm_up; i < watch.limit; ++i)
    computing += c * pace.factor(0, static_cast<std::uint64_t>(i)) / (watch.limit - watch.warm_up);
  CHECK(times.compute.value == Approx(computing).epsilon(1e-9));
  CHECK(sum_of_parts(times) == Approx(times.iteration.value).epsilon(1e-12));
}

TEST_CASE("one worker that jitters takes its mean, with nothing to wait for") {
  json scenario = scenario_of(sgd, {{"jitter", 0.3}});
  scenario["workers"] = 1;
  const Times times = times_of(scenario);
  CHECK(times.communication.value == 0);
  CHECK(times.iteration.value == Approx(times.compute.value).epsilon(1e-12));
  CHECK(times.iteration.value == Approx(c).margin(4 * 0.3 * c / std::sqrt(50)));
}

TEST_CASE("skipped repeats end when literal ones do, whoever comes late", "[large]") {
  for (const char* collective : {"ring", "allgather-ring"}) {
    json method = sgd;
    if (std::string(collective) == "allgather-ring") method = {{"name", "top-k"}, {"k", 10}};
    for (const json& pace :
         {json{{"jitter", 0.3}}, json{{"jitter", 0.001}},
          json{{"stragglers", {{{"worker", 4}, {"factor", 1.02}}, {{"worker", 9}, {"factor", 3}}}}}}) {
      INFO(collective << " " << pace);
      json scenario = scenario_of(method, pace);
      scenario["workers"] = 21;
      const Times skipped = times_of(scenario);
      const Times literal = times_of(scenario, [](Setup& setup) { setup.repeats = Repeats::literal; });
      CHECK(skipped.iteration.value == Approx(literal.iteration.value).epsilon(1e-9));
      CHECK(skipped.sent_bytes == literal.sent_bytes);
      REQUIRE(skipped.interval.has_value() == literal.interval.has_value());
      if (skipped.interval) CHECK(skipped.interval->high.value == Approx(literal.interval->high.value).epsilon(1e-9));
    }
  }
}

TEST_CASE("jitter gives the same bytes on any number of jobs") {
  const TemporaryFolder folder;
  json scenario = scenario_of(sgd, {{"jitter", 0.1}});
  scenario["methods"].push_back({{"name", "signsgd-mv"}});
  scenario["sweep"] = {{"workers", {1, 2, 5}}};
  folder.write("s.json", scenario.dump());
  const Ended one = run_program("s.json --format csv -j 1 -o one", folder.path());
  const Ended two = run_program("s.json --format csv -j 2 -o two", folder.path());
  REQUIRE(one.status == 0);
  CHECK(one.out == two.out);
}

}  // namespace simrun
