// `simrun plan`: the fastest way, and what would turn it, by closed forms.

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <set>
#include <sstream>

#include "sim/devices/profile_text.hpp"
#include "sim/methods/method.hpp"
#include "sim/study/method_memory.hpp"
#include "sim/system/folder_lock.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

/// Four workers and a million parameters on a device on which every operation takes 5 ms: sgd by a ring, or fp32 pairs
/// that all gather by a ring.
json two_methods(const TemporaryFolder& folder) {
  json scenario = tiny_scenario();
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, 5 * ms)));
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {1'000'000}}}};
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "top-k"}, {"density", 0.01}}};
  scenario["plan"] = {
      {"methods", {"sgd", "top-k"}}, {"collective", {"ring", "allgather-ring"}}, {"grouping", {"model"}}};
  return scenario;
}

json planned(const json& scenario, const TemporaryFolder& folder, const std::string& more = "") {
  folder.write("s.json", scenario.dump());
  const Ended ended = run_program("plan s.json --format json" + more, folder.path());
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  return json::parse(ended.out);
}

const json& turn(const json& plan, const std::string& axis, const std::string& direction) {
  for (const json& each : plan.at("turns")) {
    if (each["axis"] == axis && each["direction"] == direction) return each;
  }
  FAIL("no turn of " << axis << " " << direction);
  return plan;
}

// Payloads: 32 bytes of header, 10,000 indices and values. At bandwidth B and latency L sgd exchanges for
// 6 (L + 1 MB / B), top-k for 3 (L + 80,032 B / B), encodes for 5 ms and decodes four payloads for 5 ms.
constexpr double pairs = 80'032;
double sgd_iteration(double bandwidth, double latency) {
  return 10 * ms + 6 * (latency + 1e6 / bandwidth);
}
double top_k_iteration(double bandwidth, double latency) {
  return 20 * ms + 3 * (latency + pairs / bandwidth);
}

}  // namespace

TEST_CASE("plan: the fastest, the runner-up and the bandwidth that turns it are those of closed forms", "[large]") {
  const TemporaryFolder folder;
  const json plan = planned(two_methods(folder), folder);
  CHECK(plan["winner"]["method"] == "top-k");
  CHECK(plan["winner"]["iteration_s"].get<double>() == Approx(top_k_iteration(125e6, 50e-6)).epsilon(1e-6));
  CHECK(plan["runner_up"]["method"] == "sgd");
  CHECK(plan["runner_up"]["longer_by"].get<double>() ==
        Approx(sgd_iteration(125e6, 50e-6) / top_k_iteration(125e6, 50e-6) - 1).epsilon(1e-6));
  // 6 L + 6 MB / B = 10 ms + 3 L + 3 P / B: B = (6 MB - 3 P) / (10 ms - 3 L) = 4.678 Gbps.
  const double bandwidth = (6e6 - 3 * pairs) / (10 * ms - 3 * 50e-6);
  const json& above = turn(plan, "bandwidth", "above");
  CHECK(above["by"] == "sgd");
  CHECK(above["value"].get<double>() == Approx(8 * bandwidth).epsilon(0.011));
  CHECK(turn(plan, "bandwidth", "below")["value"].is_null());
  // Latency is worth more to sgd: it never wins by that.
  CHECK(turn(plan, "latency", "above")["value"].is_null());
  // M - 1 steps of latency and pairs against 2 (M - 1) / M of the bytes: with two workers sgd takes 2 (L + 16 ms).
  CHECK(turn(plan, "workers", "below")["value"].is_null());
  // Encoding may take what sgd is slower by more.
  const json& encoding = turn(plan, "encoding of top-k", "above");
  CHECK(encoding["value"].get<double>() ==
        Approx(5 * ms + sgd_iteration(125e6, 50e-6) - top_k_iteration(125e6, 50e-6)).epsilon(1e-5));
}

TEST_CASE("plan: where the fastest has a better way, that is what a rival must beat", "[large]") {
  // Six workers, 10 Gbps, coding of 10 ms: sgd exchanges for 10 L + 5.33 ms by a ring, and by halving and doubling,
  // with two workers folded in, for 6 L + 3.5 x 3.2 ms; top-k for 5 (L + P / B), and codes for 20 ms. A ring alone
  // would be beaten from L = 3 ms on.
  const TemporaryFolder folder;
  json scenario = two_methods(folder);
  scenario["device"] = folder.write("slow.json", profile_text(even_profile({1e-6, 1e12}, 10 * ms)));
  scenario["workers"] = 6;
  scenario["network"]["bandwidth"] = "10 Gbps";
  scenario["plan"]["collective"] = {"ring", "halving-doubling", "allgather-ring"};
  const json plan = planned(scenario, folder);
  CHECK(plan["winner"]["collective"] == "ring");
  const json& above = turn(plan, "latency", "above");
  CHECK(above["by"] == "top-k (K/N 0.01)");
  const double latency = 20 * ms + 5 * pairs / 1.25e9 - 3.5 * 3.2 * ms;
  CHECK(above["value"].get<double>() == Approx(latency).epsilon(0.011));
}

TEST_CASE("plan: a platform file is looked at again where it was refused", "[large]") {
  const TemporaryFolder folder;
  json scenario = two_methods(folder);
  folder.write("p.xml", R"(<?xml version="1.0"?><!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1"><zone id="z" routing="Full"><host id="a" speed="1Gf"/><host id="b" speed="1Gf"/>
<host id="c" speed="1Gf"/><host id="d" speed="1Gf"/><link id="l" bandwidth="1Gbps" latency="50us"/>
<route src="a" dst="b"><link_ctn id="l"/></route></zone></platform>)");
  scenario["workers"] = 2;
  scenario["network"] = {{"platform", "p.xml"}};
  CHECK_THAT(turn(planned(scenario, folder), "workers", "above")["reason"].get<std::string>(),
             Catch::Contains("no route from"));
}

TEST_CASE("plan: the least bandwidth for an efficiency, or why there is none", "[large]") {
  const TemporaryFolder folder;
  json scenario = two_methods(folder);
  // sgd: 10 ms / 0.8 = 12.5 ms, of which 6 L are latency: 6 MB / 2.2 ms.
  scenario["plan"]["target"] = {{"efficiency", 0.8}};
  const json reached = planned(scenario, folder)["least_bandwidth"];
  CHECK(reached["by"] == "sgd");
  CHECK(reached["value"].get<double>() == Approx(8 * 6e6 / (2.5 * ms - 6 * 50e-6)).epsilon(0.011));
  // 6 L alone leave 10 / 10.3.
  scenario["plan"]["target"] = {{"efficiency", 0.98}};
  const json missed = planned(scenario, folder);
  CHECK(missed["least_bandwidth"]["value"].is_null());
  CHECK(missed["answer"][0].get<std::string>().find("cannot be reached") != std::string::npos);
}

TEST_CASE("plan: on a platform without a host for a server all other ways are looked at", "[large]") {
  const TemporaryFolder folder;
  json scenario = two_methods(folder);
  folder.write("p.xml", R"(<?xml version="1.0"?><!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1"><cluster id="c" prefix="n" suffix="" radical="0-3" speed="1Gf" bw="125MBps" lat="25us"/></platform>)");
  scenario["network"] = {{"platform", "p.xml"}};
  scenario["plan"] = {{"methods", {"sgd", "top-k"}}, {"grouping", {"model"}}, {"target", {{"efficiency", 0.1}}}};
  const json plan = planned(scenario, folder);
  std::set<std::string> collectives;
  for (const json& each : plan["alternatives"]) collectives.insert(each["collective"]);
  CHECK(collectives ==
        std::set<std::string>{"allgather-doubling", "allgather-ring", "halving-doubling", "ring", "tree"});
  REQUIRE(plan["left_out"].size() == 1);
  CHECK_THAT(plan["left_out"][0].get<std::string>(),
             Catch::StartsWith("sgd by parameter-server: ") &&
                 Catch::EndsWith("a parameter server takes one; accepted: at least 5"));
  CHECK_THAT(plan["answer"][0].get<std::string>(),
             Catch::StartsWith("A scaling efficiency of 10.0 % takes a bandwidth of 0.") &&
                 Catch::Contains(" times the file's (now the file's), with "));
  // A server on a worker's host is one way of several.
  scenario["methods"] = {{{"name", "signsgd-mv"}, {"server", "rank0"}}};
  scenario["plan"]["methods"] = {"signsgd-mv"};
  collectives.clear();
  const json votes = planned(scenario, folder);
  for (const json& each : votes["alternatives"]) collectives.insert(each["collective"]);
  CHECK(collectives == std::set<std::string>{"parameter-server", "sharded-parameter-server"});
  scenario["workers"] = 5;
  folder.write("s.json", scenario.dump());
  CHECK(run_program("plan s.json", folder.path()).status == 2);
  // A run says whose server it is, and what that method can do without.
  scenario["workers"] = 4;
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "signsgd-mv"}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json", folder.path()).err,
             Catch::EndsWith("accepted: at least 5; or for signsgd-mv server rank0, on a worker's, or collective "
                             "sharded-parameter-server\n"));
}

TEST_CASE("plan: time to a target is rounds times iterations", "[large]") {
  const TemporaryFolder folder;
  json scenario = two_methods(folder);
  folder.write("c.csv", "method,density,round,accuracy\nsgd,,100,0.9\ntop-k,0.01,300,0.9\ntop-k,0.05,10,0.5\n");
  scenario["plan"].update({{"curves", "c.csv"}, {"target", {{"accuracy", 0.9}}}});
  const json plan = planned(scenario, folder);
  // Twice the iteration, a third of the rounds.
  CHECK(plan["winner"]["method"] == "sgd");
  CHECK(plan["winner"]["total_s"].get<double>() == Approx(100 * sgd_iteration(125e6, 50e-6)).epsilon(1e-6));
  CHECK(plan["without_target"] == json{"top-k (K/N 0.05): does not reach it"});
  for (const json& each : plan["turns"]) CHECK(each["axis"] != "workers");
  // With a fifth of the rounds top-k's iteration may take five times as long as sgd's, all in its encoding.
  folder.write("c.csv", "method,density,round,accuracy\nsgd,,100,0.9\ntop-k,0.01,20,0.9\n");
  const json fewer = planned(scenario, folder);
  CHECK(fewer["winner"]["method"] == "top-k");
  CHECK(turn(fewer, "encoding of top-k", "above")["value"].get<double>() ==
        Approx(5 * ms + 5 * sgd_iteration(125e6, 50e-6) - top_k_iteration(125e6, 50e-6)).epsilon(1e-5));
}

TEST_CASE("plan: memory is residual, payloads and what is decoded; what takes more than there is, is left out",
          "[large]") {
  // A million parameters: top-k keeps 4 MB of residual and decodes four payloads, its own of these; sgd needs nothing.
  const TemporaryFolder folder;
  json scenario = two_methods(folder);
  const json plan = planned(scenario, folder);
  CHECK(plan["winner"]["memory_bytes"] == 4e6 + pairs + 4 * pairs);
  CHECK(plan["runner_up"]["memory_bytes"] == 0);
  scenario["plan"]["memory"] = "4.2 MB";
  CHECK(planned(scenario, folder)["alternatives"].size() == 1);
  scenario["plan"].erase("memory");
  CHECK(planned(scenario, folder, " --set 'device.memory=\"4.2 MB\"'")["alternatives"].size() == 1);
  scenario["plan"]["memory"] = "4 MB";
  scenario["plan"]["methods"] = {"top-k"};
  folder.write("s.json", scenario.dump());
  const Ended none = run_program("plan s.json", folder.path());
  CHECK(none.status == 1);
  CHECK(none.err == "simrun: nothing is left: 1 way of top-k takes 4.40 MB of device memory, more than 4.00 MB\n");
}

TEST_CASE("plan: memory of local steps is what all had alike, the outer momentum and a fragment's payloads") {
  const TemporaryFolder folder;
  json scenario = two_methods(folder);
  const json outer = {{"optimizer", "sgd"}};
  scenario["methods"] = {{{"name", "diloco"}, {"local_steps", 10}},
                         {{"name", "top-k"}, {"k", 10}, {"outer", outer}},
                         {{"name", "cd-sgd"}}};
  const Study study = study_of(scenario, folder);
  PointResult result{.times = Times{}, .payload_bytes = 4e5, .failure = {}};
  result.times->result_bytes = 200'000;
  // Of a million parameters; bytes are means over steps.
  CHECK(method_memory(study.points[0].scenario, result) == Bytes(2 * 4e6 + 10 * 6e5));
  CHECK(method_memory(study.points[1].scenario, result) == Bytes(2 * 4e6 + 6e5));
  // What was sent until it arrives, besides; and a full exchange.
  CHECK(method_memory(study.points[2].scenario, result) == Bytes(3 * 4e6 + 2 * 4e6));
}

TEST_CASE("plan: implementations are those of the sweep, where the plan names none", "[large]") {
  const TemporaryFolder folder;
  json scenario = two_methods(folder);
  scenario["device"] = {{"profile", "v100"}};
  scenario["sweep"] = {{"device.implementation", {"pytorch"}}};
  const auto implementations = [&] {
    std::set<std::string> found;
    const json plan = planned(scenario, folder);
    for (const json& each : plan["alternatives"]) found.insert(each["implementation"]);
    return found;
  };
  CHECK(implementations() == std::set<std::string>{"pytorch"});
  scenario["sweep"] = {{"device.implementation", {"simrun", "pytorch"}}};
  CHECK(implementations() == std::set<std::string>{"pytorch", "simrun"});
  scenario.erase("sweep");
  scenario["device"] = "v100-pytorch";
  CHECK(implementations() == std::set<std::string>{"pytorch"});
  scenario["device"] = "v100";
  const json plan = planned(scenario, folder);
  for (const char* best : {"winner", "runner_up"}) {
    const std::string label = plan[best]["label"];
    CHECK((label.ends_with(", simrun") || label.ends_with(", pytorch")) == label.starts_with("top-k"));
  }
}

TEST_CASE("plan: of two at once in one folder the second is refused", "[large]") {
  const TemporaryFolder folder;
  folder.write("s.json", two_methods(folder).dump());
  std::filesystem::create_directory(folder.path() + "/out");
  const FolderLock lock(folder.path() + "/out", FolderLock::Kind::alone);
  for (const char* command : {"plan s.json -o out", "s.json -o out"}) {
    const Ended second = run_program(command, folder.path());
    CHECK(second.status == 2);
    CHECK_THAT(second.err, Catch::StartsWith("command line: --out: another run is at work in the folder out; "));
    CHECK((second.err.find("--shard") != std::string::npos) == (command[0] == 's'));
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/out/points"));
  }
}

TEST_CASE("plan, explain: lines have at most 120 columns", "[large]") {
  const TemporaryFolder folder;
  json scenario = two_methods(folder);
  scenario["plan"] = {{"methods", {"sgd", "top-k", "signsgd-mv"}}};
  folder.write("s.json", scenario.dump());
  for (const char* command : {"plan s.json", "explain s.json top-k"}) {
    std::istringstream lines(run_program(command, folder.path()).out);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) CHECK(line.size() <= 120);
    CHECK(count > 10);
  }
}

TEST_CASE("plan: the same again from what is kept, on any number of jobs", "[large]") {
  const TemporaryFolder folder;
  const json scenario = two_methods(folder);
  const json first = planned(scenario, folder, " -j 1");
  const json second = planned(scenario, folder, " -j 3");
  CHECK(second["points"]["simulated"] == 0);
  CHECK(first["points"]["simulated"].get<int>() > 10);
  CHECK(second["points"]["from_before"] == first["points"]["simulated"]);
  CHECK(first["turns"] == second["turns"]);
  CHECK(first["alternatives"] == second["alternatives"]);
  std::filesystem::remove_all(folder.path() + "/results");
  const json third = planned(scenario, folder, " -j 3");
  CHECK(first["turns"] == third["turns"]);
}

TEST_CASE("plan: all methods, collectives and groupings are looked at if nothing is said", "[large]") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.05}, {"index", "bitmap"}}};
  const json plan = planned(scenario, folder);
  std::map<std::string, int> ways;
  for (const json& each : plan["alternatives"]) ++ways[each["method"]];
  std::string left_out;
  for (const json& line : plan["left_out"]) left_out += line.get<std::string>() + "\n";
  for (const MethodEntry& method : methods())
    CHECK((ways.contains(std::string(method.name)) || left_out.find(method.name) != std::string::npos));
  CHECK(left_out.find("streaming-diloco") != std::string::npos);
  CHECK_FALSE(ways.contains("streaming-diloco"));
  CHECK(ways["sgd"] == 8);  // four collectives, as a whole and in buckets of a quarter
  CHECK(ways["top-k"] == 4);
  for (const json& each : plan["alternatives"]) {
    if (each["method"] != "top-k") continue;
    CHECK(each["label"].get<std::string>().find("bitmap") != std::string::npos);
    CHECK(each["density"] == 0.05);
  }
  // What the scenario does not name is told from what it names, in the table too.
  for (const json& each : plan["alternatives"]) CHECK(each["named"] == (each["method"] == "top-k"));
  CHECK_THAT(plan["answer"][1].get<std::string>(),
             Catch::StartsWith("The scenario does not name it, and what it costs in accuracy was not looked at; of the "
                               "methods that it names top-k"));
  const auto text_of = [&](const char* more) {
    return run_program(std::string("plan s.json ") + more, folder.path()).out;
  };
  const std::string text = text_of("");
  CHECK(text.find("\nbest of each method, network model ideal ") != std::string::npos);
  CHECK(text.find("\nsgd, ") != std::string::npos);
  CHECK(text.find(" *  ") != std::string::npos);
  CHECK(text.find("\n* not named by the scenario: ") != std::string::npos);
  const json named = planned(scenario, folder, " --set plan.methods=scenario");
  CHECK(named["alternatives"].size() == 4);
  for (const json& each : named["alternatives"]) CHECK(each["method"] == "top-k");
  CHECK(text_of("--set plan.methods=scenario").find('*') == std::string::npos);
  // Named by the plan is named.
  const json one = planned(scenario, folder, " --set 'plan.methods=[\"sgd\"]'");
  for (const json& each : one["alternatives"]) CHECK(each["named"] == true);
}

}  // namespace simrun
