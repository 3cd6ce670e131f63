#include "sim/devices/device_times.hpp"

#include <catch2/catch.hpp>

#include "tests/sim/profiles.hpp"

namespace simrun {

TEST_CASE("device times: a codec's own operation stands in place of its steps, once a payload that is decoded") {
  DeviceProfile profile = even_profile({1e-6, 1e12}, 1e-3);
  profile.bandwidth = BytesPerSecond(1e12);
  const Work encode{.stage = Stage::encode, .kind = PayloadKind::two_means, .elements = 1000, .codec = "two-means"};
  Work decode = encode;
  decode.stage = Stage::decode;
  decode.parts = 8;
  CHECK(DeviceTimes(profile).of(encode).value == Approx(1e-3));
  CHECK(DeviceTimes(profile).of(decode).value == Approx(8e-3));
  // Flat up to 2^20 elements, then in proportion.
  const CostTable start({{Axis::elements, {1, 0x1p20}}}, {0.25e-3, 0.25e-3});
  profile.operations["encode.two-means"] = {"published", "", start, {}};
  profile.operations["decode.two-means"] = {"published", "", start, {}};
  DeviceTimes times(profile);
  CHECK(times.of(encode).value == Approx(0.25e-3));
  CHECK(times.of(decode).value == Approx(8 * 0.25e-3));
  CHECK(times.used().count("encode.two-means") == 1);
  Work large = encode;
  large.elements = 0x1p22;
  CHECK(times.of(large).value == Approx(4 * 0.25e-3));
}

TEST_CASE("device times: a codec's own operation leaves out the coding of indices, which is charged besides") {
  DeviceProfile profile = even_profile({1e-6, 1e12}, 1e-3);
  profile.operations["encode.top-k"] = {"published", "", CostTable({{Axis::elements, {1, 1e10}}}, {5e-3, 5e-3}), {}};
  profile.operations["decode.top-k"] = profile.operations["encode.top-k"];
  Work work{.stage = Stage::encode,
            .kind = PayloadKind::pairs,
            .index = IndexCoding::bitmap,
            .elements = 1000,
            .entries = 10,
            .codec = "top-k"};
  CHECK(DeviceTimes(profile).of(work).value == Approx(5e-3 + 1e-3));
  work.stage = Stage::decode;
  work.parts = 3;
  CHECK(DeviceTimes(profile).of(work).value == Approx(3 * (5e-3 + 1e-3)));
  work.index = IndexCoding::raw32;
  CHECK(DeviceTimes(profile).of(work).value == Approx(3 * 5e-3));
}

TEST_CASE("device times: coding of kept values is charged as that of as many fp16 values, sums of levels as coding") {
  DeviceProfile profile = even_profile({1e-6, 1e12}, 1e-3);
  profile.operations["encode.dense16"].table = CostTable({{Axis::elements, {1, 10, 1000}}}, {2e-3, 2e-3, 9e-3});
  profile.operations["decode.dense16"].table = CostTable({{Axis::elements, {1, 10, 1000}}}, {3e-3, 3e-3, 9e-3});
  Work work{.stage = Stage::encode,
            .kind = PayloadKind::pairs,
            .index = IndexCoding::bitmap,
            .values = ValueCoding::int4,
            .elements = 1000,
            .entries = 10};
  CHECK(DeviceTimes(profile).of(work).value == Approx(1e-3 + 1e-3 + 2e-3));
  work.index = IndexCoding::raw32;
  work.stage = Stage::combine;  // of two payloads of 10 entries to one of as many
  work.parts = 2;
  work.entries = 20;
  work.result_entries = 10;
  CHECK(DeviceTimes(profile).of(work).value == Approx(1e-3 + 2 * 3e-3 + 2e-3));
  profile.operations["decode.requantized-levels"].table = CostTable({{Axis::elements, {1, 1e10}}}, {5e-3, 5e-3});
  profile.operations["encode.requantized-levels"].table = CostTable({{Axis::elements, {1, 1e10}}}, {6e-3, 6e-3});
  const Work sum{.stage = Stage::combine, .kind = PayloadKind::levels, .elements = 1000, .entries = 3000, .parts = 3};
  CHECK(DeviceTimes(profile).of(sum).value == Approx(3 * 5e-3 + 6e-3));
  Work dense = sum;
  dense.kind = PayloadKind::dense_bf16;
  dense.summed = PayloadKind::levels;
  CHECK(DeviceTimes(profile).of(dense).value == Approx(3 * 5e-3 + 9e-3));  // and fp32 to 16 bits
  dense.kind = PayloadKind::dense32;
  CHECK(DeviceTimes(profile).of(dense).value == Approx(3 * 5e-3));
  // A server that decodes three payloads and encodes their sum: by the codec, or where it has no times by the layout.
  profile.operations["decode.two-means"].table = CostTable({{Axis::elements, {1, 1e10}}}, {4e-3, 4e-3});
  profile.operations["encode.two-means"].table = CostTable({{Axis::elements, {1, 1e10}}}, {9e-3, 9e-3});
  Work again{.stage = Stage::combine,
             .kind = PayloadKind::two_means,
             .elements = 1000,
             .entries = 3000,
             .parts = 3,
             .result_entries = 1000,
             .codec = "two-means"};
  CHECK(DeviceTimes(profile).of(again).value == Approx(3 * 4e-3 + 9e-3));
  again.kind = PayloadKind::pairs;
  again.codec = "top-k";
  again.entries = 30;
  again.result_entries = 10;
  CHECK(DeviceTimes(profile).of(again).value == Approx(1e-3 + 1e-3));  // which decodes all at once
  CHECK(steps_of({.stage = Stage::combine, .kind = PayloadKind::integers, .elements = 1000}).empty());
  CHECK(steps_of({.stage = Stage::encode, .kind = PayloadKind::dense_bf16, .elements = 9, .gradient = Precision::bf16})
            .empty());
}

TEST_CASE("device times: who does not lead adds to the residual, the leader selects; values are gathered at indices") {
  DeviceProfile profile = even_profile({1e-6, 1e12}, 1e-3);
  profile.operations["encode.pairs"].table = CostTable({{Axis::elements, {1, 1e10}}}, {7e-3, 7e-3});
  Work work{.stage = Stage::encode,
            .kind = PayloadKind::indices,
            .index = IndexCoding::delta,
            .elements = 1000,
            .entries = 10,
            .codec = "leader-indices"};
  CHECK(DeviceTimes(profile).of(work).value == Approx(7e-3 + 1e-3));  // and codes its indices
  work.leads = false;
  CHECK(DeviceTimes(profile).of(work).value == Approx(1e-3));
  work.kind = PayloadKind::dense32;
  work.codec = "values-at";
  DeviceTimes times(profile);
  CHECK(times.of(work).value == Approx(1e-3 + 1e-3));
  CHECK(times.used().count("index-decode.delta") == 1);
  CHECK(times.used().count("index-encode.delta") == 0);
}

}  // namespace simrun
