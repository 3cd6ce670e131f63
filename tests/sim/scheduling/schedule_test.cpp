// `simrun schedule`, and groups that a run searches for.

#include "sim/scheduling/schedule.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

/// Eight tensors on a device on which every operation takes 0.1 ms, whatever its size.
nlohmann::json eight_tensors(const TemporaryFolder& folder) {
  nlohmann::json scenario = tiny_scenario();
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, 0.1 * ms)));
  scenario["model"]["tensors"] = nlohmann::json::array();
  for (int i = 0; i < 8; ++i)
    scenario["model"]["tensors"].push_back({{"name", "t" + std::to_string(i)}, {"shape", {1000 * (i + 1)}}});
  scenario["network"] = {{"bandwidth", "100 Mbps"}, {"latency", "50 us"}};
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "signsgd"}}, {{"name", "dgc"}, {"density", 0.05}}};
  return scenario;
}

std::map<std::string, double> iterations(const std::vector<std::map<std::string, std::string>>& rows,
                                         const std::string& method) {
  std::map<std::string, double> all;
  for (const auto& row : rows) {
    if (row.at("method") == method) all[row.at("grouping")] = number(row, "iteration_s");
  }
  return all;
}

}  // namespace

TEST_CASE("schedule: the optimum is the least of all groupings, and a run that searches finds it", "[large]") {
  const TemporaryFolder folder;
  nlohmann::json scenario = eight_tensors(folder);
  folder.write("s.json", scenario.dump());
  const Ended compared = run_program("schedule s.json --format csv -o out", folder.path());
  INFO(compared.err);
  REQUIRE(compared.status == 0);
  const auto rows = parse_csv(compared.out);
  CHECK(rows.size() == 3 * 8 + 2);  // sgd is dense anyhow
  scenario["schedule"] = {{"grouping", {{"search", "optimal"}}}, {"decode", "after-backward"}};
  folder.write("s.json", scenario.dump());
  const Ended searched = run_program("s.json --format csv -o run", folder.path());
  INFO(searched.err);
  REQUIRE(searched.status == 0);
  for (const auto& row : parse_csv(searched.out)) {
    const auto all = iterations(rows, row.at("method"));
    CHECK(all.size() == (row.at("method") == "sgd" ? 8 : 9));
    CHECK(number(row, "iteration_s") == Approx(all.at("optimal")).epsilon(1e-9));
    // What dgc sends differs a little from grouping to grouping.
    for (const auto& [grouping, iteration] : all) {
      if (grouping != "optimal-mixed") CHECK(iteration >= all.at("optimal") * (1 - 1e-3));
    }
  }
  // Starts cost: tensor by tensor is worse than merged where encoding is all starts.
  const auto signs = iterations(rows, "signsgd");
  CHECK(signs.at("tensor") > 1.05 * signs.at("optimal"));
}

TEST_CASE("schedule: groups that had better not be compressed are not", "[large]") {
  // Encoding and decoding take 20 ms whatever the size; the ring of four sends 1.5 x 4 N bytes, signs next to none. The
  // largest three tensors, 8000 + 7000 + 6000 elements of 36,000, take 10 ms at 100 Mbps. So nothing is worth encoding;
  // at 1 Mbps most is.
  const TemporaryFolder folder;
  nlohmann::json scenario = eight_tensors(folder);
  scenario["device"] = folder.write("slow.json", profile_text(even_profile({1e-6, 1e12}, 20 * ms)));
  scenario["methods"] = {{{"name", "signsgd"}}};
  const auto run = [&](const nlohmann::json& grouping, const char* bandwidth) {
    scenario["network"]["bandwidth"] = bandwidth;
    scenario["schedule"] = {{"grouping", grouping}, {"decode", "after-backward"}};
    folder.write("s.json", scenario.dump());
    const Ended ended = run_program("s.json --format json --fresh", folder.path());
    INFO(ended.err);
    REQUIRE(ended.status == 0);
    return nlohmann::json::parse(ended.out)["points"][0];
  };
  const nlohmann::json mixed = {{"search", "optimal"}, {"mixed", true}};
  const nlohmann::json optimal = {{"search", "optimal"}};
  CHECK(run(mixed, "100 Mbps")["encode_s"] == 0);
  CHECK(run(mixed, "100 Mbps")["iteration_s"] < run(optimal, "100 Mbps")["iteration_s"]);
  CHECK(run(mixed, "1 Mbps")["iteration_s"] <= run(optimal, "1 Mbps")["iteration_s"]);
  CHECK(run(mixed, "1 Mbps")["encode_s"] > 0);
}

TEST_CASE("schedule: no cut of two groups is faster than the best of two") {
  const TemporaryFolder folder;
  nlohmann::json scenario = eight_tensors(folder);
  scenario["methods"] = {{{"name", "signsgd"}}};
  scenario["schedule"] = {{"grouping", {{"search", "optimal"}, {"max_groups", 2}}}, {"decode", "after-backward"}};
  const auto iteration = [&] {
    folder.write("s.json", scenario.dump());
    const Ended run = run_program("s.json --format csv", folder.path());
    INFO(run.err);
    REQUIRE(run.status == 0);
    return number(parse_csv(run.out).at(0), "iteration_s");
  };
  const double best = iteration();
  double least = 1e300;
  for (int cut = 1; cut < 8; ++cut) {
    nlohmann::json groups = {nlohmann::json::array(), nlohmann::json::array()};
    for (int i = 0; i < 8; ++i) groups[i < cut ? 0 : 1].push_back("t" + std::to_string(i));
    scenario["schedule"]["grouping"] = {{"groups", groups}};
    least = std::min(least, iteration());
  }
  scenario["schedule"]["grouping"] = "model";
  least = std::min(least, iteration());
  CHECK(best == Approx(least).epsilon(1e-9));
}

TEST_CASE("schedule: what cannot be searched for is refused") {
  const TemporaryFolder folder;
  nlohmann::json scenario = eight_tensors(folder);
  scenario["methods"] = {{{"name", "powersgd"}}};
  scenario["model"]["tensors"] = {{{"name", "m"}, {"shape", {100, 100}}}};
  folder.write("s.json", scenario.dump());
  CHECK(run_program("schedule s.json", folder.path()).status == 2);
  scenario = eight_tensors(folder);
  scenario["compute"]["jitter"] = 0.1;
  folder.write("s.json", scenario.dump());
  CHECK(run_program("schedule s.json", folder.path()).status == 2);
}

}  // namespace simrun
