// Methods of several rounds in an iteration. Those of one round: program_test.cpp, decode_time_test.cpp,
// staging_test.cpp.

#include "sim/simulation/worker.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/simulated_exchange.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

/// Four workers that compute for 10 ms, on a device on which every operation takes 1 ms.
json even_scenario(const json& method, const TemporaryFolder& folder) {
  json scenario = tiny_scenario();
  scenario["workers"] = 4;
  scenario["network"] = {{"bandwidth", "1 Gbps"}, {"latency", "50 us"}};
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, ms)));
  scenario["methods"] = {method};
  return scenario;
}

/// A ring of four that adds up so many fp32 values.
double ring(double values) {
  return 6 * (a + 4 * std::ceil(values / 4) / B);
}

}  // namespace

TEST_CASE("worker: a later round is encoded when the one before has ended") {
  // Of 10 x 20 and 800 elements, rank 1: 10 + 800 values go in the first round, 20 in the second. Each is encoded
  // by one operation, and decoding is one.
  const TemporaryFolder folder;
  const json scenario = even_scenario({{"name", "powersgd"}, {"rank", 1}}, folder);
  const Times times = times_of(scenario);
  const double network = ring(810) + ring(20);
  CHECK(times.encode.value == close_to(2 * ms));
  CHECK(times.decode.value == close_to(1 * ms));
  CHECK(times.communication.value == close_to(network));
  CHECK(times.iteration.value == close_to(13 * ms + network));
  CHECK(times.result_bytes == 4 * (810 + 20));
  CHECK_FALSE(times.pause);
}

TEST_CASE("worker: a round in which nobody has anything to send does not take place") {
  // Two vectors: both go in the first round.
  const TemporaryFolder folder;
  json scenario = even_scenario({{"name", "powersgd"}}, folder);
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {800}}}, {{"name", "b"}, {"shape", {800}}}};
  scenario["schedule"] = {{"grouping", "model"}};
  for (const char* hierarchy : {"flat", "leader"}) {
    scenario["methods"][0]["hierarchy"] = hierarchy;
    const Times times = times_of(scenario);
    INFO(hierarchy);
    CHECK(times.communication.value == close_to(ring(1600)));
    CHECK(times.encode.value == close_to(1 * ms));
    CHECK(times.result_bytes == 4 * 1600);
  }
}

TEST_CASE("worker: a later round's encoding is no time on the network") {
  const TemporaryFolder folder;
  const json scenario = even_scenario({{"name", "powersgd"}, {"rank", 1}}, folder);
  const Times known = times_of(scenario, [](Setup& setup) { setup.network_error = NetworkError{{0.5, 2}}; });
  REQUIRE(known.interval);
  CHECK((known.interval->high - known.iteration).value == close_to(ring(810) + ring(20)));
  CHECK((known.iteration - known.interval->low).value == close_to(0.5 * (ring(810) + ring(20))));
}

TEST_CASE("worker: the parts of an iteration that one worker leads are the leader's") {
  // Selecting is one operation, of 1 ms, and gathering another. The other workers' first takes 3 ms.
  const TemporaryFolder folder;
  json scenario = even_scenario({{"name", "scalecom"}, {"k", 10}}, folder);
  DeviceProfile slow = even_profile({1e-6, 1e12}, ms);
  OperationTimes& others = slow.operations.at("encode.leader-indices");
  others.table = CostTable(others.table.axes(), std::vector<double>(4, 3 * ms));
  scenario["device"] = folder.write("slow.json", profile_text(slow));
  const Times times = times_of(scenario);
  CHECK(times.encode.value == close_to(2 * ms));
  CHECK(times.decode.value == close_to(1 * ms));
  CHECK(times.iteration > Seconds(15 * ms));  // 10 + 3 + 1 + 1 of the others, and the network
  CHECK(times.iteration < Seconds(16 * ms));
  CHECK(times.result_bytes == 32 + 40 + 40);
}

}  // namespace simrun
