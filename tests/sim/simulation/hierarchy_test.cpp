// What the GPUs of a host do together, against closed forms. Two hosts of four GPUs; a shard is a quarter of the model.

#include <catch2/catch.hpp>
#include <map>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun::hierarchies_of_hosts {
namespace {

using nlohmann::json;

constexpr double N = 80'000;  // elements
constexpr double i = 10e-6;   // latency inside a host, s
constexpr double I = 1e9;     // bandwidth of a GPU's links there, B/s
constexpr double x = 60e-6;   // latency from host to host: that and the network's
constexpr double B = 125e6;   // bandwidth of a host's card, B/s
constexpr double c = N;       // bytes of a shard: 4 N / 4

constexpr double inside = 3 * (i + c / I);         // a ring of four, one chunk in each step
constexpr double to_one = i + 3 * c / I;           // three chunks from or to one GPU at once
constexpr double reduced_and_shared = 2 * inside;  // by shards
constexpr double led = 2 * inside + 2 * to_one;    // by a leader
double across(double bytes) {
  return x + bytes / (B / 4);
}  // four GPUs share the card
double alone(double bytes) {
  return x + bytes / B;
}

/// `seconds`: of every encoding, decoding and combining.
json scenario_of(const json& method, const TemporaryFolder& folder, double seconds = 1e-12) {
  json scenario = tiny_scenario();
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, seconds)));
  scenario["workers"] = 8;
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {N / 2}}}, {{"name", "b"}, {"shape", {N / 2}}}};
  scenario["compute"] = {{"forward", "0 s"}, {"backward", "0 s"}};
  scenario["network"]["gpus_per_host"] = 4;
  scenario["network"]["intra_host"] = {{"kind", "nvlink"}, {"bandwidth", "1 GB/s"}, {"latency", "10 us"}};
  scenario["methods"] = {method};
  return scenario;
}

double iteration(const json& method) {
  const TemporaryFolder folder;
  return times_of(scenario_of(method, folder)).iteration.value;
}

json with(json method, const char* hierarchy) {
  method["hierarchy"] = hierarchy;
  return method;
}

}  // namespace

TEST_CASE("hierarchy: every way of combining, by shards and by leaders") {
  // K = 8000 of all is 2000 of a shard. Pairs take 8 bytes and a header of 32, signs a bit.
  const json sgd = {{"name", "sgd"}};
  CHECK(iteration(with(sgd, "shard")) == Approx(reduced_and_shared + 2 * across(c / 2)).epsilon(1e-5));
  CHECK(iteration(with(sgd, "leader")) == Approx(led + 2 * alone(4 * c / 2)).epsilon(1e-5));
  const json top_k = {{"name", "top-k"}, {"k", 8000}};
  CHECK(iteration(with(top_k, "shard")) == Approx(reduced_and_shared + across(32 + 16'000)).epsilon(1e-5));
  CHECK(iteration(with(top_k, "leader")) == Approx(led + alone(32 + 64'000)).epsilon(1e-5));
  const json gtop_k = {{"name", "gtop-k"}, {"k", 8000}};
  CHECK(iteration(with(gtop_k, "shard")) == Approx(reduced_and_shared + 2 * across(32 + 16'000)).epsilon(1e-5));
  CHECK(iteration(with(gtop_k, "leader")) == Approx(led + 2 * alone(32 + 64'000)).epsilon(1e-5));
  const json vote = {{"name", "signsgd-mv"}, {"server", "rank0"}};
  CHECK(iteration(with(vote, "shard")) == Approx(reduced_and_shared + 2 * across(32 + 2500)).epsilon(1e-5));
  CHECK(iteration(with(vote, "leader")) == Approx(led + 2 * alone(32 + 10'000)).epsilon(1e-5));
  // The leader's indices, then a ring of two over values.
  const json scalecom = {{"name", "scalecom"}, {"k", 8000}};
  CHECK(iteration(with(scalecom, "shard")) ==
        Approx(reduced_and_shared + across(32 + 8000) + 2 * across(4000)).epsilon(1e-5));
  CHECK(iteration(with(scalecom, "leader")) == Approx(led + alone(32 + 32'000) + 2 * alone(16'000)).epsilon(1e-5));
}

TEST_CASE("hierarchy: a host alone exchanges with no other, one GPU a host does nothing with others") {
  const TemporaryFolder folder;
  for (const char* hierarchy : {"shard", "leader"}) {
    json scenario = scenario_of(with({{"name", "top-k"}, {"k", 8000}}, hierarchy), folder);
    scenario["workers"] = 4;
    const double expected = std::string(hierarchy) == "shard" ? reduced_and_shared : led;
    CHECK(times_of(scenario).iteration.value == Approx(expected).epsilon(1e-5));
    scenario["network"].erase("gpus_per_host");
    scenario["network"].erase("intra_host");
    scenario["compute"]["backward"] = "10 ms";
    scenario["device"] = folder.write("slow.json", profile_text(even_profile({1e-6, 1e12}, 1 * ms)));
    scenario["schedule"] = {{"grouping", "tensor"}};
    const double alike = times_of(scenario).iteration.value;
    scenario["methods"][0].erase("hierarchy");
    CHECK(alike == times_of(scenario).iteration.value);
  }
}

TEST_CASE("hierarchy: points that have none and points that have one are told apart, also where they are the same") {
  // With contents, whose payloads points share. With one worker, or one GPU a host, all three are flat.
  const TemporaryFolder folder;
  for (const json& order : {json{"flat", "shard", "leader"}, json{"leader", "shard", "flat"}}) {
    json scenario = scenario_of({{"name", "top-k"}, {"k", 8000}, {"index", "delta"}}, folder);
    scenario["sweep"] = {{"workers", {1, 8}}, {"hierarchy", order}};
    folder.write("s.json", scenario.dump());
    const Ended run = run_program("s.json --format csv --fresh", folder.path());
    INFO(run.err);
    REQUIRE(run.status == 0);
    const auto rows = parse_csv(run.out);
    REQUIRE(rows.size() == 6);
    std::map<std::string, double> alone;
    for (const auto& row : rows) {
      if (row.at("workers") == "1") alone[row.at("hierarchy")] = number(row, "result_bytes");
    }
    CHECK(alone.at("shard") == alone.at("flat"));
    CHECK(alone.at("leader") == alone.at("flat"));
    CHECK(alone.at("flat") < 8 * 8000);
  }
}

TEST_CASE("hosts of several GPUs: a server has a host of its own, or is rank 0") {
  // The server's host is on the network by its link alone: a message passes the latency inside a host halfway.
  const TemporaryFolder folder;
  constexpr double y = 50e-6 + i / 2;
  constexpr double payload = 32 + N / 8;
  constexpr double of_shard = 32 + N / 32;
  const json votes = {{"name", "signsgd-mv"}};
  for (const int workers : {3, 4, 6, 8}) {
    INFO(workers);
    json scenario = scenario_of(votes, folder);
    scenario["workers"] = workers;
    CHECK(times_of(scenario).iteration.value == Approx(2 * (y + workers * payload / B)).epsilon(1e-5));
  }
  CHECK(iteration(with(votes, "leader")) == Approx(led + 2 * (y + 2 * payload / B)).epsilon(1e-5));
  CHECK(iteration(with(votes, "shard")) == Approx(reduced_and_shared + 2 * (y + 8 * of_shard / B)).epsilon(1e-5));
  // Of two hosts of four, seven workers send to rank 0: three over links inside, four over the card.
  CHECK(iteration({{"name", "signsgd-mv"}, {"server", "rank0"}}) == Approx(2 * (x + 4 * payload / B)).epsilon(1e-4));
}

TEST_CASE("hosts of several GPUs: a server combines one shard after another, and answers each when it has it") {
  const TemporaryFolder folder;
  constexpr double y = 50e-6 + i / 2;
  constexpr double of_shard = 32 + N / 32;
  const Times times = times_of(scenario_of(with({{"name", "signsgd-mv"}}, "shard"), folder, 1 * ms));
  CHECK(times.iteration.value ==
        Approx(reduced_and_shared + 1 * ms + (y + 8 * of_shard / B) + 4 * ms + (y + 2 * of_shard / B) + 1 * ms)
            .epsilon(1e-5));
  // Alone on a host, workers have nobody to vote with.
  json scenario = scenario_of(with({{"name", "signsgd-mv"}}, "shard"), folder);
  scenario["workers"] = 4;
  CHECK(times_of(scenario).iteration.value == Approx(reduced_and_shared).epsilon(1e-5));
}

TEST_CASE("hosts of several GPUs: TCP costs between hosts, and nothing inside") {
  // Two hosts, leaders: what is inside takes what it takes with model ideal. Between hosts two leaders exchange as two
  // workers on hosts of their own do, over links whose latency is that of both.
  const TemporaryFolder folder;
  for (const json& method :
       {json{{"name", "sgd"}}, json{{"name", "top-k"}, {"k", 8000}}, json{{"name", "top-k"}, {"k", 80}}}) {
    INFO(method);
    json scenario = scenario_of(with(method, "leader"), folder);
    scenario["network"]["model"] = "ethernet-tcp";
    const double both = times_of(scenario).iteration.value;
    scenario["workers"] = 4;
    CHECK(times_of(scenario).iteration.value == Approx(led).epsilon(1e-5));
    scenario["workers"] = 2;
    scenario["methods"] = {method};
    for (const char* key : {"gpus_per_host", "intra_host"}) scenario["network"].erase(key);
    scenario["network"]["latency"] = "60 us";
    const double between = times_of(scenario).iteration.value;
    CHECK(both == Approx(led + between).epsilon(1e-5));
    CHECK(between > 1.02 * (x + (method["name"] == "sgd" ? 8 * c / 2 : 8.0 * method["k"].get<double>()) / B));
  }
}

TEST_CASE("hierarchy: encoding waits for the host's sum, sharing for what was decoded") {
  // The backward pass takes 10 ms, every encoding and decoding 1 ms. fp32 sums take none. Leaders encode four times as
  // much, in the same time.
  const TemporaryFolder folder;
  const json top_k = {{"name", "top-k"}, {"k", 8000}};
  for (const char* decode : {"as-ready", "after-backward"}) {
    json scenario = scenario_of(with(top_k, "shard"), folder, 1 * ms);
    scenario["compute"]["backward"] = "10 ms";
    scenario["schedule"] = {{"decode", decode}};
    const Times times = times_of(scenario);
    CHECK(times.iteration.value ==
          Approx(10 * ms + inside + 1 * ms + across(32 + 16'000) + 1 * ms + inside).epsilon(1e-5));
    CHECK(times.encode.value == Approx(1 * ms));
    CHECK(times.decode.value == Approx(1 * ms));
    scenario["methods"] = {with(top_k, "leader")};
    CHECK(times_of(scenario).iteration.value ==
          Approx(10 * ms + led + 1 * ms + alone(32 + 64'000) + 1 * ms).epsilon(1e-5));
  }
}

TEST_CASE("hierarchy: groups are shared at once, or when all are exchanged") {
  // Two groups of N/2, nothing to compute: one after the other in either order takes the same.
  const TemporaryFolder folder;
  const double half = 6 * (i + c / 2 / I) + across(32 + 8000);
  for (const char* decode : {"as-ready", "after-backward"}) {
    json scenario = scenario_of(with({{"name", "top-k"}, {"k", 8000}}, "shard"), folder);
    scenario["schedule"] = {{"grouping", "tensor"}, {"decode", decode}};
    CHECK(times_of(scenario).iteration.value == Approx(2 * half).epsilon(1e-5));
  }
  // The backward pass of b takes 5 ms, that of each c 1.25 ms. b is added up behind the first, encoded after it,
  // exchanged behind the second and decoded after that. It is shared when the others are added up, or at the end.
  json scenario = scenario_of(with({{"name", "top-k"}, {"k", 8000}}, "shard"), folder);
  scenario["model"]["tensors"] = json::array();
  for (const char* name : {"c1", "c2", "c3", "c4"})
    scenario["model"]["tensors"].push_back({{"name", name}, {"shape", {N / 8}}});
  scenario["model"]["tensors"].push_back({{"name", "b"}, {"shape", {N / 2}}});
  scenario["compute"]["backward"] = "10 ms";
  for (const char* decode : {"as-ready", "after-backward"}) {
    scenario["schedule"] = {{"grouping", {{"groups", {{"b"}, {"c1", "c2", "c3", "c4"}}}}}, {"decode", decode}};
    CHECK(times_of(scenario).iteration.value == Approx(10 * ms + half + 3 * (i + c / 2 / I)).epsilon(1e-5));
  }
}

TEST_CASE("hierarchy: no group waits for the one before to be decoded") {
  // Four tensors of 1 ms; encoding and decoding take 0.5 ms, s inside a host 0.09 ms each way, y between hosts 0.19 ms.
  // On the device: tensors 1 and 2 until 2 ms; group 1 is encoded until 2.5, tensor 3 done at 3.5, group 1 decoded at
  // 4, group 2 encoded at 4.5, tensor 4 done at 5.5, group 2 decoded at 6, group 3 encoded at 6.5. Then the network is
  // waited for: group 3 is exchanged at 6.5 + y, decoded 0.5 later, group 4 encoded 0.5 later, exchanged y later,
  // decoded 0.5 later and shared. Groups 1 to 3 are shared while the next one is encoded.
  const TemporaryFolder folder;
  json scenario = scenario_of(with({{"name", "top-k"}, {"k", 8000}}, "shard"), folder, 0.5 * ms);
  scenario["model"]["tensors"] = json::array();
  for (const char* name : {"a", "b", "c", "d"})
    scenario["model"]["tensors"].push_back({{"name", name}, {"shape", {N / 4}}});
  scenario["compute"]["backward"] = "4 ms";
  scenario["schedule"] = {{"grouping", "tensor"}, {"decode", "as-ready"}};
  const double s = 3 * (i + c / 4 / I);
  const double y = across(32 + 8 * 500);
  CHECK(times_of(scenario).iteration.value == Approx(6.5 * ms + y + 1 * ms + y + 0.5 * ms + s).epsilon(1e-5));
  CHECK(times_of(scenario).encode.value == Approx(2 * ms));
  CHECK(times_of(scenario).decode.value == Approx(2 * ms));
}

TEST_CASE("hierarchy: what a GPU encodes is a part of its host's mean, whatever the codec needs of it") {
  // Bytes that depend on contents: the delta coding of a shard's indices is about a quarter of the whole's, and of the
  // host's mean other elements are the largest.
  const TemporaryFolder folder;
  const auto result = [&](const char* hierarchy, const char* index) {
    const json method = {{"name", "top-k"}, {"k", 8000}, {"index", index}};
    return static_cast<double>(times_of(scenario_of(with(method, hierarchy), folder)).result_bytes);
  };
  CHECK(result("shard", "raw32") == 2 * (32 + 8 * 2000));
  CHECK(result("leader", "raw32") == 2 * (32 + 8 * 8000));
  CHECK(result("shard", "delta") == Approx(result("leader", "delta") / 4).epsilon(0.05));
  CHECK(result("shard", "delta") < 0.75 * result("shard", "raw32"));
  // Votes on sparse signs: of shards as many entries in all.
  const json votes = {{"name", "sparse-signsgd"}, {"k", 8000}, {"server", "rank0"}};
  const auto voted = [&](const char* hierarchy) {
    return static_cast<double>(times_of(scenario_of(with(votes, hierarchy), folder)).result_bytes);
  };
  CHECK(voted("shard") == Approx(voted("leader") / 4).epsilon(0.05));
}

}  // namespace simrun::hierarchies_of_hosts
