// The program as users run it.

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "sim/devices/profile_text.hpp"
#include "sim/workload/npy.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/program.hpp"
#include "tests/sim/simulated_exchange.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

/// 1,000 parameters in three tensors, 10 ms of computing, four workers: quick, and small enough to check by hand.
json small_scenario() {
  return json::parse(R"({
    "workers": 4,
    "model": {"name": "small", "tensors": [
      {"name": "a", "shape": [10, 20]}, {"name": "b", "shape": [300]}, {"name": "c", "shape": [500]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": [{"name": "sgd"}, {"name": "top-k", "density": 0.01}, {"name": "gtop-k", "k": 10},
                {"name": "signsgd-mv"}, {"name": "sparse-signsgd", "density": 0.05}]})");
}

std::vector<std::map<std::string, std::string>> rows_of(const json& scenario, const std::string& options = "") {
  const TemporaryFolder folder;
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json --format csv " + options, folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  return parse_csv(run.out);
}

/// Where every operation takes so many seconds, whatever its size.
std::string even_device(double seconds, const TemporaryFolder& folder) {
  return folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, seconds)));
}

}  // namespace

TEST_CASE("program: times are the closed forms") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario["device"] = even_device(1e-9, folder);
  const auto rows = rows_of(scenario);
  REQUIRE(rows.size() == 5);
  // sgd, ring of 4: 6 steps of 4 ceil(1000 / 4) bytes.
  CHECK(number(rows[0], "communication_s") == Approx(6 * (a + 1000 / B)).epsilon(1e-9));
  CHECK(number(rows[0], "compute_s") == Approx(0.01));
  // top-k: K = 10, 3 steps of 32 + 80 bytes; decoded are four payloads.
  CHECK(number(rows[1], "payload_bytes") == 112);
  CHECK(number(rows[1], "result_bytes") == 448);
  CHECK(number(rows[1], "communication_s") == Approx(3 * (a + 112 / B)).epsilon(1e-9));
  // gtop-k: 2 x log2 4 steps of a payload; rank 0, which merges, is first: merging is waiting time for the last rank.
  CHECK(number(rows[2], "communication_s") >= 4 * (a + 112 / B) * (1 - 1e-9));
  CHECK(number(rows[2], "communication_s") == Approx(4 * (a + 112 / B)).epsilon(1e-3));
  // signsgd-mv: 4 payloads of 32 + 4 x 32 bytes in, 4 out.
  CHECK(number(rows[3], "payload_bytes") == 160);
  CHECK(number(rows[3], "result_bytes") == 160);
  CHECK(number(rows[3], "sent_bytes") == 640);  // the server's
  CHECK(number(rows[3], "communication_s") == Approx(2 * (a + 640 / B)).epsilon(1e-3));
  // sparse-signsgd: K = 50: 32 + 200 + 7.
  CHECK(number(rows[4], "payload_bytes") == 239);
  CHECK(number(rows[4], "result_bytes") > 239);  // the union of four supports
}

TEST_CASE("program: scaled signs go to all, and every worker decodes those of all") {
  json scenario = small_scenario();
  scenario["methods"] = json::parse(R"([{"name": "signsgd-mv"}, {"name": "ef-signsgd"},
                                        {"name": "ef-signsgd", "collective": "allgather-doubling"}])");
  const TemporaryFolder folder;
  scenario["device"] = even_device(1e-6, folder);
  const auto rows = rows_of(scenario);
  for (const std::size_t i : {1U, 2U}) {
    // 1000 elements: a header of 32 bytes, a scale, 32 words; four workers.
    CHECK(number(rows[i], "payload_bytes") == 164);
    CHECK(number(rows[i], "result_bytes") == 4 * 164);
    CHECK(number(rows[i], "sent_bytes") == 3 * 164);
    CHECK(number(rows[i], "decode_s") == Approx(4 * number(rows[0], "decode_s")));
    CHECK(number(rows[i], "encode_s") == Approx(1e-6));
    CHECK(rows[i].at("k").empty());
  }
  CHECK(number(rows[1], "communication_s") == Approx(3 * (50e-6 + 164 / 125e6)).epsilon(1e-3));
}

TEST_CASE("program: error feedback that has nothing to keep is pointed out, once") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "signsgd-mv"}, {"error_feedback", true}},
                         {{"name", "sgd"}, {"error_feedback", true}, {"precision", "fp16"}},
                         {{"name", "ef-signsgd"}, {"error_feedback", true}},
                         {{"name", "sgd"}, {"error_feedback", false}}};
  scenario["sweep"] = {{"workers", {2, 3}}};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json", folder.path());
  CHECK(run.status == 0);
  CHECK_THAT(run.err,
             Catch::Contains("methods.0.error_feedback: signsgd-mv leaves no residual, so it changes nothing\n"));
  CHECK(run.err.find("error_feedback") == run.err.rfind("error_feedback"));
}

TEST_CASE("program: gradients that are one for all, or nothing but zeros, are pointed out") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  std::vector<float> values(40, 0.0F);
  scenario["workers"] = 2;
  scenario["model"] = {{"name", "m"}, {"tensors", {{{"name", "w"}, {"shape", {40}}}}}};
  scenario["compute"] = {{"forward", "1 ms"}, {"backward", "1 ms"}};
  scenario["methods"] = {{{"name", "top-k"}, {"k", 4}}};
  scenario.erase("sweep");
  folder.write("zero.npy", npy_of(values));
  values.back() = 1;
  folder.write("a.npy", npy_of(values));
  folder.write("b.npy", npy_of(values));
  const auto said = [&](const json& files) {
    scenario["gradients"] = {{"source", "npy"}, {"files", files}};
    folder.write("s.json", scenario.dump());
    const Ended run = run_program("s.json", folder.path());
    CHECK(run.status == 0);
    return std::pair(run.err.find("all workers have ") != std::string::npos,
                     run.err.find("nothing but zeros in ") != std::string::npos);
  };
  CHECK(said({"a.npy", "b.npy"}) == std::pair(true, false));  // copies
  values.front() = 1;
  folder.write("c.npy", npy_of(values));
  CHECK(said({"a.npy", "c.npy"}) == std::pair(false, false));
  CHECK(said({"a.npy"}) == std::pair(true, false));
  CHECK(said({"a.npy", "./a.npy"}) == std::pair(true, false));
  CHECK(said({"a.npy", "zero.npy"}) == std::pair(false, true));
  CHECK(said({"zero.npy"}) == std::pair(true, true));
  scenario["workers"] = 1;
  CHECK(said({"a.npy"}) == std::pair(false, false));
}

TEST_CASE("program: the parts add up, and the derived columns follow") {
  for (const auto& row : rows_of(small_scenario())) {
    INFO(row.at("method"));
    const double iteration = number(row, "iteration_s");
    CHECK(number(row, "compute_s") + number(row, "encode_s") + number(row, "communication_s") +
              number(row, "decode_s") + number(row, "staging_s") ==
          Approx(iteration).epsilon(1e-12));
    CHECK(number(row, "samples_per_s") == Approx(4 * 8 / iteration));
    CHECK(number(row, "scaling_efficiency") == Approx(0.01 / iteration));
    CHECK(row.at("network_model") == "ideal");
    CHECK(row.at("source") == "simulated");
  }
}

TEST_CASE("program: one worker sends nothing") {
  json scenario = small_scenario();
  scenario["workers"] = 1;
  for (const auto& row : rows_of(scenario)) {
    INFO(row.at("method"));
    CHECK(row.at("sent_bytes") == "0");
    CHECK(row.at("received_bytes") == "0");
    // SimGrid's clock has a grain of 1 ns.
    CHECK(std::abs(number(row, "communication_s")) < 2e-9);
  }
  CHECK(number(rows_of(scenario)[0], "scaling_efficiency") == Approx(1));
}

TEST_CASE("program: rows come in the contract's order, equal points once") {
  json scenario = small_scenario();
  // nlohmann's plain objects sort their keys: density before workers.
  scenario["sweep"] = {{"density", {0.1, 0.2}}, {"workers", {2, 3}}};
  std::vector<std::string> seen;
  for (const auto& row : rows_of(scenario))
    seen.push_back(row.at("method") + " " + row.at("workers") + " " + row.at("density"));
  // gtop-k gives k, so density does not apply to it: it appears once a number of workers, like sgd and signsgd-mv.
  CHECK(seen == std::vector<std::string>{"sgd 2 ", "top-k 2 0.1", "gtop-k 2 0.01", "signsgd-mv 2 ",
                                         "sparse-signsgd 2 0.1", "sgd 3 ", "top-k 3 0.1", "gtop-k 3 0.01",
                                         "signsgd-mv 3 ", "sparse-signsgd 3 0.1", "top-k 2 0.2", "sparse-signsgd 2 0.2",
                                         "top-k 3 0.2", "sparse-signsgd 3 0.2"});
}

TEST_CASE("program: a swept path has a column of its own, and speed-up is against the sgd of the same values") {
  json scenario = small_scenario();
  scenario["sweep"] = {{"network.bandwidth", {"1 Gbps", "10 Gbps"}}};
  const auto rows = rows_of(scenario);
  REQUIRE(rows.size() == 10);
  CHECK(rows[9].at("network.bandwidth") == "10 Gbps");
  for (std::size_t i = 0; i < 10; ++i)
    CHECK(number(rows[i], "speedup_over_sgd") ==
          Approx(number(rows[i / 5 * 5], "iteration_s") / number(rows[i], "iteration_s")));
}

TEST_CASE("program: speed-ups are against sgd with the best of the collectives that were run") {
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "signsgd-mv"}}};
  scenario["sweep"] = {{"collective", {"ring", "parameter-server"}}, {"workers", {4, 8}}};
  const TemporaryFolder folder;
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json --format csv", folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  const auto rows = parse_csv(run.out);
  // The ring takes 2 (M - 1) (a + 4 ceil(1000 / M) / B), the server 2 (a + 4000 M / B): 348 and 356 us with 4 workers,
  // 756 and 612 us with 8. Votes have no ring. Rows: ring with 4 and 8; sgd and votes through the server with 4,
  // with 8.
  const double ring = 0.01 + 6 * (a + 1000 / B);
  const double server = 0.01 + 2 * (a + 32000 / B);
  REQUIRE(rows.size() == 6);
  CHECK(number(rows[0], "iteration_s") == Approx(ring).epsilon(1e-9));
  CHECK(number(rows[4], "iteration_s") == Approx(server).epsilon(1e-9));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double best = rows[i].at("workers") == "4" ? ring : server;
    CHECK(number(rows[i], "speedup_over_sgd") == Approx(best / number(rows[i], "iteration_s")).epsilon(1e-9));
  }
  CHECK(rows[0].count("grouping") == 0);
  // Votes are the fastest; without them it is sgd, by the collective that the closed forms say.
  CHECK_THAT(run.err, Catch::Contains("fastest: signsgd-mv at M = 4 to 8\n"));
  scenario["methods"] = {{{"name", "sgd"}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json -o sgd", folder.path()).err,
             Catch::Contains("fastest: sgd, ring at M = 4; sgd, parameter-server at M = 8\n"));
}

TEST_CASE("program: a grouping of an entry's own gives the times of that schedule, and a column") {
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "sgd"}, {"grouping", "tensor"}}, {{"name", "sgd"}}};
  const auto own = rows_of(scenario);
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["sweep"] = {{"schedule.grouping", {"tensor", "model"}}};
  const auto swept = rows_of(scenario);
  for (const std::size_t i : {0U, 1U}) {
    CHECK(own[i].at("iteration_s") == swept[i].at("iteration_s"));
    CHECK(own[i].at("grouping") == swept[i].at("schedule.grouping"));
  }
  CHECK(own[0].at("iteration_s") != own[1].at("iteration_s"));
  // Against the first entry.
  CHECK(number(own[0], "speedup_over_sgd") == 1);
  CHECK(number(own[1], "speedup_over_sgd") == Approx(number(own[0], "iteration_s") / number(own[1], "iteration_s")));
}

TEST_CASE("program: indices can be coded in every way, for every method that sends some") {
  json scenario = small_scenario();
  scenario["methods"] = json::parse(R"([
    {"name": "top-k", "density": 0.01}, {"name": "top-k", "density": 0.01, "collective": "allgather-doubling"},
    {"name": "gtop-k", "density": 0.01}, {"name": "sparse-signsgd", "density": 0.01},
    {"name": "sparse-signsgd", "density": 0.01, "server": "rank0"},
    {"name": "sparse-signsgd", "density": 0.01, "collective": "sharded-parameter-server"}])");
  scenario["sweep"] = {{"index", {"raw32", "bitmap", "delta", "elias-fano"}}};
  const auto rows = rows_of(scenario);
  REQUIRE(rows.size() == 24);
  // N = 1000, K = 10: 4 K bytes; ceil(1000 / 32) words; a base, a width and at most 10 gaps of 9 bits, or 3 words; l =
  // floor(log2(1000 / 10)) = 6, so ceil(60 / 32) + ceil((10 + ceil(1000 / 64) + 1) / 32) = 3 words.
  const std::array<double, 4> most{40, 128, 20, 12};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INFO(rows[i].at("method") << ", " << rows[i].at("collective") << ", " << rows[i].at("index"));
    const double values = rows[i].at("method") == "sparse-signsgd" ? 2 : 40;  // 10 signs or 10 fp32 values
    const double bytes = 32 + most[i / 6] + values;
    if (rows[i].at("index") == "delta") {
      CHECK(number(rows[i], "payload_bytes") <= bytes);
      CHECK(number(rows[i], "payload_bytes") >= bytes - 2 * 4);  // gaps of 64 at least, 7 bits
    } else {
      CHECK(number(rows[i], "payload_bytes") == bytes);
    }
    if (rows[i].at("collective") == "allgather-ring" && rows[i].at("index") != "delta")
      CHECK(number(rows[i], "communication_s") == Approx(3 * (a + bytes / B)).epsilon(1e-9));
  }
}

TEST_CASE("program: any number of jobs gives the same bytes, and files hold what is printed") {
  const auto [model, workers] =
      GENERATE(table<std::string, json>({{"ideal", {1, 2, 3, 4, 5}}, {"ethernet-tcp", {1, 5, 5}}, {"lv08", {1, 5}}}));
  INFO(model);
  json scenario = small_scenario();
  scenario["network"]["model"] = model;
  scenario["sweep"] = {{"workers", workers}};
  const TemporaryFolder folder;
  folder.write("s.json", scenario.dump());
  // One process takes all points on like clusters; with as many jobs as points each has a process of its own.
  const Ended one = run_program("s.json --format csv -j 1 -o one", folder.path());
  const Ended many = run_program("s.json --format csv -j 40 -o many", folder.path());
  CHECK(one.status == 0);
  CHECK(one.out == many.out);
  CHECK(one.out == read_file(folder.path() + "/one/points.csv"));
  CHECK(read_file(folder.path() + "/one/report.json") == read_file(folder.path() + "/many/report.json"));
  CHECK(run_program("s.json --format json -o one", folder.path()).out == read_file(folder.path() + "/one/report.json"));
}

TEST_CASE("program: report.json says what was run and how that is known") {
  const TemporaryFolder folder;
  folder.write("s.json", small_scenario().dump());
  const json report = json::parse(run_program("s.json --format json", folder.path()).out);
  CHECK(report["points"].size() == 5);
  CHECK(report["failed"].empty());
  CHECK(report["seed"] == 1);
  CHECK(report["versions"].contains("simgrid"));
  CHECK(report["devices"][0]["name"] == "a100");
  CHECK(report["devices"][0]["provenance"] == "modelled");
  CHECK(report["devices"][0]["implementation"] == "simrun");
  CHECK(report["devices"][0]["operations"]["encode.signs"]["provenance"] == "modelled");
  CHECK(report["resolved"][1]["methods"][0]["index"] == "raw32");
  CHECK(report["resolved"][0]["network"]["model"] == "ideal");
  CHECK(std::filesystem::exists(folder.path() + "/results/s/points.csv"));
}

TEST_CASE("program: points.csv has the contract's columns in order") {
  const TemporaryFolder folder;
  folder.write("s.json", small_scenario().dump());
  const std::string csv = run_program("s.json --format csv", folder.path()).out;
  CHECK(
      csv.substr(0, csv.find('\n')) ==
      "method,workers,k,density,index,collective,model,parameters,payload_bytes,result_bytes,sent_bytes,received_bytes,"
      "compute_s,encode_s,communication_s,decode_s,iteration_s,samples_per_s,scaling_efficiency,speedup_over_sgd,"
      "device,network_model,source,staging_s,iteration_low_s,iteration_high_s,encode_break_even_s,"
      "device_memory_bytes");
}

TEST_CASE("program: one local step and no more changes no byte, local steps append columns") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  folder.write("s.json", scenario.dump());
  const std::string csv = run_program("s.json --format csv", folder.path()).out;
  scenario["methods"][0].update({{"local_steps", 1}, {"fragments", 1}, {"delay", 0}, {"merge_weight", 0}});
  folder.write("s.json", scenario.dump());
  CHECK(run_program("s.json --format csv", folder.path()).out == csv);
  scenario["methods"][0]["local_steps"] = 10;
  const auto before = parse_csv(csv);
  const auto rows = rows_of(scenario);
  CHECK(rows[0].at("local_steps") == "10");
  CHECK(rows[1].at("local_steps") == "1");
  CHECK(rows[1].at("exchange_s").empty());
  CHECK(number(rows[0], "payload_bytes") == 400);
  CHECK(number(rows[0], "utilization") == Approx(0.01 / number(rows[0], "iteration_s")));
  CHECK(number(rows[0], "exchange_s") == Approx(number(before[0], "iteration_s") - 0.01));
  for (const auto& [column, value] : before[1])
    if (column != "speedup_over_sgd" && column != "encode_break_even_s") CHECK(rows[1].at(column) == value);
}

TEST_CASE("program: fragments have payloads of their own, whatever else the study has") {
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.1}, {"index", "delta"}, {"local_steps", 4}}};
  scenario["sweep"] = {{"fragments", {1, 2, 3}}};
  const auto all = rows_of(scenario);
  REQUIRE(all.size() == 3);
  scenario.erase("sweep");
  for (std::size_t i = 0; i < 3; ++i) {
    scenario["methods"][0]["fragments"] = i + 1;
    CHECK(rows_of(scenario)[0].at("payload_bytes") == all[i].at("payload_bytes"));
  }
}

TEST_CASE("program: what is chosen about a codec has a column where a point has another choice than the usual one") {
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "sgd"}},
                         {{"name", "sgd"}, {"precision", "fp16"}},
                         {{"name", "qsgd"}},
                         {{"name", "qsgd"}, {"packing", "int8"}}};
  const auto rows = rows_of(scenario);
  REQUIRE(rows.size() == 4);
  const char* const precision[] = {"fp32", "fp16", "", ""};
  const char* const packing[] = {"", "", "bits", "int8"};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(rows[i].at("precision") == precision[i]);
    CHECK(rows[i].at("packing") == packing[i]);
    CHECK(rows[i].count("levels") == 0);
  }
}

TEST_CASE("program: encoding, combining and decoding take what the profile says, where it says") {
  // A device on which every operation takes 1 ms, whatever its size.
  const TemporaryFolder folder;
  folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, 1e-3)));
  json scenario = small_scenario();
  scenario["device"] = "even.json";
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json --format csv", folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  const auto rows = parse_csv(run.out);
  const double ms = 1e-3;
  // top-k: encode, gather, decode.
  CHECK(number(rows[1], "iteration_s") == Approx(0.01 + ms + 3 * (a + 112 / B) + ms).epsilon(1e-9));
  // gtop-k: encode; up the tree rank 0 merges twice, one after the other; down; decode.
  CHECK(number(rows[2], "iteration_s") == Approx(0.01 + ms + 4 * (a + 112 / B) + 2 * ms + ms).epsilon(1e-9));
  // signsgd-mv: the server votes once, which is waiting time for the workers.
  CHECK(number(rows[3], "iteration_s") == Approx(0.01 + ms + 2 * (a + 640 / B) + ms + ms).epsilon(1e-9));
  CHECK(number(rows[3], "encode_s") == Approx(ms));
  CHECK(number(rows[3], "decode_s") == Approx(ms));
  CHECK(number(rows[3], "communication_s") == Approx(2 * (a + 640 / B) + ms).epsilon(1e-9));
}

TEST_CASE("program: what lies beyond the measured grid is told once an operation, and only then") {
  const TemporaryFolder folder;
  folder.write("wide.json", profile_text(measured_profile({1e-3, 1, 1000}, 1e-6)));
  folder.write("narrow.json", profile_text(measured_profile({1e-3, 1, 500}, 1e-6)));
  json scenario = small_scenario();
  scenario["device"] = "wide.json";
  folder.write("s.json", scenario.dump());
  const Ended wide = run_program("s.json --format json", folder.path());
  INFO(wide.err);
  REQUIRE(wide.status == 0);
  CHECK_THAT(wide.err, !Catch::Contains("warning"));
  CHECK(json::parse(wide.out)["devices"][0]["extrapolated"].empty());
  scenario["device"] = "narrow.json";
  scenario["sweep"] = {{"workers", {2, 4}}};
  folder.write("s.json", scenario.dump());
  const Ended narrow = run_program("s.json --format json", folder.path());
  const json told = json::parse(narrow.out)["devices"][0]["extrapolated"];
  // Encoding of three kinds, votes of two (by elements), decoding of signs; pairs are decoded by entries, which fit.
  CHECK(told.size() == 6);
  CHECK(told[0] == "combine.signs used at elements 1000, measured from 0.001 to 500");
  CHECK_THAT(narrow.err,
             Catch::Contains("warning: device even: encode.pairs used at elements 1000, measured from 0.001 to 500\n"));
}

TEST_CASE("program: times scaled to another device are longer by the ratio of bandwidths, and the report says so") {
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.01}}};
  const TemporaryFolder folder;
  folder.write("s.json", scenario.dump());
  const auto own = rows_of(scenario, "--set device=p102-100");
  scenario["device"] = {{"profile", "p102-100"}, {"scaled_to", {{"name", "tenth"}, {"bandwidth", "44 GB/s"}}}};
  scenario["sweep"] = {{"device.scaled_to.bandwidth", {"44 GB/s", "440 GB/s"}}};
  const auto scaled = rows_of(scenario);
  REQUIRE(scaled.size() == 2);
  CHECK(number(scaled[0], "encode_s") == Approx(10 * number(own[0], "encode_s")).epsilon(1e-12));
  // Decoding is modelled: 4 payloads of 10 entries, 72 bytes each, and launches, which take as long.
  CHECK(number(scaled[0], "decode_s") - number(own[0], "decode_s") ==
        Approx(9 * 4 * 720 / (0.7 * 440e9)).epsilon(1e-6));
  CHECK(number(scaled[1], "encode_s") == Approx(number(own[0], "encode_s")).epsilon(1e-12));
  CHECK(scaled[0].at("device") == "tenth");
  CHECK(scaled[1].at("device.scaled_to.bandwidth") == "440 GB/s");
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json", folder.path());
  CHECK_THAT(unwrapped(run.out),
             Catch::Contains("tenth (scaled; tenth, 44.0 GB/s; p102-100 (published; NVIDIA P102-100, 440 GB/s;"));
  CHECK_THAT(unwrapped(run.out), Catch::Contains("scaled by memory bandwidth, 440 GB/s over 44.0 GB/s"));
}

TEST_CASE("program: a processor's selection that stands for a GPU's is warned of") {
  // PyTorch's top-k of 1000 of 2,000,000 took 25.6 ms on a P100; the shipped processor's time scaled is 0.05 ms.
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario["model"] = {{"name", "two-million"}, {"tensors", {{{"name", "x"}, {"shape", {2'000'000}}}}}};
  scenario["device"] = {{"profile", SIMRUN_SOURCE_DIR "/platforms/devices/cpu.json"},
                        {"scaled_to", {{"name", "P100"}, {"bandwidth", "732 GB/s"}}}};
  scenario["methods"] = {{{"name", "top-k"}, {"k", 1000}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json", folder.path()).err, Catch::Contains("warning: device P100: encode.pairs takes 0.0"));
  scenario["methods"] = {{{"name", "signsgd-mv"}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json", folder.path()).err, !Catch::Contains("P100"));
}

TEST_CASE("program: decoding one group does not hold up the next one's exchange") {
  // Three tensors of 1000; c and b are ready at 1 and 2 ms after forward, a's backward takes 6 s. top-k's decode costs
  // a little, so c's decoding waits for a's backward pass, but b's exchange does not. So only a's exchange is exposed.
  json scenario = small_scenario();
  scenario["model"] = {
      {"name", "three"},
      {"tensors",
       {{{"name", "a"}, {"shape", {1000}}}, {{"name", "b"}, {"shape", {1000}}}, {{"name", "c"}, {"shape", {1000}}}}}};
  scenario["compute"] = {{"forward", "0 s"}, {"backward_by_tensor", {"6 s", "1 ms", "1 ms"}}};
  scenario["network"]["latency"] = "1 ms";
  scenario["schedule"] = {{"grouping", "tensor"}, {"decode", "as-ready"}};
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.01}}};
  const auto row = rows_of(scenario)[0];
  CHECK(number(row, "communication_s") == Approx(3 * (1e-3 + 112 / B)).epsilon(1e-3));
}

TEST_CASE("program: what is set is not swept") {
  json scenario = small_scenario();
  scenario["sweep"] = {{"workers", {2, 3}}};
  const auto rows = rows_of(scenario, "--set workers=5");
  REQUIRE(rows.size() == 5);
  CHECK(rows[0].at("workers") == "5");
}

TEST_CASE("program: overlap hides communication behind the backward pass") {
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  const double whole = number(rows_of(scenario)[0], "iteration_s");
  scenario["schedule"] = {{"grouping", "tensor"}};
  const double overlapped = number(rows_of(scenario)[0], "iteration_s");
  // Backward: c until 3 ms after forward, b 1.8 ms, a 1.2 ms. Exchanges take 6 (a + chunk / B): c 324 us, b 314.4, a
  // 309.6. Those of c and b are over before the next is ready, so only a's is exposed.
  CHECK(whole == Approx(0.01 + 6 * (a + 1000 / B)).epsilon(1e-9));
  CHECK(overlapped == Approx(0.01 + 6 * (a + 4 * 50 / B)).epsilon(1e-9));
}

TEST_CASE("program: a slow network makes exchanges queue one after another") {
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["schedule"] = {{"grouping", "tensor"}};
  scenario["network"]["latency"] = "1 ms";
  // c is ready at 7 ms and takes 6 (1 ms + 500 / B); then b, then a follow at once.
  const double expected = 0.007 + 6 * (1e-3 + 4 * 125 / B) + 6 * (1e-3 + 4 * 75 / B) + 6 * (1e-3 + 4 * 50 / B);
  CHECK(number(rows_of(scenario)[0], "iteration_s") == Approx(expected).epsilon(1e-9));
}

TEST_CASE("program: traces have one row a worker that adds up to the iteration") {
  const TemporaryFolder folder;
  folder.write("s.json", small_scenario().dump());
  const Ended run = run_program("s.json --format csv --trace -o out", folder.path());
  REQUIRE(run.status == 0);
  const auto rows = parse_csv(run.out);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INFO(rows[i].at("method"));
    const json trace = json::parse(
        read_file(folder.path() + "/out/trace/000" + std::to_string(i) + "-" + rows[i].at("method") + "-4.json"));
    std::map<int, double> busy;
    std::map<int, double> waited;
    std::map<int, double> exchanged;
    std::set<std::string> names;
    for (const json& event : trace["traceEvents"]) {
      if (event["ph"] != "X") continue;
      const auto duration = event["dur"].get<double>();
      if (event["name"] == "exchange") {
        CHECK(event["pid"] == 1);
        exchanged[event["tid"]] += duration;
        continue;
      }
      busy[event["tid"]] += duration;
      if (event["name"] == "communication") waited[event["tid"]] += duration;
      names.insert(event["name"]);
    }
    CHECK(busy.size() == 4);
    // One group: nothing hides its exchange but what the device combines meanwhile.
    CHECK(exchanged.size() == 4);
    for (const auto& [worker, microseconds] : exchanged) CHECK(microseconds >= waited[worker] * (1 - 1e-9));
    for (const auto& [worker, microseconds] : busy)
      CHECK(microseconds == Approx(1e6 * number(rows[i], "iteration_s")).epsilon(1e-9));
    for (const std::string& name : names)
      CHECK((name == "compute" || name == "encode" || name == "communication" || name == "decode"));
  }
}

TEST_CASE("program: a key that moves nothing is pointed out") {
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["sweep"] = {{"density", {0.1, 0.2}}};
  const TemporaryFolder folder;
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json", folder.path()).err, Catch::Contains("warning: sweep.density: no method takes it"));
  scenario["sweep"] = {{"index", {"delta"}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json", folder.path()).err, Catch::Contains("warning: sweep.index: no method takes it"));
  scenario["methods"] = {{{"name", "cd-sgd"}, {"full_every", 2}}, {{"name", "signsgd-mv"}}};
  scenario["sweep"] = {{"full_every", {1, 3}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json", folder.path()).err,
             Catch::Contains("warning: sweep.full_every: entries that take it give their own"));
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["sweep"] = {{"gradients.seed", {1, 2}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json", folder.path()).err,
             Catch::Contains("warning: sweep.gradients.seed: no result depends on it"));
  scenario["methods"] = small_scenario()["methods"];
  scenario["sweep"] = {{"methods.0.collective", {"ring", "tree"}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json", folder.path()).err, !Catch::Contains("warning"));
}

TEST_CASE("program: a point that fails is reported, the others finish", "[large]") {
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["sweep"] = {{"workers", {2, 65536, 4096}}};
  const TemporaryFolder folder;
  folder.write("s.json", scenario.dump());
  // 65,536 ranks do not fit into 1 GB.
  const Ended run = run_program("s.json --format csv -o out", folder.path(), "ulimit -v 1000000");
  CHECK(run.status == 1);
  const auto rows = parse_csv(run.out);
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].at("workers") == "4096");
  const json report = json::parse(read_file(folder.path() + "/out/report.json"));
  REQUIRE(report["failed"].size() == 1);
  CHECK(report["failed"][0]["workers"] == 65536);
  CHECK(report["resolved"][report["failed"][0]["point"].get<std::size_t>()]["workers"] == 65536);
  CHECK_THAT(run.err, Catch::Contains("failed: sgd, 65536 workers: no address space for 65536 ranks: they take "));
}

TEST_CASE("program: --dry-run lists and writes nothing, --set overrides") {
  const TemporaryFolder folder;
  folder.write("s.json", small_scenario().dump());
  const Ended run = run_program("s.json --dry-run --set workers=7 --set methods.1.density=0.5", folder.path());
  CHECK(run.status == 0);
  CHECK_THAT(run.out, Catch::Contains("sgd, 7 workers") && Catch::Contains("5 points"));
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/results"));
}

TEST_CASE("program: --dry-run tells all points apart, whatever labels leave out") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario["training"] = {{"data", "images"}, {"rounds", 2}};
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.01}},
                         {{"name", "top-k"}, {"density", 0.1}},
                         {{"name", "top-k"}, {"density", 0.1}, {"training", {{"momentum", 0.5}}}},
                         {{"name", "gtop-k"}, {"k", 10}}};
  folder.write("s.json", scenario.dump());
  CHECK(run_program("s.json --dry-run", folder.path()).out ==
        "top-k, 4 workers, K/N 0.01\n"
        "top-k, 4 workers, K/N 0.1, methods.1\n"
        "top-k, 4 workers, K/N 0.1, methods.2\n"
        "gtop-k, 4 workers, K = 10\n"
        "4 points\n");
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.1}}, {{"name", "top-k"}, {"density", 0.1}}};
  scenario["methods"][1]["error_feedback"] = false;
  folder.write("s.json", scenario.dump());
  CHECK(run_program("s.json --dry-run", folder.path()).out ==
        "top-k, 4 workers, K/N 0.1\ntop-k, no error feedback, 4 workers, K/N 0.1\n2 points\n");
}

TEST_CASE("program: the tables of a sweep fit a page, with an empty line between its blocks") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "sgd"}},
                         {{"name", "top-k"}, {"density", 0.01}},
                         {{"name", "signsgd-mv"}, {"collective", "sharded-parameter-server"}},
                         {{"name", "signsgd-mv"}, {"grouping", {{"bucket", "25 MB"}}}}};
  scenario["sweep"] = {{"network.bandwidth", {"1 Gbps", "10 Gbps", "25 Gbps"}}};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json", folder.path());
  std::istringstream lines(run.out);
  std::vector<std::string> blocks(1);
  for (std::string line; std::getline(lines, line);) {
    CHECK(line.size() <= 120);
    if (line.empty()) blocks.emplace_back();
    if (line.starts_with("sgd")) blocks.back() += "sgd";
    if (line.starts_with("top-k")) blocks.back() += " top-k";
  }
  // The heading, and a table and its parts, three blocks each.
  CHECK(blocks ==
        std::vector<std::string>{"", "sgd top-k", "sgd top-k", "sgd top-k", "sgd top-k", "sgd top-k", "sgd top-k"});
}

TEST_CASE("program: device memory is residual, payload and what is decoded, and is held against what there is") {
  // A thousand parameters, four workers. sgd: nothing, and in fp16 what is sent and what is got. top-k of ten: a
  // residual, pairs in 32 bytes of header and 80 of entries, sent once and decoded from four.
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}, top_k, {{"name", "sgd"}, {"precision", "fp16"}, {"error_feedback", false}}};
  const auto rows = rows_of(scenario);
  CHECK(number(rows[0], "device_memory_bytes") == 0);
  CHECK(number(rows[1], "device_memory_bytes") == 4000 + 5 * 112);
  CHECK(number(rows[2], "device_memory_bytes") == 4000);
  scenario["methods"].erase(2);
  folder.write("s.json", scenario.dump());
  const auto note_for = [&](const std::string& memory) {
    const std::string device = memory.empty() ? "" : " --set 'device={\"profile\": \"a100\", " + memory + "}'";
    const json report = json::parse(run_program("s.json --format json" + device, folder.path()).out);
    return report["memory"];
  };
  CHECK(note_for("").empty());
  const std::string up_to = "methods take up to 4.56 kB of a device beside training, which leaves ";
  CHECK(note_for("\"memory\": \"16 GB\"") == json{up_to + "16.0 GB: all points fit"});
  CHECK(note_for("\"memory\": \"8 kB\"") == json{up_to + "8.00 kB: all points fit"});
  CHECK(note_for("\"memory\": \"4 kB\"") == json{up_to + "4.00 kB: 1 of 2 points does not fit"});
  CHECK_THAT(run_program("s.json --set 'device={\"profile\": \"a100\", \"memory\": \"4 kB\"}'", folder.path()).out,
             Catch::Contains("  memory   " + up_to + "4.00 kB"));
}

TEST_CASE("program: lines of help have at most 100 columns") {
  const TemporaryFolder folder;
  const std::string commands = run_program("--help", folder.path()).out;
  std::istringstream lines(commands.substr(commands.find("Subcommands:")));
  std::string line;
  std::vector<std::string> helps = {"--help"};
  std::getline(lines, line);
  while (std::getline(lines, line) && !line.empty()) helps.push_back(line.substr(2, line.find(' ', 2) - 2) + " --help");
  CHECK(helps.size() > 10);
  for (const std::string& help : helps) {
    std::istringstream said(run_program(help, folder.path()).out);
    while (std::getline(said, line)) CHECK((line.size() <= 100 || line.starts_with("simrun ")));  // an example
  }
}

TEST_CASE("program: notes say where a network hardly is what somebody means") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario["workers"] = 2;
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["device"] = "a100";
  const auto notes_with = [&](const json& network) {
    scenario["network"] = network;
    folder.write("s.json", scenario.dump());
    const Ended run = run_program("s.json --dry-run", folder.path());
    CHECK(run.status == 0);
    return run.err;
  };
  CHECK(notes_with({{"bandwidth", "1 Gbps"}, {"latency", "9.9 ms"}, {"model", "lv08"}}).empty());
  CHECK(notes_with({{"bandwidth", "1 Gbps"}, {"latency", "10 ms"}, {"model", "ideal"}}).empty());
  CHECK(notes_with({{"bandwidth", "1 Gbps"}, {"latency", "10 ms"}, {"model", "lv08"}}) ==
        "note: network.latency: lv08 takes 13.01 times the latency, 130 ms a message here; it was compared with no "
        "network of 10.0 ms or more\n");
  const auto platform = [&](const std::string& policy, const std::string& direction) {
    folder.write("p.xml",
                 "<?xml version=\"1.0\"?><!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">"
                 "<platform version=\"4.1\"><zone id=\"world\" routing=\"Full\"><host id=\"a\" speed=\"1Gf\"/>"
                 "<host id=\"b\" speed=\"1Gf\"/><link id=\"cable\" bandwidth=\"1Gbps\" latency=\"20us\"" +
                     policy + "/><route src=\"a\" dst=\"b\"><link_ctn id=\"cable\"" + direction +
                     "/></route></zone></platform>");
    return json{{"platform", "./p.xml"}};
  };
  CHECK(notes_with(platform("", "")) ==
        "note: network.platform: both directions share link cable (SimGrid's default); "
        "sharing_policy=\"SPLITDUPLEX\" gives each its own bandwidth\n");
  CHECK(notes_with(platform(" sharing_policy=\"FATPIPE\"", "")).empty());
  CHECK(notes_with(platform(" sharing_policy=\"SPLITDUPLEX\"", " direction=\"UP\"")).empty());
  // A number alone is in B/s or s; zero is zero. Clusters have names of their own for both.
  const auto cluster = [&](const std::string& bandwidth, const std::string& latency) {
    folder.write("p.xml",
                 "<?xml version=\"1.0\"?><!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">"
                 "<platform version=\"4.1\"><cluster id=\"mine\" prefix=\"n\" suffix=\"\" radical=\"0-1\" "
                 "speed=\"1Gf\" bw=\"" +
                     bandwidth + "\" lat=\"" + latency + "\"/></platform>");
    return json{{"platform", "./p.xml"}};
  };
  CHECK(notes_with(cluster("1Gbps", "0")).empty());
  CHECK(
      notes_with(cluster("1000", "20us")) ==
      "note: network.platform: bw=\"1000\" of mine has no unit: 1000 B/s, as SimGrid takes it; with a unit it is like "
      "10Gbps or 50us\n");
  CHECK_THAT(notes_with(cluster("1Gbps", "1e1")), Catch::Contains("lat=\"1e1\" of mine has no unit: 1e1 s,"));
}

TEST_CASE("program: compute times of a processor beside a GPU's coding times are noted, and the other way round") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  const auto note_with = [&](const std::string& device, const json& measured_on) {
    scenario["device"] = device;
    scenario["compute"]["measured_on"] = measured_on;
    folder.write("s.json", scenario.dump());
    const Ended run = run_program("s.json --dry-run", folder.path());
    CHECK(run.status == 0);
    const std::size_t at = run.err.find("note: compute.measured_on: ");
    return at == std::string::npos ? "" : run.err.substr(at, run.err.find('\n', at) - at);
  };
  CHECK(note_with("a100", {{"kind", "gpu"}, {"name", "NVIDIA A100"}}).empty());
  CHECK(note_with("cpu", {{"kind", "cpu"}}).empty());
  CHECK(
      note_with("a100", {{"kind", "cpu"}}) ==
      "note: compute.measured_on: these times are of a cpu, coding times of a gpu (a100); take both from one machine");
  CHECK(note_with("cpu", {{"kind", "gpu"}}) ==
        "note: compute.measured_on: these times are of a gpu, coding times of a cpu (cpu); take both from one machine");
}

TEST_CASE("program: says beforehand what takes long to simulate") {
  // M^2 flows of different sizes at once: of 512 workers, 4e-5 * 512^2 = 10.5 s.
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario.erase("sweep");
  scenario["methods"] = {
      {{"name", "sparse-signsgd"}, {"density", 0.1}, {"collective", "sharded-parameter-server"}},
      {{"name", "sgd"}},
  };
  folder.write("s.json", scenario.dump());
  const Ended many = run_program("s.json --dry-run --set workers=512", folder.path());
  CHECK_THAT(many.err, Catch::Contains("1 of 2 points may take long") && Catch::Contains("M = 512, up to about 10 s"));
  const Ended few = run_program("s.json --dry-run --set workers=128", folder.path());
  CHECK_THAT(few.err, !Catch::Contains("may take long"));
  const Ended short_ones =
      run_program("s.json --dry-run --set workers=512 --set network.model=ethernet-tcp", folder.path());
  CHECK_THAT(short_ones.err, !Catch::Contains("may take long"));
  // Eight flows a worker: of 512 workers, 3e-7 * 512^3 = 40 s.
  scenario["methods"] = {{{"name", "ok-top-k"}, {"density", 0.1}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json --dry-run --set workers=512", folder.path()).err,
             Catch::Contains("1 of 1 points may take long") && Catch::Contains("up to about 40 s"));
  CHECK_THAT(run_program("s.json --dry-run --set workers=128", folder.path()).err, !Catch::Contains("may take long"));
  // Steps of a ring that are not alike: 3.6e-7 * 1024^2.6 = 24 s.
  scenario["methods"] = {{{"name", "scalecom"}, {"k", 10}}};
  folder.write("s.json", scenario.dump());
  const std::string leader = "s.json --dry-run --set workers=1024";
  CHECK_THAT(run_program(leader, folder.path()).err, !Catch::Contains("may take long"));
  CHECK_THAT(run_program(leader + " --set network.model=ethernet-tcp", folder.path()).err,
             Catch::Contains("up to about 24 s"));
  // Ten exchanges that each reach into the next: 20 * 1.8e-6 * 1024^2 = 38 s.
  scenario["methods"] = {{{"name", "cd-sgd"}}};
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json --dry-run --set workers=1024", folder.path()).err,
             Catch::Contains("up to about 38 s"));
  // Hosts of many GPUs: 65,536 ranks by themselves, rings of 512 leaders, and a ring around 64 GPUs on each of 64
  // hosts.
  const auto said = [&](int workers, int gpus, const char* hierarchy) {
    json hosts = on_hosts(scenario, gpus);
    hosts["workers"] = workers;
    hosts["methods"] = {{{"name", "sgd"}, {"hierarchy", hierarchy}}};
    folder.write("h.json", hosts.dump());
    return run_program("h.json --dry-run", folder.path()).err;
  };
  CHECK_THAT(said(65536, 1024, "shard"), Catch::Contains("up to about 37 s"));
  CHECK_THAT(said(4096, 8, "leader"), Catch::Contains("up to about 21 s"));
  CHECK_THAT(said(4096, 64, "flat"), Catch::Contains("up to about 36 s"));
  CHECK_THAT(said(4096, 8, "shard"), !Catch::Contains("may take long"));
  CHECK_THAT(said(64, 64, "flat"), !Catch::Contains("may take long"));
  // Whatever repeats: 1e-5 * 65536 * 16 / 3 * 4 = 14 s, and 1e-5 * 65536 * 4 = 3 s.
  const auto of_all = [&](const char* collective) {
    scenario["methods"] = {{{"name", "sgd"}, {"collective", collective}}};
    folder.write("s.json", scenario.dump());
    return run_program("s.json --dry-run --set workers=65536", folder.path()).err;
  };
  CHECK_THAT(of_all("halving-doubling"), Catch::Contains("up to about 14 s"));
  CHECK_THAT(of_all("ring"), !Catch::Contains("may take long"));
}

TEST_CASE("program: gradients from files") {
  // A NumPy file: magic, version 1.0, header length, header padded to 64 bytes in all, then 1,000 floats of which ten
  // are large.
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000,), }";
  header.resize(117, ' ');
  header += '\n';
  std::string file = std::string("\x93NUMPY\x01\x00", 8) + std::string("\x76\x00", 2) + header;
  for (int i = 0; i < 1000; ++i) {
    const float value = i % 100 == 7 ? -5.0F : 0.25F;
    file.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  const TemporaryFolder folder;
  folder.write("g.npy", file);
  json scenario = small_scenario();
  scenario["gradients"] = {{"source", "npy"}, {"files", {"g.npy"}}};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json --format csv", folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  const auto rows = parse_csv(run.out);
  // All workers send the same support, so the union of four has K = 50 as well.
  CHECK(rows[4].at("payload_bytes") == rows[4].at("result_bytes"));
}

TEST_CASE("program: what it lists can be named") {
  const TemporaryFolder folder;
  const Ended all = run_program("list", folder.path());
  CHECK(all.status == 0);
  for (const char* word : {"gtop-k", "sparse-signs", "allgather-doubling", "vgg16-cifar10", "p102-100", "lv08"})
    CHECK_THAT(all.out, Catch::Contains(word));
  CHECK_THAT(run_program("list methods", folder.path()).out, !Catch::Contains("vgg16"));
  CHECK_THAT(run_program("list devices", folder.path()).out,
             Catch::Contains("interpolation error median ") && Catch::Contains("published, pytorch: NVIDIA P102-100") &&
                 Catch::Contains("modelled, simrun: NVIDIA H100"));
  CHECK(json::parse(run_program("schema", folder.path()).out)["properties"].contains("workers"));
  CHECK_THAT(run_program("--version", folder.path()).out, Catch::StartsWith("simrun "));
}

TEST_CASE("program: every shipped scenario is valid", "[large]") {
  const TemporaryFolder folder;
  int scenarios = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SIMRUN_SOURCE_DIR "/scenarios")) {
    if (entry.path().extension() != ".json" || entry.path().filename() == "scenario.schema.json") continue;
    INFO(entry.path());
    const Ended run = run_program("'" + entry.path().string() + "' --dry-run", folder.path());
    CHECK(run.status == 0);
    ++scenarios;
  }
  CHECK(scenarios > 0);
}

TEST_CASE("program: golden run of the README's scenario", "[large]") {
  // The figures were looked at when they were recorded: the dense ring of the whole
  // top-k 31 steps of 117856 bytes, gtop-k 10 steps, and the published 6.3 ns a parameter to select.
  const TemporaryFolder folder;
  const Ended run = run_program(SIMRUN_SOURCE_DIR "/scenarios/32gpu_1gbe.json --format csv -o out", folder.path());
  REQUIRE(run.status == 0);
  const auto rows = parse_csv(run.out);
  const auto golden = parse_csv(read_file(SIMRUN_SOURCE_DIR "/tests/golden/32gpu_1gbe.csv"));
  REQUIRE(rows.size() == golden.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // Speed-ups are against the first entry: what is said to be faster than sgd is faster than the best of its rows.
    if (rows[i].at("method") == "sgd") CHECK(number(rows[i], "speedup_over_sgd") <= 1);
    for (const auto& [column, expected] : golden[i]) {
      INFO("row " << i << ", column " << column);
      const std::string& actual = rows[i].at(column);
      const bool is_number = column.ends_with("_s") || column.ends_with("efficiency") || column.ends_with("sgd");
      if (is_number && !expected.empty() && !actual.empty()) {
        CHECK(std::stod(actual) == Approx(std::stod(expected)).epsilon(1e-9).margin(1e-15));
      } else {
        CHECK(actual == expected);
      }
    }
  }
}

TEST_CASE("program: where nothing is sent there is no ratio, and no number that is none") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "powergossip"}}};
  const auto table_of = [&](int workers) {
    scenario["workers"] = workers;
    folder.write("s.json", scenario.dump());
    const Ended run = run_program("s.json --fresh", folder.path());
    REQUIRE(run.status == 0);
    return run.out;
  };
  CHECK_THAT(table_of(2), Catch::Contains("powergossip"));
  const std::string alone = table_of(1);
  CHECK_THAT(alone, Catch::Contains("powergossip") && !Catch::Contains("inf") && !Catch::Contains("nan"));
}

TEST_CASE("program: of workers with unlike numbers of neighbours the mean encodes, and the busiest sends and holds") {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "powergossip"}, {"graph", "complete"}},
                         {{"name", "powergossip"}, {"graph", {{"edges", {{0, 1}, {0, 2}, {0, 3}}}}}}};
  const auto rows = rows_of(scenario);
  const double edge = 4 * 800 + 4 * (10 + 20) / 2.0;  // the vector, and a matrix's factors in turns
  CHECK(number(rows[0], "payload_bytes") == 3 * edge);
  CHECK(rows[0].at("graph") == "complete");
  CHECK(rows[1].at("graph") == "edges 0-1 0-2 0-3");
  CHECK(number(rows[1], "payload_bytes") == 1.5 * edge);
  for (const auto& row : rows) {
    for (const char* column : {"sent_bytes", "received_bytes", "result_bytes"}) CHECK(number(row, column) == 3 * edge);
    CHECK(number(row, "device_memory_bytes") == 3 * 3 * edge);
    CHECK(number(row, "communication_s") == Approx(a + 3 * edge / B).epsilon(1e-9));
  }
}

TEST_CASE("program: a table over devices tells whose times they have") {
  const TemporaryFolder folder;
  json scenario = small_scenario();
  scenario["methods"] = {{{"name", "onebit"}}};
  scenario["sweep"]["device"] = {{{"profile", "v100"}}, {{"profile", "v100"}, {"implementation", "pytorch"}}};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json", folder.path());
  REQUIRE(run.status == 0);
  CHECK_THAT(run.out, Catch::Contains("  v100, pytorch  ") && Catch::Contains("           v100  "));
  // Where one is named without the other, there is a word of that.
  const auto said = [&](const std::string& device) {
    return run_program("s.json --dry-run --set device=" + device, folder.path()).err;
  };
  CHECK_THAT(said("v100"), Catch::Contains("these are times of simrun's kernels; of pytorch's: { \"profile\""));
  CHECK_THAT(said("v100-pytorch"), !Catch::Contains("these are times"));
  CHECK_THAT(said("p102-100"), !Catch::Contains("these are times"));
}

}  // namespace simrun
