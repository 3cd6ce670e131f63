// Which points a sweep over collectives and groupings has, and which of them are compared.

#include "sim/scenario/sweep.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <tuple>

#include "sim/study/fastest.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

/// Every method, in the order of the table.
json every_method() {
  json entries = json::array();
  for (const MethodEntry& method : methods()) {
    json entry = {{"name", method.name}};
    if (find_codec(method.codec())->sparsifies) entry["density"] = 0.01;
    if (method.local.fragments > 1) entry["fragments"] = 2;  // there are two tensors
    entries.push_back(entry);
  }
  return entries;
}

std::vector<std::string> labels_of(const json& entries, const json& sweep) {
  json scenario = tiny_scenario();
  scenario["methods"] = entries;
  scenario["sweep"] = sweep;
  const TemporaryFolder folder;
  std::vector<std::string> labels;
  for (const Point& point : study_of(scenario, folder).points) labels.push_back(point.label);
  return labels;
}

using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("sweep: all collectives are those that fit each method") {
  std::size_t fitting = 0;
  for (const MethodEntry& method : methods()) fitting += fitting_collectives(method, {}).size();
  const Labels all = labels_of(every_method(), {{"collective", "all"}});
  CHECK(all.size() == fitting);
  // No two of them say the same.
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == fitting);
  CHECK(labels_of(every_method(), {{"collective", {"all"}}}) == all);
  CHECK(labels_of(every_method(), {{"collective", {"all", "ring"}}}) == all);
  // Other keys multiply: two M, and two densities for those that sparsify.
  std::size_t points = 0;
  for (const MethodEntry& method : methods())
    points += 2 * fitting_collectives(method, {}).size() * (find_codec(method.codec())->sparsifies ? 2 : 1);
  CHECK(labels_of(every_method(), {{"workers", {2, 4}}, {"density", {0.1, 0.2}}, {"collective", "all"}}).size() ==
        points);
}

TEST_CASE("sweep: a collective goes to the methods that it fits, the others run once") {
  const json entries = json::parse(R"([{"name": "sgd"}, {"name": "gtop-k", "k": 5}, {"name": "signsgd-mv"},
                                       {"name": "top-k", "k": 5}])");
  // A tree sums and merges; no value fits a vote or a gather, so these keep their default.
  CHECK(labels_of(entries, {{"collective", {"tree", "ring"}}}) ==
        Labels{"sgd, tree", "gtop-k", "signsgd-mv", "top-k", "sgd, ring"});
}

TEST_CASE("sweep: an entry keeps a collective of its own, and a place of the server asks for a server") {
  const json entries = json::parse(R"([{"name": "sgd", "collective": "tree"}, {"name": "sgd", "server": "rank0"},
                                       {"name": "sgd"}])");
  // sgd through the tree is the same point whoever asks for it.
  CHECK(labels_of(entries, {{"collective", "all"}}) == Labels{"sgd, tree", "sgd, ring", "sgd, halving-doubling",
                                                              "sgd, parameter-server, server on rank 0",
                                                              "sgd, parameter-server"});
}

TEST_CASE("sweep: groupings are those of the entries, and the same point whoever gives them") {
  const json entries = json::parse(R"([{"name": "sgd"}, {"name": "top-k", "k": 5, "grouping": "model"}])");
  const json groupings = json::parse(R"(["model", {"bucket": "1 kB"}, "tensor"])");
  CHECK(labels_of(entries, {{"grouping", groupings}}) ==
        Labels{"sgd, whole model", "top-k", "sgd, 1.00 kB buckets", "sgd, tensor by tensor"});
  // The schedule's grouping is for those that have none of their own.
  CHECK(labels_of(entries, {{"schedule.grouping", groupings}}) == Labels{"sgd", "top-k", "sgd", "sgd"});

  json scenario = tiny_scenario();
  scenario["methods"] = json::parse(R"([{"name": "sgd", "grouping": {"bucket": "1 kB"}}])");
  const TemporaryFolder folder;
  const Point own = study_of(scenario, folder).points[0];
  scenario["methods"] = json::parse(R"([{"name": "sgd"}])");
  scenario["schedule"] = {{"grouping", {{"bucket", "1 kB"}}}};
  const Point scheduled = study_of(scenario, folder).points[0];
  // In whatever order the keys were written.
  CHECK(json(*own.scenario.resolved) == json(*scheduled.scenario.resolved));
  CHECK(name_of(own.scenario.grouping) == "1.00 kB buckets");
}

TEST_CASE("sweep: local steps go to the entries that can take them and give none of their own") {
  const json entries = json::parse(R"([{"name": "sgd", "local_steps": 1}, {"name": "sgd"}, {"name": "signsgd-mv"},
                                       {"name": "diloco"}, {"name": "gtop-k", "k": 5}])");
  CHECK(labels_of(entries, {{"local_steps", {8, 500}}}) ==
        Labels{"sgd", "sgd, every 8 steps", "signsgd-mv", "diloco, every 8 steps", "gtop-k, every 8 steps",
               "sgd, every 500 steps", "diloco", "gtop-k, every 500 steps"});
  CHECK(labels_of({{{"name", "sgd"}, {"local_steps", 8}}}, {{"delay", {0, 1}}, {"fragments", {1, 2}}}) ==
        Labels{"sgd, every 8 steps", "sgd, every 8 steps, 2 fragments", "sgd, every 8 steps, delay 1 step",
               "sgd, every 8 steps, 2 fragments, delay 1 step"});
}

TEST_CASE("sweep: names of ready-made settings, of which an entry may change each") {
  const json entries = json::parse(R"([{"name": "diloco", "outer": {"optimizer": "sgd"}},
                                       {"name": "streaming-diloco", "fragments": 2, "bits": 8, "delay": 0},
                                       {"name": "sparseloco", "local_steps": 1, "merge_weight": 0.25},
                                       {"name": "cd-sgd", "full_every": 0}, {"name": "cd-sgd", "delay": 0},
                                       {"name": "diloco", "full_every": 5}])");
  CHECK(labels_of(entries, json::object()) ==
        Labels{"diloco, outer sgd 1", "streaming-diloco, bits 8, 2 fragments, delay 0 steps",
               "sparseloco, every step, merge weight 0.25", "cd-sgd, never in full", "cd-sgd, delay 0 steps",
               "diloco, in full every 5"});
  json scenario = tiny_scenario();
  scenario["methods"] = json::parse(R"([{"name": "streaming-diloco", "outer": {"momentum": 0.8}, "fragments": 1},
                                        {"name": "sgd", "local_steps": 8, "outer": {"learning_rate": 0.5}}])");
  const TemporaryFolder folder;
  const Study study = study_of(scenario, folder);
  for (const auto& [point, step, momentum] : {std::tuple(0, 0.4, 0.8), std::tuple(1, 0.5, 0.9)}) {
    const auto& outer = study.points[static_cast<std::size_t>(point)].scenario.method.local.outer;
    REQUIRE(outer);
    CHECK(outer->kind == OuterOptimizer::Kind::nesterov);
    CHECK(outer->learning_rate == step);
    CHECK(outer->momentum == momentum);
  }
}

TEST_CASE("sweep: a path into a device that is a name makes it an object") {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["device"] = "p100";
  const TemporaryFolder folder;
  const Study study = read_study(folder.write("s.json", scenario.dump()), {{"device.memory", "\"2 GB\""}});
  CHECK(study.points[0].scenario.device->name == "p100");
  CHECK(study.points[0].scenario.device_memory == Bytes(2e9));
}

TEST_CASE("sweep: labels tell searches for groups apart") {
  const json entries = json::parse(R"([
    {"name": "sgd", "grouping": {"search": "optimal"}},
    {"name": "sgd", "grouping": {"search": "optimal", "max_groups": 2}},
    {"name": "sgd", "grouping": {"search": "optimal", "max_groups": 4}},
    {"name": "sgd", "grouping": {"search": "optimal", "max_groups": 4, "mixed": true}},
    {"name": "sgd", "grouping": {"search": "mergecomp"}},
    {"name": "sgd", "grouping": {"search": "mergecomp", "max_groups": 4}}])");
  json scenario = tiny_scenario();
  scenario["methods"] = entries;
  scenario["schedule"] = {{"decode", "after-backward"}};
  const TemporaryFolder folder;
  Labels labels;
  for (const Point& point : study_of(scenario, folder).points) labels.push_back(point.label);
  CHECK(labels == Labels{"sgd, optimal", "sgd, optimal, at most 2 groups", "sgd, optimal, at most 4 groups",
                         "sgd, optimal, mixed, at most 4 groups", "sgd, mergecomp",
                         "sgd, mergecomp, at most 4 groups"});
}

TEST_CASE("sweep: speed-ups are against all ways in which the first sgd entry is run") {
  json scenario = tiny_scenario();
  scenario["methods"] = json::parse(R"([{"name": "signsgd-mv"}, {"name": "sgd"},
                                        {"name": "sgd", "precision": "fp16"}])");
  scenario["sweep"] = {{"collective", {"ring", "parameter-server"}}, {"workers", {2, 4}}};
  const TemporaryFolder folder;
  const Study study = study_of(scenario, folder);
  // Rows: ring: M = 2: sgd 0, fp16 1; M = 4: sgd 2, fp16 3. parameter-server: M = 2: signs 4, sgd 5, fp16 6; M = 4:
  // signs 7, sgd 8, fp16 9.
  REQUIRE(study.points.size() == 10);
  std::vector<PointResult> results(10);
  for (std::size_t i = 0; i < 10; ++i) {
    const bool four = study.points[i].scenario.workers == 4;
    CHECK(study.points[i].sgd == (four ? std::vector<std::size_t>{2, 8} : std::vector<std::size_t>{0, 5}));
    results[i].times = Times{};
    results[i].times->iteration = Seconds(1.0 + static_cast<double>(i));
  }
  CHECK(fastest_sgd(study, results, 7) == 2);
  results[2].times->iteration = Seconds(10);
  CHECK(fastest_sgd(study, results, 7) == 8);
  results[8].times.reset();
  CHECK(fastest_sgd(study, results, 7) == 2);
  results[2].times.reset();
  CHECK_FALSE(fastest_sgd(study, results, 7));
  // Of a part, those that are in it.
  CHECK(with_points(study, {7, 8}).points[0].sgd == std::vector<std::size_t>{1});
}

TEST_CASE("sweep: a collective of one entry alone is a way to run it as well") {
  json scenario = tiny_scenario();
  scenario["methods"] = json::parse(R"([{"name": "sgd"}, {"name": "signsgd-mv"}])");
  scenario["sweep"] = {{"methods.0.collective", {"ring", "tree"}}, {"methods.1.grouping", {"model", "tensor"}}};
  const TemporaryFolder folder;
  // sgd, ring; signs; signs by tensor; sgd, tree.
  const Study study = study_of(scenario, folder);
  REQUIRE(study.points.size() == 4);
  for (const Point& point : study.points) CHECK(point.sgd == std::vector<std::size_t>{0, 3});
}

TEST_CASE("sweep: points whose hierarchy does not fit are left out, and a line says how many and why") {
  json scenario = on_hosts(tiny_scenario(), 4);
  scenario["methods"] = json::parse(R"([{"name": "sgd"}, {"name": "powersgd"}, {"name": "top-k"}])");
  scenario["sweep"] = {{"workers", {3, 6, 8, 10}}, {"density", {0.1, 0.2}}, {"hierarchy", {"flat", "shard", "leader"}}};
  const TemporaryFolder folder;
  const Study study = study_of(scenario, folder);
  // 6 and 10 workers do not fill hosts; of 3 and 8, powersgd has no shards. top-k has two densities, the others none.
  const std::size_t fitting = 2 * (3 + 2 + 2 * 3) + 2 * (1 + 1 + 2 * 1);
  CHECK(study.points.size() == fitting);
  std::size_t flat = 0;
  for (const Point& point : study.points) {
    if (point.scenario.method.hierarchy == Hierarchy::flat) ++flat;
    CHECK_FALSE(point.sgd.empty());
  }
  CHECK(flat == 4 * (1 + 1 + 2));
  REQUIRE(study.notes.size() == 2);
  CHECK(study.notes[0] ==
        "sweep: left out 4 points that the hierarchy does not fit: powersgd encodes matrices, which shards are not");
  CHECK(study.notes[1] ==
        "sweep: left out 14 points that the hierarchy does not fit: workers do not fill hosts of 4 GPUs");
}

TEST_CASE("sweep: placements go together, the seed is of shuffled ones alone") {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["network"].update(
      {{"topology", "tree"}, {"hosts_per_switch", 2}, {"uplink_bandwidth", "1 Gbps"}, {"uplink_latency", "5 us"}});
  scenario["sweep"] = {{"network.placement", {"by-switch", "round-robin", "shuffled"}}};
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(study_of(scenario, folder), Catch::Contains("network.placement_seed: is missing"));
  scenario["network"]["placement_seed"] = 3;
  CHECK(study_of(scenario, folder).points.size() == 3);
  scenario["network"].erase("placement_seed");
  scenario["sweep"]["network.placement_seed"] = {1, 2};
  const Study study = study_of(scenario, folder);
  REQUIRE(study.points.size() == 4);
  CHECK(study.points[1].swept.size() == 1);
  CHECK(study.points[3].swept.size() == 2);
}

TEST_CASE("sweep: where no sgd overlaps the backward pass, compression is said to be held against less than there is") {
  json scenario = tiny_scenario();
  scenario["model"] = {{"name", "m"}, {"tensors", {{{"name", "a"}, {"shape", {7'000'000}}}}}};
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "signsgd"}}};
  const TemporaryFolder folder;
  const auto is_noted = [&] {
    const Study study = read_study(folder.write("s.json", scenario.dump()), {});
    return std::ranges::any_of(study.notes,
                               [](const std::string& note) { return note.starts_with("sgd is sent whole"); });
  };
  CHECK(is_noted());
  scenario["methods"].push_back({{"name", "sgd"}, {"grouping", {{"bucket", "25 MB"}}}});
  CHECK_FALSE(is_noted());
  scenario["methods"] = {{{"name", "sgd"}}};
  CHECK_FALSE(is_noted());
  scenario["methods"].push_back({{"name", "signsgd"}});
  scenario["model"]["tensors"][0]["shape"] = {6'000'000};
  CHECK_FALSE(is_noted());
}

}  // namespace simrun
