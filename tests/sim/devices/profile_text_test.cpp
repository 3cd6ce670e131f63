#include "sim/devices/profile_text.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/system/data_path.hpp"
#include "sim/text/error.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/program.hpp"

namespace simrun {

TEST_CASE("profile: what is written is read") {
  DeviceProfile profile = measured_profile({1, 14'728'266}, 1.234e-5);
  profile.uuid = "GPU-1";
  profile.commit = "abc-dirty";
  profile.conditions = {{"threads", "2"}, {"clock", "1410 MHz"}};
  const TemporaryFolder folder;
  const DeviceProfile read = read_device_profile(folder.write("even.json", profile_text(profile)));
  CHECK(read.name == profile.name);
  CHECK(read.device == profile.device);
  CHECK(read.uuid == profile.uuid);
  CHECK(read.software == profile.software);
  CHECK(read.commit == profile.commit);
  CHECK(read.provenance == profile.provenance);
  CHECK(read.source == profile.source);
  CHECK(read.bandwidth == profile.bandwidth);
  CHECK(read.conditions == profile.conditions);
  REQUIRE(read.measurement);
  CHECK(read.measurement->caches == "c");
  CHECK(read.measurement->bandwidth_p95.value == Approx(1.1e9));
  CHECK(read.measurement->drift.front().values == std::vector<double>{1e9, 1.02e9, 0.99e9});
  CHECK(read.measurement->error.worst == 0.125);
  for (const auto& [name, times] : profile.operations) {
    INFO(name);
    const OperationTimes& back = read.operations.at(name);
    CHECK(back.table.axes() == times.table.axes());
    CHECK(back.table.seconds() == times.table.seconds());
    REQUIRE(back.spread);
    CHECK(back.spread->n == times.spread->n);
    CHECK(back.spread->p95.back() == Approx(times.spread->p95.back()).epsilon(5e-4));  // four digits
    CHECK(back.spread->verified_bytes == 4096);
  }
  // And written again it is the same text.
  CHECK(profile_text(read) == profile_text(profile));
}

TEST_CASE("profile: a row of times is a line") {
  const std::string text = profile_text(even_profile({1, 1000, 14'728'266}, 1.23456e-5));
  CHECK_THAT(text, Catch::Contains("   \"axes\": {\n    \"elements\": [1, 1000, 14728266]\n   },\n"
                                   "   \"seconds\": [1.235e-05, 1.235e-05, 1.235e-05]\n"));
  CHECK_THAT(text, Catch::Contains("   \"seconds\": [\n    [1.235e-05, 1.235e-05, 1.235e-05],\n"));
  CHECK_THAT(text, Catch::Contains(" \"bandwidth\": \"1 GB/s\",\n"));
}

TEST_CASE("profile: another format is refused with the command that makes this one") {
  const TemporaryFolder folder;
  const std::string file = folder.write("old.json", R"({"format": 1, "name": "cpu"})");
  CHECK_THROWS_WITH(read_device_profile(file), Catch::Contains("format: 1 is not the format") &&
                                                   Catch::Contains("accepted: 2") &&
                                                   Catch::Contains("`simrun calibrate`"));
}

TEST_CASE("profiles: operations that are left out take their fewest bytes at the memory's bandwidth") {
  const TemporaryFolder folder;
  const DeviceProfile whole = read_device_profile(data_root() + "/platforms/devices/p102-100.json");
  nlohmann::json json = nlohmann::json::parse(profile_text(whole));
  json["operations"] = nlohmann::json::object();
  const DeviceProfile profile = read_device_profile(folder.write("bare.json", json.dump()));
  for (const OperationEntry& operation : profile_operations()) {
    INFO(operation.name);
    const OperationTimes& times = profile.operations.at(operation.name);
    CHECK(times.provenance == "scaled");
    for (const double elements : {1e3, 2.5e7, 1e10}) {
      for (const double density : {1e-5, 0.003, 0.2, 1.0}) {
        const Work work{.elements = elements, .entries = std::max(1.0, density * elements), .parts = 23};
        CHECK(profile.seconds(Step{operation.name, work}).value ==
              Approx(operation.bytes.of(work) / profile.bandwidth.value).epsilon(0.01));
      }
    }
  }
  // Written and read again they are the same.
  CHECK(profile_text(read_device_profile(folder.write("again.json", profile_text(profile)))) == profile_text(profile));
}

}  // namespace simrun
