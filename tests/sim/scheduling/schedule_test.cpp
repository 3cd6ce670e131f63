// `simrun schedule`, and groups that a run searches for.

#include "sim/scheduling/schedule.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

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

TEST_CASE("schedule: a table with long labels and swept columns fits a page", "[large]") {
  const TemporaryFolder folder;
  nlohmann::json scenario = eight_tensors(folder);
  scenario["methods"] = {{{"name", "signsgd-mv"}, {"collective", "sharded-parameter-server"}}};
  scenario["sweep"] = {{"network.bandwidth", {"100 Mbps"}}};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("schedule s.json", folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  CHECK_THAT(run.out, Catch::Contains("\n  sharded-parameter-server\n"));
  std::istringstream lines(run.out);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 120);
}

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

namespace {

/// Two hosts of four GPUs, six tensors of up to 3 ms, encoding and decoding 0.3 ms: groups wait for tensors.
nlohmann::json six_tensors_on_hosts(const TemporaryFolder& folder, nlohmann::json method, const char* hierarchy) {
  nlohmann::json scenario = on_hosts(eight_tensors(folder), 4);
  scenario["workers"] = 8;
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, 0.3 * ms)));
  for (int i = 0; i < 2; ++i) scenario["model"]["tensors"].erase(6);
  scenario["compute"]["backward"] = "12 ms";
  method["hierarchy"] = hierarchy;
  scenario["methods"] = {method};
  return scenario;
}

/// All ways to cut tensors t0 to t5 into groups of neighbours.
nlohmann::json every_grouping() {
  nlohmann::json all = nlohmann::json::array();
  for (unsigned cuts = 0; cuts < 32; ++cuts) {
    nlohmann::json groups = {nlohmann::json::array()};
    for (unsigned i = 0; i < 6; ++i) {
      if (i > 0 && (cuts >> (i - 1) & 1U) != 0) groups.push_back(nlohmann::json::array());
      groups.back().push_back("t" + std::to_string(i));
    }
    all.push_back({{"groups", groups}});
  }
  return all;
}

/// What the program says of a scenario.
std::string ran(const TemporaryFolder& folder, const nlohmann::json& scenario, const std::string& arguments) {
  folder.write("s.json", scenario.dump());
  const Ended ended = run_program(arguments, folder.path());
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  return ended.out;
}

}  // namespace

TEST_CASE("schedule: with a hierarchy groups are modelled as simulated, and the optimum is the least", "[large]") {
  const TemporaryFolder folder;
  const nlohmann::json methods = {{{"name", "signsgd"}}, {{"name", "top-k"}, {"density", 0.05}}, {{"name", "sgd"}}};
  for (const nlohmann::json& method : methods) {
    for (const char* hierarchy : {"shard", "leader"}) {
      nlohmann::json scenario = six_tensors_on_hosts(folder, method, hierarchy);
      double optimum = 0;
      for (const auto& row : nlohmann::json::parse(ran(folder, scenario, "schedule s.json --format json -o out"))) {
        INFO(row["method"] << " " << row["grouping"]);
        CHECK(row["model_s"].get<double>() == Approx(row["iteration_s"].get<double>()).epsilon(0.005));
        if (row["grouping"] != "optimal") continue;
        CHECK(row["proved"] == true);
        optimum = row["iteration_s"];
      }
      scenario["sweep"] = {{"grouping", every_grouping()}};
      scenario["schedule"] = {{"decode", "after-backward"}};
      double least = 1e300;
      for (const auto& row : parse_csv(ran(folder, scenario, "s.json --format csv -o run --fresh")))
        least = std::min(least, number(row, "iteration_s"));
      INFO(method << " " << hierarchy);
      CHECK(optimum <= least * (1 + 2e-3));
    }
  }
}

TEST_CASE("schedule: methods whose groups cannot be searched are left out, and named") {
  const TemporaryFolder folder;
  nlohmann::json scenario = eight_tensors(folder);
  scenario["methods"] = {{{"name", "powersgd"}}, {{"name", "sgd"}}};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("schedule s.json --format json -o out", folder.path());
  REQUIRE(run.status == 0);
  CHECK_THAT(run.err, Catch::Contains("note: powersgd is left out"));
  for (const auto& row : nlohmann::json::parse(run.out)) CHECK(row["method"] == "sgd");
  CHECK(run_program("schedule s.json --set 'methods=[{\"name\":\"powersgd\"}]' -o out", folder.path()).status == 2);
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

TEST_CASE("schedule: a run that goes on takes the groups that were found before") {
  const TemporaryFolder folder;
  nlohmann::json scenario = eight_tensors(folder);
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "signsgd"}}};
  scenario["schedule"] = {{"grouping", {{"search", "optimal"}}}, {"decode", "after-backward"}};
  const std::string out = folder.path() + "/run";
  const auto result = [&](const char* more) {
    ran(folder, scenario, std::string("s.json -o run ") + more);
    return read_file(out + "/points.csv") + read_file(out + "/report.json");
  };
  const std::string first = result("");
  std::vector<std::string> keys;
  for (const nlohmann::json& record : records_in(out + "/groups")) keys.push_back(record["key"]);
  REQUIRE(keys.size() == 2);
  std::filesystem::remove_all(out + "/points");
  CHECK(result("") == first);
  // What is there is believed; a record that is damaged, or does not fit the model, is not.
  const GroupStore store(out + "/groups", keys);
  const auto found = store.read();
  const Grouping::Explicit one{{{"t7", "t6", "t5", "t4", "t3", "t2", "t1", "t0"}}};
  REQUIRE((found[0] && found[1]));
  CHECK_FALSE((*found[0] == one || *found[1] == one));
  const auto plant = [&](const std::vector<Grouping::Explicit>& groups) {
    for (const auto& file : std::filesystem::directory_iterator(out + "/groups")) std::filesystem::remove(file);
    store.keep(groups);
  };
  plant({one, one});
  const std::string planted = result("");
  CHECK(planted != first);
  CHECK(
      nlohmann::json::parse(read_file(out + "/report.json"))["resolved"][0]["schedule"]["grouping"]["groups"].size() ==
      1);
  plant({Grouping::Explicit{{{"t7"}}}, Grouping::Explicit{{{"x"}}}});
  CHECK(result("") == first);
  for (const auto& file : std::filesystem::directory_iterator(out + "/groups")) {
    const std::string text = read_file(file.path());
    std::ofstream(file.path()) << text.substr(0, text.size() - 2);
  }
  CHECK(result("") == first);
  plant({one, one});
  CHECK(result("--fresh") == first);
  // Those of another scenario are removed.
  scenario["schedule"]["grouping"] = "model";
  result("");
  CHECK_FALSE(std::filesystem::exists(out + "/groups"));
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
