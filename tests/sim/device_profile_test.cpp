#include "sim/device_profile.hpp"

#include <catch2/catch.hpp>

#include "kernels/index_coding.hpp"
#include "sim/data_path.hpp"

namespace simrun {
namespace {

Work work(double elements, double entries, double parts = 1) {
  Work made;
  made.elements = elements;
  made.entries = entries;
  made.parts = parts;
  return made;
}

}  // namespace

TEST_CASE("times are interpolated linearly in log-log") {
  const CostTable table{{{"elements", {100, 10000}}}, {1e-6, 1e-4}, "measured", ""};
  CHECK(table.at(work(100, 0)).value == Approx(1e-6));
  CHECK(table.at(work(1000, 0)).value == Approx(1e-5));  // half way in log scale: sqrt(1e-6 * 1e-4)
  CHECK(table.at(work(10000, 0)).value == Approx(1e-4));
  CHECK(table.at(work(1, 0)).value == Approx(1e-6));      // below the grid: stays
  CHECK(table.at(work(40000, 0)).value == Approx(4e-4));  // beyond: in proportion
}

TEST_CASE("two axes are interpolated one after the other") {
  const CostTable table{{{"elements", {10, 1000}}, {"density", {0.01, 1}}}, {1, 4, 100, 400}, "measured", ""};
  CHECK(table.at(work(10, 0.1)).value == Approx(1));
  CHECK(table.at(work(10, 1)).value == Approx(2));          // density 0.1, half way: sqrt(1 * 4)
  CHECK(table.at(work(100, 10)).value == Approx(20));       // and half way in elements: sqrt(2 * 200)
  CHECK(table.at(work(1000, 1e-3)).value == Approx(100));   // density below the grid: stays
  CHECK(table.at(work(2000, 4000)).value == Approx(1600));  // beyond in both: twice, and twice again
}

TEST_CASE("the P102-100 has the published selection time") {
  const DeviceProfile profile = read_device_profile(data_root() + "/platforms/devices/p102-100.json");
  Work selection{.stage = Stage::encode, .kind = PayloadKind::pairs, .index = IndexCoding::raw32};
  selection.elements = 14'728'266;
  selection.entries = 14'728;
  // 6.3 ns a parameter; the paper's breakdown says 91.4 ms.
  CHECK(profile.seconds(selection).value == Approx(6.3e-9 * 14'728'266));
  CHECK(profile.provenance == "published");
  CHECK(profile.operations.at("encode.signs").provenance == "scaled");
}

TEST_CASE("every shipped profile has every operation, and dense fp32 costs nothing") {
  for (const std::string& name : json_names(data_root() + "/platforms/devices")) {
    INFO(name);
    const DeviceProfile profile = read_device_profile(data_root() + "/platforms/devices/" + name + ".json");
    CHECK(profile.name == name);
    CHECK(profile.operations.size() == profile_operations().size());
    Work dense{.stage = Stage::encode, .kind = PayloadKind::dense32};
    dense.elements = 1e6;
    CHECK(profile.seconds(dense) == Seconds(0));
  }
}

TEST_CASE("coded indices cost more than raw ones") {
  const DeviceProfile profile = read_device_profile(data_root() + "/platforms/devices/p102-100.json");
  const Work raw{.stage = Stage::combine,
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
    const double expected = 8 * profile.operations.at("index-decode." + name).at(one).value +
                            profile.operations.at("index-encode." + name).at(result).value;
    CHECK(profile.seconds(coded).value - profile.seconds(raw).value == Approx(expected));
  }
}

}  // namespace simrun
