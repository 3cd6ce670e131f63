// When groups are decoded. Three tensors, each a group, whose backward pass takes b; every encoding takes e and every
// decoding d on a device of its own; two workers, whose exchange of a group takes x. c is ready first, then b, then a.

#include <catch2/catch.hpp>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

constexpr double b = 10 * ms;
constexpr double e = 1 * ms;
constexpr double d = 1 * ms;

/// K = 10 of a tensor's 1000: a payload of 32 + 8 x 10 bytes.
double exchange(double latency) {
  return latency + 112 / 125e6;
}

json scenario_of(double latency, const TemporaryFolder& folder) {
  json scenario = tiny_scenario();
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, 1 * ms)));
  scenario["workers"] = 2;
  scenario["model"]["tensors"] = json::array();
  for (const char* name : {"a", "b", "c"}) scenario["model"]["tensors"].push_back({{"name", name}, {"shape", {1000}}});
  scenario["compute"] = {{"forward", "0 s"}, {"backward_by_tensor", {"10 ms", "10 ms", "10 ms"}}};
  scenario["network"]["latency"] = std::to_string(latency / ms) + " ms";
  scenario["schedule"] = {{"grouping", "tensor"}};
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.01}}};
  return scenario;
}

double iteration(json scenario, const char* decode) {
  scenario["schedule"]["decode"] = decode;
  const Times times = times_of(scenario);
  CHECK(times.compute.value == Approx(3 * b));
  CHECK(times.encode.value == Approx(3 * e));
  CHECK(times.decode.value == Approx(3 * d));
  CHECK((times.compute + times.encode + times.decode + times.staging + times.communication).value ==
        Approx(times.iteration.value));
  return times.iteration.value;
}

}  // namespace

TEST_CASE("decode as-ready: decoding goes in between pieces of the backward pass, and delays the last exchange") {
  // c's outcome comes while b's backward pass runs, b's while a's does; each is decoded right after that, and a's is
  // encoded after it.
  const TemporaryFolder folder;
  for (const double latency : {1.5 * ms, 4 * ms}) {
    const json scenario = scenario_of(latency, folder);
    CHECK(iteration(scenario, "as-ready") == Approx(3 * b + 3 * e + 2 * d + exchange(latency) + d).epsilon(1e-9));
  }
}

TEST_CASE("decode after-backward: decoding waits for the backward pass, beside the last exchange") {
  // From 3 (b + e) on, a is exchanged for x while c and b are decoded for 2 d; a is decoded when both are over.
  const TemporaryFolder folder;
  for (const double latency : {1.5 * ms, 4 * ms}) {
    const json scenario = scenario_of(latency, folder);
    CHECK(iteration(scenario, "after-backward") ==
          Approx(3 * b + 3 * e + std::max(exchange(latency), 2 * d) + d).epsilon(1e-9));
    CHECK(times_of(scenario).iteration.value == Approx(iteration(scenario, "after-backward")).epsilon(1e-12));
  }
}

TEST_CASE("decode: what comes after the backward pass is decoded when it is there, whichever it is") {
  // Exchanges of 40 ms queue from b + e on; the backward pass and all encoding end at 33 ms, before c's is over.
  const TemporaryFolder folder;
  const json scenario = scenario_of(40 * ms, folder);
  for (const char* decode : {"as-ready", "after-backward"})
    CHECK(iteration(scenario, decode) == Approx(b + e + 3 * exchange(40 * ms) + d).epsilon(1e-9));
}

TEST_CASE("decode: on a host it takes nothing from the device, and waits just the same") {
  // A host as fast as the device, to which copies take no time. It works while the rank waits. At once: c and b are
  // decoded behind the backward pass. After it: all three, when a's exchange is over.
  const TemporaryFolder folder;
  json scenario = scenario_of(1.5 * ms, folder);
  scenario["host"] = {{"bandwidth", "1e6 GB/s"}, {"merges", "host"}, {"memory_bandwidth", "1 GB/s"}};
  const auto of = [&](const char* decode) {
    scenario["schedule"]["decode"] = decode;
    return times_of(scenario).iteration.value;
  };
  CHECK(of("as-ready") == Approx(3 * b + 3 * e + exchange(1.5 * ms) + d).epsilon(1e-6));
  CHECK(of("after-backward") == Approx(3 * b + 3 * e + exchange(1.5 * ms) + 3 * d).epsilon(1e-6));
}

TEST_CASE("decode: with one group both are the same") {
  const TemporaryFolder folder;
  json scenario = scenario_of(1.5 * ms, folder);
  scenario["schedule"] = {{"grouping", "model"}};
  const double at_once = times_of(scenario).iteration.value;
  scenario["schedule"]["decode"] = "after-backward";
  CHECK(times_of(scenario).iteration.value == Approx(at_once).epsilon(1e-12));
  CHECK(at_once == Approx(3 * b + e + exchange(1.5 * ms) + 160 / 125e6 + d).epsilon(1e-6));  // 30 entries
}

}  // namespace simrun
