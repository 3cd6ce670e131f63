#include "sim/devices/device_profile.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/index_coding.hpp"
#include "sim/devices/profile_text.hpp"
#include "sim/report/device_report.hpp"
#include "sim/system/data_path.hpp"
#include "tests/sim/profiles.hpp"

namespace simrun {
namespace {

DeviceProfile p102() {
  return read_device_profile(data_root() + "/platforms/devices/p102-100.json");
}

Work selection(double elements, double entries) {
  return {.stage = Stage::encode,
          .kind = PayloadKind::pairs,
          .index = IndexCoding::raw32,
          .elements = elements,
          .entries = entries};
}

}  // namespace

TEST_CASE("device profile: the P102-100 has the published selection time") {
  const DeviceProfile profile = p102();
  // 6.3 ns a parameter; the paper's breakdown says 91.4 ms.
  CHECK(profile.seconds(selection(14'728'266, 14'728)).value == Approx(6.3e-9 * 14'728'266));
  CHECK(profile.provenance == "published");
  CHECK(profile.operations.at("encode.signs").provenance == "modelled");
}

TEST_CASE("device profile: shipped ones have every operation, and dense fp32 costs nothing") {
  for (const std::string& name : json_names(data_root() + "/platforms/devices")) {
    INFO(name);
    const DeviceProfile profile = read_device_profile(data_root() + "/platforms/devices/" + name + ".json");
    CHECK((profile.name == name || profile.name + "-" + profile.implementation == name));
    if (profile.implementation == "pytorch") CHECK(profile.model.launch.typical > KernelModel().launch.typical);
    for (const OperationEntry& operation : profile_operations()) CHECK(profile.operations.count(operation.name) == 1);
    Work dense{.stage = Stage::encode, .kind = PayloadKind::dense32};
    dense.elements = 1e6;
    CHECK(profile.seconds(dense) == Seconds(0));
  }
}

TEST_CASE("device profile: kernels move at least the fewest bytes of each operation") {
  const Work work{.elements = 1e7, .entries = 1e5, .parts = 8};
  for (const OperationEntry& operation : profile_operations()) {
    INFO(operation.name);
    CHECK(operation.kernels.bytes.of(work) >= operation.bytes.of(work));
  }
  for (const OperationEntry& operation : codec_operations()) {
    INFO(operation.name);
    CHECK(operation.kernels.bytes.of(work) >= operation.bytes.of(work));
  }
}

TEST_CASE("device profile: coded indices cost more than raw ones") {
  const DeviceProfile profile = p102();
  Work raw{.stage = Stage::combine,
           .kind = PayloadKind::sparse_signs,
           .index = IndexCoding::raw32,
           .elements = 1e6,
           .entries = 8e4,
           .parts = 8,
           .result_entries = 5e4};
  // Eight decodings of 1e4 entries in 1e6 elements and one encoding of 5e4.
  Work one = raw;
  one.entries = 1e4;
  Work result = raw;
  result.entries = 5e4;
  for (const IndexCodingEntry& coding : index_codings()) {
    if (coding.coding == IndexCoding::raw32) continue;
    INFO(coding.name);
    Work coded = raw;
    coded.index = coding.coding;
    const std::string name(coding.name);
    const double expected = 8 * profile.seconds(Step{"index-decode." + name, one}).value +
                            profile.seconds(Step{"index-encode." + name, result}).value;
    CHECK(profile.seconds(coded).value - profile.seconds(raw).value == Approx(expected));
  }
}

TEST_CASE("device profile: beyond the grid no operation is faster than memory, on it the times are as they are") {
  // 1 us for up to 1e6 elements: a bit an element packed from 4.125 bytes of a cache. At 1 GB/s 4.125 MB take 4.125 ms.
  const DeviceProfile profile = even_profile({1, 1e6}, 1e-6);
  const auto seconds = [&](double elements) {
    return profile.seconds({.stage = Stage::encode, .kind = PayloadKind::signs, .elements = elements}).value;
  };
  CHECK(seconds(1e3) == Approx(1e-6));
  CHECK(seconds(1e6) == Approx(1e-6));
  CHECK(seconds(2e6) == Approx(2e6 * 4.125 / 1e9));
  // Where the times are above the bound already, they go on in proportion.
  const DeviceProfile slow = even_profile({1, 1e6}, 1);
  CHECK(slow.seconds({.stage = Stage::encode, .kind = PayloadKind::signs, .elements = 2e6}).value == Approx(2));
}

TEST_CASE("device profile: fewest bytes of each operation") {
  const Work work{.elements = 800, .entries = 80, .parts = 4};
  const auto bytes = [&](const char* name) { return operation_entry(name).bytes.of(work); };
  CHECK(bytes("encode.signs") == Approx(4 * 800 + 100));                      // gradient in, bits out
  CHECK(bytes("encode.pairs") == Approx(4 * 800 + 2 * 4 * 800 + 8 * 80));     // gradient, residual in and out, pairs
  CHECK(bytes("encode.sparse-signs") == Approx(12 * 800 + 4 * 80 + 80 / 8));  // index and bit
  CHECK(bytes("combine.signs") == Approx(5 * 100));                           // four in, one out
  CHECK(bytes("decode.signs") == Approx(100 + 2 * 4 * 800));                  // the sum in and out
  CHECK(bytes("decode.dense16") == Approx(2 * 800 + 2 * 4 * 800));
  CHECK(bytes("decode.pairs") == Approx(8 * 80 + 2 * 4 * 80));
  CHECK(bytes("index-encode.bitmap") == Approx(4 * 80 + 100));
}

TEST_CASE("device profile: scaled to another device, every time is longer by the ratio of bandwidths") {
  const DeviceProfile profile = measured_profile({1, 1e3, 1e6}, 1e-4);
  const DeviceProfile scaled = scaled_to(profile, "slow", BytesPerSecond(0.25e9));
  for (const double elements : {0.5, 1.0, 700.0, 1e6, 1e9}) {
    for (const double entries : {0.1, 1.0, 1e3}) {
      const Work work = selection(elements, entries);
      CHECK(scaled.seconds(work).value == Approx(4 * profile.seconds(work).value).epsilon(1e-12));
    }
  }
  CHECK(scaled.name == "slow");
  CHECK(scaled.provenance == "scaled");
  CHECK(scaled.device == "slow, 250 MB/s");
  CHECK(scaled.source == "even (measured; none; made up), scaled by memory bandwidth, 1.00 GB/s over 250 MB/s");
  CHECK(scaled.operations.at("encode.pairs").provenance == "scaled");
  CHECK(scaled.operations.at("encode.pairs").spread->p5.front() == Approx(4 * 0.8e-4));
}

TEST_CASE("device profile: drift is the larger deviation from what was measured first") {
  CHECK(Drift{"", {10, 11, 9.5}}.worst() == Approx(0.1));
  CHECK(Drift{"", {10, 10, 8}}.worst() == Approx(0.2));
  CHECK(Drift{"", {10, 10, 10}}.worst() == 0);
}

TEST_CASE("device profile: a measured time has a band of spread, interpolation and drift") {
  DeviceProfile profile = measured_profile({1, 1e3, 1e6}, 1e-4);
  const auto band = [&](double elements, double entries) {
    return profile.band(steps_of(selection(elements, entries)).front());
  };
  // Quantiles 0.8 and 1.2 of the median, interpolation off by 1 % in the median, drift from 0.99 to 1.02.
  const double drift = std::log(1.02 / 0.99);
  CHECK(band(1e3, 1e3).low == Approx(std::exp(-std::hypot(std::log(0.8), drift))));
  CHECK(band(1e3, 1e3).high == Approx(std::exp(std::hypot(std::log(1.2), drift))));
  const double between = std::hypot(std::log(1.2), 1.645 / 0.674 * std::log(1.01), drift);
  CHECK(band(2e3, 2e3).high == Approx(std::exp(between)));
  CHECK(band(1e3, 2e2).high == Approx(std::exp(between)));  // off the grid along the density alone
  // Without drift, and with runs that all took the same time, nothing is left.
  profile.measurement->drift.clear();
  TimeSpread& spread = *profile.operations.at("encode.pairs").spread;
  spread.p5 = spread.p95 = profile.operations.at("encode.pairs").table.seconds();
  CHECK(band(1e3, 1e3).low == 1);
  CHECK(band(1e3, 1e3).high == 1);
}

TEST_CASE("device profile: the band is that of the nearest grid point") {
  DeviceProfile profile = measured_profile({1, 1e3, 1e6}, 1e-4);
  profile.measurement->drift.clear();
  TimeSpread& spread = *profile.operations.at("encode.signs").spread;
  spread.p95 = {1e-4, 2e-4, 3e-4};
  spread.error.median = 0;
  const auto high = [&](double elements) { return profile.band({"encode.signs", {.elements = elements}}).high; };
  CHECK(high(0.1) == Approx(1));
  CHECK(high(30) == Approx(1));  // 30 / 1 < 1000 / 30
  CHECK(high(33) == Approx(2));
  CHECK(high(1e5) == Approx(3));
  CHECK(high(1e9) == Approx(3));
}

TEST_CASE("device profile: nothing is known of times that were not measured, scaled ones included") {
  const Step step = steps_of(selection(1e3, 10)).front();
  for (const DeviceProfile& profile :
       {even_profile({1, 1e6}, 1e-4), scaled_to(measured_profile({1, 1e6}, 1e-4), "slow", BytesPerSecond(1e8))}) {
    CHECK(profile.band(step).low == 1);
    CHECK(profile.band(step).high == 1);
  }
}

TEST_CASE("device times: the band of several operations is that of their sum") {
  DeviceProfile profile = measured_profile({0.01, 1, 1000}, 1e-4);
  profile.measurement->drift.clear();
  DeviceTimes times(profile);
  CHECK(times.band().high == 1);
  times.of(selection(1000, 1000));
  profile.operations.at("decode.pairs").provenance = "published";
  Work decode = selection(1000, 1000);
  decode.stage = Stage::decode;
  times.of(decode);
  // Twice 0.1 ms, of which one may be 20 % off.
  CHECK(times.band().low == Approx(0.9));
  CHECK(times.band().high == Approx(1.1));
}

TEST_CASE("device times: what is used beyond the measured grid is told, a line an operation") {
  const DeviceProfile profile = measured_profile({0.01, 1, 1000}, 1e-4);
  DeviceTimes times(profile);
  times.of(selection(1000, 10));
  CHECK(beyond_the_grid(profile, times.used()).empty());
  times.of(selection(1005, 10));  // within 1 %
  CHECK(beyond_the_grid(profile, times.used()).empty());
  times.of(selection(2000, 40));
  times.of(selection(4000, 20));
  CHECK(
      beyond_the_grid(profile, times.used()) ==
      std::vector<std::string>{"encode.pairs used at elements 1000 to 4000, measured from 0.01 to 1000, density 0.005 "
                               "to 0.02, measured from 0.01 to 1000"});
  // What is a formula was measured nowhere.
  const DeviceProfile formula = even_profile({0.01, 1, 1000}, 1e-4);
  CHECK(beyond_the_grid(formula, times.used()).empty());
}

TEST_CASE("device times: an index coding is used as often as there are parts, one at a time") {
  const DeviceProfile profile = measured_profile({0.01, 1, 1000}, 1e-4);
  DeviceTimes times(profile);
  Work work = selection(1000, 80);
  work.stage = Stage::decode;
  work.index = IndexCoding::bitmap;
  work.parts = 8;
  CHECK(times.of(work).value == Approx(9e-4));  // 80 entries at once, and 8 bitmaps
  CHECK(times.used().at("index-decode.bitmap")[1].most == Approx(0.01));
  CHECK(times.used().at("decode.pairs")[0].most == Approx(80));
}

TEST_CASE("device profile: a processor's times that stand for another device are pointed out, where they select") {
  // 2 s for 1000 elements. A published GPU that is scaled is a GPU's still.
  const DeviceProfile processor = measured_profile({1, 1000}, 1);
  DeviceProfile scaled = scaled_to(processor, "half as fast", BytesPerSecond(0.5e9));
  const UsedExtents selected = {{"encode.pairs", {{10, 1000}, {0.1, 0.1}}}, {"decode.pairs", {{5, 5}}}};
  const auto lines = scaled_selections({{&scaled, selected}});
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Catch::StartsWith("device half as fast: encode.pairs takes 2.00 ms an element, the processor's "
                                         "time (even) scaled by memory bandwidth"));
  CHECK(scaled_selections({{&scaled, {{"encode.signs", {{10, 1000}}}}}}).empty());
  CHECK(scaled_selections({{&processor, selected}}).empty());
  DeviceProfile gpu = processor;
  gpu.uuid = "GPU-1";
  gpu = scaled_to(gpu, "other", BytesPerSecond(1e9));
  CHECK(scaled_selections({{&gpu, selected}}).empty());
  const DeviceProfile published = scaled_to(even_profile({1, 1000}, 1), "other", BytesPerSecond(1e9));
  CHECK(scaled_selections({{&published, selected}}).empty());
}

}  // namespace simrun
