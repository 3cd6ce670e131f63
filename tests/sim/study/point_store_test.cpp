#include "sim/study/point_store.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "sim/devices/profile_text.hpp"
#include "sim/study/point_key.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// Numbers whose decimals do not end.
PointResult awkward_result() {
  Times times;
  times.iteration = Seconds(1.0 / 3);
  times.compute = Seconds(std::numeric_limits<double>::denorm_min());
  times.encode = Seconds(std::nextafter(0.1, 1));
  times.communication = Seconds(-0.0);
  times.decode = Seconds(6.02214076e23);
  times.staging = Seconds(1.0 / 3);
  times.result_bytes = std::numeric_limits<std::uint64_t>::max();
  times.sent_bytes = 1;
  times.received_bytes = 0;
  times.pause = Seconds(-1.0 / 3);
  times.used["encode.pairs"] = {{0.1 + 0.2, 1e300}, {2, 3}};
  return {.times = times, .payload_bytes = 100.0 / 7, .failure = {}};
}

void check_same(const PointResult& a, const PointResult& b) {
  CHECK(a.payload_bytes == b.payload_bytes);
  CHECK(a.times->iteration == b.times->iteration);
  CHECK(a.times->compute == b.times->compute);
  CHECK(a.times->encode == b.times->encode);
  CHECK(std::signbit(a.times->communication.value) == std::signbit(b.times->communication.value));
  CHECK(a.times->decode == b.times->decode);
  CHECK(a.times->staging == b.times->staging);
  CHECK(a.times->pause == b.times->pause);
  CHECK(a.times->result_bytes == b.times->result_bytes);
  CHECK(a.times->sent_bytes == b.times->sent_bytes);
  CHECK(a.times->received_bytes == b.times->received_bytes);
  REQUIRE(a.times->used.size() == b.times->used.size());
  for (const auto& [operation, extents] : a.times->used) {
    REQUIRE(extents.size() == b.times->used.at(operation).size());
    for (std::size_t i = 0; i < extents.size(); ++i) {
      CHECK(extents[i].least == b.times->used.at(operation)[i].least);
      CHECK(extents[i].most == b.times->used.at(operation)[i].most);
    }
  }
}

std::string only_file_in(const std::string& folder) {
  const fs::directory_iterator files(folder);
  REQUIRE(std::distance(begin(files), end(files)) == 1);
  return fs::directory_iterator(folder)->path().filename();
}

/// The key of a scenario's only point.
std::string key_of(const json& scenario, const TemporaryFolder& folder) {
  const std::vector<std::string> keys = point_keys(study_of(scenario, folder));
  REQUIRE(keys.size() == 1);
  return keys[0];
}

json one_point() {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.1}}};
  return scenario;
}

}  // namespace

TEST_CASE("point store: what is kept comes back to the last bit") {
  const TemporaryFolder folder;
  const PointStore store(folder.path(), {"aa", "bb"});
  CHECK_FALSE(store.read()[0]);
  store.keep(1, awkward_result());
  const auto found = store.read();
  CHECK_FALSE(found[0]);
  REQUIRE(found[1]);
  check_same(*found[1], awkward_result());
}

TEST_CASE("point store: a folder that is not there holds nothing and is not made") {
  const TemporaryFolder folder;
  const PointStore store(folder.path() + "/none", {"aa"});
  CHECK_FALSE(store.read()[0]);
  CHECK_FALSE(fs::exists(folder.path() + "/none"));
  CHECK_THROWS_WITH(store.keep(0, awkward_result()), Catch::Contains(".jsonl: No such file or directory"));
}

TEST_CASE("point store: any damage to a record makes its point missing, and no other") {
  const TemporaryFolder folder;
  const PointStore store(folder.path(), {"aa", "bb", "cc"});
  for (const std::size_t point : {0, 1, 2}) store.keep(point, awkward_result());
  const std::string name = only_file_in(folder.path());
  const std::string whole = read_file(folder.path() + "/" + name);
  const std::size_t begin = whole.find('\n') + 1;  // of the second of three lines of the same length
  const std::size_t end = 2 * begin;
  REQUIRE(whole.size() == 3 * begin);
  for (std::size_t at = begin; at < end; ++at) {
    INFO(at);
    std::string damaged = whole;
    damaged[at] = damaged[at] == '7' ? '8' : '7';
    folder.write(name, damaged);
    auto found = store.read();
    CHECK(found[0]);
    CHECK_FALSE(found[1]);
    CHECK(found[2].has_value() == (at + 1 < end));  // without its line end the second makes one line with the third
    folder.write(name, whole.substr(0, at));
    found = store.read();
    CHECK(found[0]);
    CHECK_FALSE(found[1]);
  }
  folder.write(name, whole);
  CHECK(store.read()[1]);
}

TEST_CASE("point store: what was written after a torn record, by another run, is read") {
  const TemporaryFolder folder;
  PointStore(folder.path(), {"aa"}).keep(0, awkward_result());
  const std::string name = only_file_in(folder.path());
  const std::string whole = read_file(folder.path() + "/" + name);
  folder.write("0123456789abcdef.jsonl", whole + whole.substr(0, 100));
  fs::remove(folder.path() + "/" + name);
  const PointStore store(folder.path(), {"aa", "bb"});
  store.keep(1, awkward_result());
  CHECK((store.read()[0] && store.read()[1]));
}

TEST_CASE("point store: the record of another point is not taken, whatever key it is given") {
  const TemporaryFolder folder;
  PointStore(folder.path(), {"aa"}).keep(0, awkward_result());
  const std::string name = only_file_in(folder.path());
  std::string text = read_file(folder.path() + "/" + name);
  folder.write("bb.json", "{" + text.substr(text.find("\"seal\"")));  // as versions before wrote it
  CHECK_FALSE(PointStore(folder.path(), {"bb"}).read()[0]);
  folder.write(name, text.replace(text.find("aa"), 2, "bb"));
  CHECK_FALSE(PointStore(folder.path(), {"bb"}).read()[0]);
}

TEST_CASE("point store: points with the same key have the same result, and of several records one counts") {
  const TemporaryFolder folder;
  for (int run = 0; run < 2; ++run) PointStore(folder.path(), {"aa"}).keep(0, awkward_result());
  const PointStore store(folder.path(), {"aa", "aa"});
  CHECK((store.read()[0] && store.read()[1]));
  store.remove_others();
  CHECK(records_in(folder.path()).size() == 1);
  CHECK((store.read()[0] && store.read()[1]));
}

TEST_CASE("point store: points of others are removed, and nothing else") {
  const TemporaryFolder folder;
  const PointStore other(folder.path(), {"aa", "bb"});
  for (const std::size_t point : {0, 1}) other.keep(point, awkward_result());
  const PointStore store(folder.path(), {"bb"});
  folder.write("cc.json", "{}");
  folder.write("notes.jsonl", "mine");
  folder.write("0123456789abcdef.jsonl", "{\"mine\": true}\n");
  folder.write("dd.json.12.simrun-part", "half");
  folder.write("fedcba9876543210.jsonl", "{\"key\":\"bb\",");  // the first record of a run that was killed
  store.remove_others();
  CHECK(store.read()[0]);
  CHECK_FALSE(other.read()[0]);
  CHECK_FALSE(fs::exists(folder.path() + "/dd.json.12.simrun-part"));
  CHECK_FALSE(fs::exists(folder.path() + "/fedcba9876543210.jsonl"));
  for (const char* mine : {"cc.json", "notes.jsonl", "0123456789abcdef.jsonl"})
    CHECK(fs::exists(folder.path() + "/" + mine));
  PointStore(folder.path(), {}).remove_others();
  CHECK(std::distance(begin(fs::directory_iterator(folder.path())), end(fs::directory_iterator())) == 3);
}

TEST_CASE("point key: the same point has the same key in every study that has it") {
  const TemporaryFolder folder;
  json scenario = one_point();
  const std::string key = key_of(scenario, folder);
  CHECK(key.size() == 32);
  scenario["name"] = "another title";
  CHECK(key_of(scenario, folder) == key);
  // A default spelled out.
  scenario["network"]["model"] = "ideal";
  CHECK(key_of(scenario, folder) == key);
  scenario["sweep"] = {{"workers", {2, 4, 8}}};
  const auto keys = point_keys(study_of(scenario, folder));
  CHECK(keys.at(1) == key);
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 3);
}

TEST_CASE("point key: whatever moves a result changes it") {
  const TemporaryFolder folder;
  std::set<std::string> keys = {key_of(one_point(), folder)};
  const auto is_new = [&](const json& scenario) { return keys.insert(key_of(scenario, folder)).second; };
  const std::vector<std::pair<json::json_pointer, json>> changes = {
      {json::json_pointer("/workers"), 5},
      {json::json_pointer("/model/tensors/0/shape"), json{20, 10}},
      {json::json_pointer("/model/tensors/0/name"), "c"},
      {json::json_pointer("/batch_per_worker"), 9},
      {json::json_pointer("/compute/forward"), "5 ms"},
      {json::json_pointer("/network/latency"), "51 us"},
      {json::json_pointer("/gradients"), json{{"source", "synthetic"}, {"seed", 2}}},
      {json::json_pointer("/schedule"), json{{"grouping", "tensor"}}},
      {json::json_pointer("/methods/0/density"), 0.2},
      {json::json_pointer("/methods/0/index"), "delta"},
      {json::json_pointer("/methods/0/collective"), "allgather-doubling"}};
  for (const auto& [path, value] : changes) {
    INFO(path.to_string());
    json scenario = one_point();
    scenario[path] = value;
    CHECK(is_new(scenario));
  }
}

TEST_CASE("point key: files count by their contents") {
  const TemporaryFolder folder;
  const auto changes = [&](json scenario, const std::string& file, const std::string& one, const std::string& two) {
    folder.write(file, one);
    const std::string key = key_of(scenario, folder);
    CHECK(key_of(scenario, folder) == key);
    folder.write(file, two);
    return key_of(scenario, folder) != key;
  };
  json scenario = one_point();
  scenario["device"] = "even.json";
  // The fourth digit of a time.
  CHECK(changes(scenario, "even.json", profile_text(even_profile({1e-6, 1e12}, 1.000e-3)),
                profile_text(even_profile({1e-6, 1e12}, 1.001e-3))));
  scenario = one_point();
  scenario["model"] = "m.json";
  CHECK(changes(scenario, "m.json", R"({"name": "m", "tensors": [{"name": "a", "shape": [100]}]})",
                R"({"name": "m", "tensors": [{"name": "a", "shape": [101]}]})"));
  scenario = one_point();
  scenario["gradients"] = {{"source", "npy"}, {"files", {"g.npy"}}};
  std::string header = "{'descr': '<f2', 'fortran_order': False, 'shape': (1000,), }";
  header.resize(117, ' ');
  const std::string zeros = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + std::string(2000, '\0');
  CHECK(changes(scenario, "g.npy", zeros, zeros.substr(0, zeros.size() - 1) + '\x01'));
  scenario = one_point();
  scenario["network"] = {{"platform", "p.xml"}};
  const std::string platform = read_file(SIMRUN_SOURCE_DIR "/platforms/two_switches.xml");
  CHECK(changes(scenario, "p.xml", platform, platform + "\n"));
}

}  // namespace simrun
