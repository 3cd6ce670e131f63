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
  profile.precision = Precision::bf16;
  profile.commit = "abc-dirty";
  profile.conditions = {{"threads", "2"}, {"clock", "1410 MHz"}};
  const TemporaryFolder folder;
  const DeviceProfile read = read_device_profile(folder.write("even.json", profile_text(profile)));
  CHECK(read.name == profile.name);
  CHECK(read.device == profile.device);
  CHECK(read.uuid == profile.uuid);
  CHECK(read.software == profile.software);
  CHECK(read.precision == Precision::bf16);
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

TEST_CASE("profiles: operations that are left out are modelled, by what the profile says of launches and bandwidth") {
  const TemporaryFolder folder;
  nlohmann::json json = {{"format", 2},
                         {"name", "bare"},
                         {"device", "none"},
                         {"software", "none"},
                         {"provenance", "modelled"},
                         {"source", "made up"},
                         {"bandwidth", "1 TB/s"},
                         {"operations", nlohmann::json::object()}};
  json["model"] = {{"launch", {"1 us", "4 us", "6 us"}}, {"bandwidth_share", {0.25, 0.5, 1.0}}};
  const DeviceProfile profile = read_device_profile(folder.write("bare.json", json.dump()));
  for (const OperationEntry& operation : profile_operations())
    CHECK(profile.operations.at(operation.name).provenance == "modelled");
  // One launch; 4.125 bytes of each of a million elements: 8.25 us at half of 1 TB/s, 4.125 at all, 16.5 at a
  // quarter.
  const Step step{"encode.signs", {.elements = 1e6}};
  CHECK(profile.seconds(step).value == Approx(4e-6 + 8.25e-6));
  CHECK(profile.band(step).low == Approx((1 + 4.125) / 12.25));
  CHECK(profile.band(step).high == Approx((6 + 16.5) / 12.25));
  // Two bytes an element less to read, so 2.125.
  CHECK(profile.seconds(Step{"encode.signs", {.elements = 1e6, .gradient = Precision::bf16}}).value ==
        Approx(4e-6 + 4.25e-6));
  // Of another device's memory alone.
  const DeviceProfile faster = scaled_to(profile, "faster", BytesPerSecond(2e12));
  CHECK(faster.seconds(step).value == Approx(4e-6 + 4.125e-6));
  // Written and read again they are the same.
  CHECK(profile_text(read_device_profile(folder.write("again.json", profile_text(profile)))) == profile_text(profile));
  json.erase("model");
  const DeviceProfile assumed = read_device_profile(folder.write("assumed.json", json.dump()));
  CHECK(assumed.seconds(step).value == Approx(3e-6 + 4.125e-6 / 0.7));
}

TEST_CASE("profiles: where multiprocessors are known, modelled times have the cycles that were seen") {
  const TemporaryFolder folder;
  DeviceProfile bare = even_profile({1, 1e6}, 1e-6);
  bare.operations.clear();
  bare.bandwidth = BytesPerSecond(1e12);
  bare.model = {.launch = {1e-6, 4e-6, 6e-6},
                .share = {0.25, 0.5, 1},
                .multiprocessors = Multiprocessors{100, 1e9},
                .cycles = {0.5, 1, 2}};
  const DeviceProfile profile = read_device_profile(folder.write("bare.json", profile_text(bare)));
  const Cycles seen = operation_entry("decode.qsgd").kernels.cycles.usual;
  REQUIRE(seen.per_element > 1.8);  // more than 9 bytes an element take at half of the bandwidth
  // A million elements on 1e11 cycles a second; what is serial on 1e9.
  const Step step{"decode.qsgd", {.stage = Stage::decode, .elements = 1e6}};
  const double waiting = seen.serial * 1e-9;
  const double computing = seen.per_element * 1e-5;
  const double typical = 4e-6 + waiting + computing;
  CHECK(profile.seconds(step).value == Approx(typical));
  CHECK(profile.band(step).low == Approx((1e-6 + waiting / 2 + computing / 2) / typical));
  CHECK(profile.band(step).high == Approx((6e-6 + 2 * waiting + 2 * computing) / typical));
  // Signs are bound by their 4.125 bytes an element.
  const Cycles signs = operation_entry("encode.signs").kernels.cycles.usual;
  CHECK(profile.seconds(Step{"encode.signs", {.elements = 1e6}}).value == Approx(4e-6 + signs.serial * 1e-9 + 8.25e-6));
  // A small tensor is one multiprocessor's: 8000 elements on 1e9 cycles a second.
  const Cycles small = operation_entry("encode.pairs").kernels.cycles.small;
  const double selecting = (small.per_element * 8000 + small.per_entry * 8) * 1e-9;
  CHECK(profile.seconds(Step{"encode.pairs", {.elements = 8000, .entries = 8}}).value ==
        Approx(4e-6 + small.serial * 1e-9 + selecting));
  // Written and read again it is the same.
  CHECK(profile_text(profile) == profile_text(bare));
}

TEST_CASE("profiles: times that were not measured may have a range, and be without a second axis") {
  const TemporaryFolder folder;
  const std::string file = data_root() + "/platforms/devices/v100-pytorch.json";
  const DeviceProfile profile = read_device_profile(file);
  CHECK(profile.name == "v100");
  // 5 to 12 ns an element, 8.5 here.
  const Step step{"encode.pairs", {.elements = 1e6, .entries = 1e3}};
  CHECK(profile.seconds(step).value == Approx(8.5e-3));
  CHECK(profile.band(step).low * 8.5 == Approx(5).epsilon(0.001));
  CHECK(profile.band(step).high * 8.5 == Approx(12).epsilon(0.001));
  const DeviceProfile again = read_device_profile(folder.write("again.json", profile_text(profile)));
  CHECK(again.band(step).high == profile.band(step).high);
  nlohmann::json json = nlohmann::json::parse(profile_text(profile));
  const auto refusal = [&](const char* operation, const char* key, const nlohmann::json& value) {
    nlohmann::json wrong = json;
    wrong["operations"][operation][key] = value;
    try {
      read_device_profile(folder.write("wrong.json", wrong.dump()));
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("read");
  };
  CHECK_THAT(refusal("encode.pairs", "range", {1.1, 1.2}), Catch::Contains("encode.pairs.range: is no range around 1"));
  CHECK_THAT(refusal("encode.pairs", "range", {0.5}), Catch::Contains("the list is too short"));
  CHECK_THAT(refusal("encode.pairs", "axes", {{"density", {1}}}), Catch::Contains("wrong axes"));
  CHECK_THAT(refusal("encode.pairs", "provenance", "modelled"), Catch::Contains("provenance"));
}

}  // namespace simrun
