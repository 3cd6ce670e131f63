// `simrun compare`: what differs between two runs, and what explains it.

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

json compared_runs(const TemporaryFolder& folder, const std::string& runs) {
  const Ended ended = run_program("compare " + runs + " --format json", folder.path());
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  return json::parse(ended.out);
}

}  // namespace

TEST_CASE("compare: parts add up to the change, and one difference alone changes what a closed form says", "[large]") {
  // A ring of four with a million parameters: 6 (50 us + 1 MB / B). Ten times the bandwidth saves 43.2 ms, half of the
  // forward pass 2 ms.
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {1'000'000}}}};
  scenario["methods"] = {{{"name", "sgd"}}, top_k};
  folder.write("a.json", scenario.dump());
  scenario["network"]["bandwidth"] = "10 Gbps";
  scenario["compute"]["forward"] = "2 ms";
  folder.write("b.json", scenario.dump());
  const double before = 10 * ms + 6 * (0.05 * ms + 8 * ms);
  const json of_scenarios = compared_runs(folder, "a.json b.json");
  REQUIRE(of_scenarios["points"].size() == 2);
  const json& sgd = of_scenarios["points"][0];
  CHECK(sgd["change"].get<double>() == Approx(-(43.2 * ms + 2 * ms) / before).epsilon(1e-6));
  for (const json& point : of_scenarios["points"]) {
    double sum = 0;
    for (const char* part : {"compute", "encode", "communication", "decode", "staging"})
      sum += point[std::string(part) + "_change_s"].get<double>();
    CHECK(sum == Approx(point["second_iteration_s"].get<double>() - point["first_iteration_s"].get<double>()));
  }
  REQUIRE(of_scenarios["inputs"].size() == 2);
  CHECK(of_scenarios["inputs"][0]["path"] == "compute.forward");
  CHECK(of_scenarios["inputs"][0]["alone"]["0"].get<double>() == Approx(-2 * ms / before).epsilon(1e-6));
  CHECK(of_scenarios["inputs"][1]["path"] == "network.bandwidth");
  CHECK(of_scenarios["inputs"][1]["alone"]["0"].get<double>() == Approx(-43.2 * ms / before).epsilon(1e-6));

  // Both differences on the command line, in the second alone.
  const json of_one =
      compared_runs(folder, "a.json a.json --set 'network.bandwidth=\"10 Gbps\"' --set 'compute.forward=\"2 ms\"'");
  CHECK(of_one["points"] == of_scenarios["points"]);
  CHECK(of_one["inputs"] == of_scenarios["inputs"]);

  // Folders that runs wrote say the same.
  for (const char* run : {"a.json -o a", "b.json -o b"}) REQUIRE(run_program(run, folder.path()).status == 0);
  const json of_folders = compared_runs(folder, "a b");
  CHECK(of_folders["points"] == of_scenarios["points"]);
  CHECK(of_folders["inputs"] == of_scenarios["inputs"]);
  // A folder that somebody has changed: an iteration differs, and no part of it does.
  json report = json::parse(read_file(folder.path() + "/a/report.json"));
  report["points"][0]["iteration_s"] = 1.01 * report["points"][0]["iteration_s"].get<double>();
  REQUIRE(run_program("a.json -o c", folder.path()).status == 0);
  folder.write("c/report.json", report.dump());
  CHECK(run_program("compare a c", folder.path()).status == 0);
  const json none = compared_runs(folder, "a a");
  CHECK(none["inputs"].empty());
  CHECK(none["points"][0]["change"] == 0);
}

TEST_CASE("compare: a file of one name and other contents is told, also where it was changed between runs", "[large]") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  const auto write_model = [&](const std::string& to, int elements) {
    const json tensor = {{"name", "a"}, {"shape", {elements}}};
    folder.write(to, json{{"name", "m"}, {"tensors", {tensor}}}.dump());
  };
  scenario["model"] = "./m.json";
  scenario["methods"] = {{{"name", "sgd"}}};
  for (const char* side : {"one", "two"}) {
    std::filesystem::create_directory(folder.path() + "/" + side);
    folder.write(std::string(side) + "/s.json", scenario.dump());
    write_model(std::string(side) + "/m.json", side == std::string("one") ? 1000 : 2000);
  }
  const json inputs = compared_runs(folder, "one/s.json two/s.json")["inputs"];
  CHECK_THAT(run_program("compare one/s.json two/s.json", folder.path()).out,
             Catch::Contains(" not by itself\nnot by itself: could not be simulated alone ("));
  REQUIRE(inputs.size() == 1);
  CHECK(inputs[0]["path"] == "model");
  CHECK(inputs[0]["contents"] == true);
  CHECK(inputs[0]["first"] != inputs[0]["second"]);
  CHECK(inputs[0]["alone"].empty());
  CHECK_THAT(run_program("compare one/s.json two/s.json", folder.path()).out, Catch::Contains("contents of model"));

  REQUIRE(run_program("one/s.json -o before", folder.path()).status == 0);
  write_model("one/m.json", 2000);
  REQUIRE(run_program("one/s.json -o after", folder.path()).status == 0);
  // From another folder, since a report names its scenario's file in full.
  const Ended ended = run_program("compare ../before ../after --format json", folder.path() + "/two");
  REQUIRE(ended.status == 0);
  CHECK(json::parse(ended.out)["inputs"] == inputs);
}

TEST_CASE("compare: what is a word in one run and an object in the other is one difference", "[large]") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  folder.write("a.json", scenario.dump());
  scenario["schedule"] = {{"grouping", {{"bucket", "800 B"}}}};
  folder.write("b.json", scenario.dump());
  const json all = compared_runs(folder, "a.json b.json");
  REQUIRE(all["inputs"].size() == 1);
  CHECK(all["inputs"][0]["path"] == "schedule.grouping");
  CHECK(all["inputs"][0]["alone"]["0"].get<double>() == Approx(all["points"][0]["change"].get<double>()));
}

TEST_CASE("compare: whose times a device has is told where only one run says so") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "onebit"}}};
  scenario["device"] = {{"profile", "v100"}};
  folder.write("a.json", scenario.dump());
  scenario["device"]["implementation"] = "simrun";
  folder.write("same.json", scenario.dump());
  scenario["device"]["implementation"] = "pytorch";
  folder.write("b.json", scenario.dump());
  CHECK(compared_runs(folder, "a.json same.json")["inputs"].empty());
  const json both = compared_runs(folder, "b.json a.json");
  REQUIRE(both["inputs"].size() == 1);
  CHECK(both["inputs"][0]["path"] == "device.implementation");
  CHECK(both["inputs"][0]["first"] == "pytorch");
  CHECK(both["inputs"][0]["second"] == "simrun");
  CHECK(both["inputs"][0]["alone"]["0"].get<double>() == Approx(both["points"][0]["change"].get<double>()));
}

TEST_CASE("compare: points without a pair are named, and what went in is not called the same", "[large]") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  folder.write("a.json", scenario.dump());
  CHECK_THAT(run_program("compare a.json a.json", folder.path()).out, Catch::Contains("What went in is the same.\n"));
  scenario["methods"].push_back({{"name", "signsgd-mv"}});
  folder.write("b.json", scenario.dump());
  const std::string said = run_program("compare a.json b.json", folder.path()).out;
  CHECK_THAT(said, Catch::Contains("Without a pair: 1 of the second (signsgd-mv, M = 4)."));
  CHECK_THAT(said, !Catch::Contains("What went in is the same.\n"));
}

TEST_CASE("compare: what is swept tells points apart", "[large]") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["sweep"] = {{"network.latency", {"50 us", "70 us"}}, {"workers", {2}}};
  folder.write("a.json", scenario.dump());
  const std::string runs = "a.json a.json --set 'network.bandwidth=\"10 Gbps\"'";
  const std::string text = run_program("compare " + runs, folder.path()).out;
  CHECK_THAT(text, Catch::Contains("\nsgd, network.latency \"50 us\"  ") &&
                       Catch::Contains("\nsgd, network.latency \"70 us\"  "));
  const json points = compared_runs(folder, runs)["points"];
  REQUIRE(points.size() == 2);
  CHECK(points[1]["swept"] == json{{"network.latency", "70 us"}, {"workers", 2}});
}

TEST_CASE("compare: runs with other workers are held against each other", "[large]") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  folder.write("a.json", scenario.dump());
  scenario["workers"] = 8;
  folder.write("b.json", scenario.dump());
  const json all = compared_runs(folder, "a.json b.json");
  REQUIRE(all["points"].size() == 1);
  CHECK(all["points"][0]["workers"] == 4);
  CHECK(all["points"][0]["workers_second"] == 8);
  CHECK(all["inputs"][0]["path"] == "workers");
  CHECK(all["inputs"][0]["alone"]["0"].get<double>() == Approx(all["points"][0]["change"].get<double>()));
}

}  // namespace simrun
