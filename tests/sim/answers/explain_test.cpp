// `simrun explain`: what 1 % more of something is worth, by closed forms.

#include <catch2/catch.hpp>

#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

json explained(const json& scenario, const std::string& more = "") {
  const TemporaryFolder folder;
  folder.write("s.json", scenario.dump());
  const Ended ended = run_program("explain s.json --format json" + more, folder.path());
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  return json::parse(ended.out);
}

}  // namespace

TEST_CASE("explain: elasticities of a ring are the shares of its parts", "[large]") {
  // 10 ms of computing, then 6 steps of 50 us and 1 MB / 125 MB/s = 8 ms: 58.3 ms, with four million parameters.
  json scenario = tiny_scenario();
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {1'000'000}}}};
  scenario["methods"] = {{{"name", "sgd"}}};
  const json all = explained(scenario);
  const double bytes = 6 * 8 * ms;
  const double latency = 6 * 0.05 * ms;
  const double iteration = 10 * ms + latency + bytes;
  CHECK(all["iteration_s"].get<double>() == Approx(iteration).epsilon(1e-6));
  const json& shorter = all["shorter_by_1_percent_of"];
  CHECK(shorter["bandwidth"].get<double>() == Approx((bytes - bytes / 1.01) / iteration).epsilon(1e-4));
  CHECK(shorter["latency"].get<double>() == Approx(0.01 * latency / iteration).epsilon(1e-3));
  CHECK(shorter["compute"].get<double>() == Approx((10 * ms - 10 * ms / 1.01) / iteration).epsilon(1e-4));
  CHECK_FALSE(shorter.contains("encode"));
  CHECK(all["parts"]["exchanges_s"].get<double>() == Approx(latency + bytes).epsilon(1e-6));
}

TEST_CASE("explain: the heading has how many points the fastest is of, and the network model", "[large]") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}, top_k};
  scenario["sweep"] = {{"workers", {2, 4}}};
  folder.write("s.json", scenario.dump());
  const auto heading = [&](const std::string& point) {
    const std::string text = run_program("explain s.json" + point, folder.path()).out;
    return text.substr(0, text.find('\n'));
  };
  CHECK_THAT(heading(""), Catch::StartsWith(
                              "The fastest of 4 points: top-k (K = 10), 2 workers, network model ideal: an iteration"));
  CHECK_THAT(heading(" sgd"), Catch::StartsWith("The fastest of 2 points: sgd, 2 workers, network model ideal:"));
  CHECK_THAT(heading(" 3"), Catch::StartsWith("sgd, 4 workers, network model ideal: an iteration takes "));
  const json all = explained(scenario, " sgd");
  CHECK(all["fastest_of"] == 2);
  CHECK(all["network_model"] == "ideal");
}

TEST_CASE("explain: of local steps it says what a step takes, and what of exchanges is hidden", "[large]") {
  // 10 ms of computing a step, and after every fourth a ring of 6 (50 us + 8 ms), as above.
  json scenario = tiny_scenario();
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {1'000'000}}}};
  scenario["methods"] = {{{"name", "sgd"}, {"local_steps", 4}}};
  const double bytes = 6 * 8 * ms / 4;
  const double latency = 6 * 0.05 * ms / 4;
  const double step = 10 * ms + latency + bytes;
  json all = explained(scenario);
  CHECK(all["iteration_s"].get<double>() == Approx(step).epsilon(1e-6));
  CHECK(all["parts"]["exchanges_s"].get<double>() == Approx(latency + bytes).epsilon(1e-6));
  CHECK(all["shorter_by_1_percent_of"]["bandwidth"].get<double>() ==
        Approx((bytes - bytes / 1.01) / step).epsilon(1e-4));
  CHECK(all["conclusions"][0].get<std::string>().starts_with("There is no critical path: messages are not followed"));
  CHECK(all["conclusions"][1] ==
        "Exchanges take 12.1 ms a step, of which 0 s are hidden behind other work of the same worker.");
  // Applied three steps later, 30 ms of 48.3 are hidden: 7.5 ms a step.
  scenario["methods"][0]["delay"] = 3;
  all = explained(scenario);
  CHECK(all["iteration_s"].get<double>() == Approx(step - 7.5 * ms).epsilon(1e-6));
  CHECK(all["conclusions"][1] ==
        "Exchanges take 12.1 ms a step, of which 7.50 ms are hidden behind other work of the same worker.");
}

TEST_CASE("explain: where there is no critical path it says why", "[large]") {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["compute"]["jitter"] = 0.1;
  const json all = explained(scenario);
  CHECK(all["critical_path"].empty());
  CHECK(all["conclusions"][0] == "There is no critical path: iterations differ from each other.");
}

TEST_CASE("explain: a point is named by its number or a part of its label, else it is the fastest", "[large]") {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}, {"collective", "tree"}}, {{"name", "sgd"}}, top_k};
  const std::string first = explained(scenario, " 1")["point"];
  CHECK(first == "sgd, tree");
  CHECK(explained(scenario, " sgd")["point"].get<std::string>().starts_with("sgd"));
  CHECK(explained(scenario, " top")["point"].get<std::string>().starts_with("top-k"));
  double least = 1;
  std::string name;
  for (const char* number : {" 1", " 2", " 3"}) {
    const json one = explained(scenario, number);
    if (one["iteration_s"] >= least) continue;
    least = one["iteration_s"];
    name = one["point"];
  }
  CHECK(explained(scenario)["point"] == name);
}

TEST_CASE("explain: a point is named as a run, a plan and explain itself print it", "[large]") {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "top-k"}}, {{"name", "sgd"}}};
  scenario["sweep"] = {{"workers", {2, 4}}, {"k", {10, 20}}};
  const auto workers_and_bytes = [&](const std::string& asked) {
    const json one = explained(scenario, " '" + asked + "'");
    return std::pair(one["workers"].get<int>(), one["point"].get<std::string>());
  };
  CHECK(workers_and_bytes("top-k, 4 workers, K = 20") == std::pair(4, std::string("top-k (K = 20)")));
  CHECK(workers_and_bytes("sgd, 2 workers") == std::pair(2, std::string("sgd")));
  CHECK(workers_and_bytes("top-k (K = 10)").second == "top-k (K = 10)");
}

}  // namespace simrun
