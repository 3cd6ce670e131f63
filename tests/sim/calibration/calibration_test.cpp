#include "sim/calibration/calibration.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "sim/calibration/calibrate.hpp"
#include "sim/calibration/grid_rounds.hpp"
#include "sim/devices/profile_text.hpp"
#include "sim/text/json.hpp"
#include "tests/sim/program.hpp"

namespace simrun {
namespace {

/// Takes 1 us and 1 ns an element (or entry) on a clock that only it moves; from some sample on, longer by a factor.
class FakeTarget final : public CalibrationTarget {
 public:
  DeviceFacts facts() const override {
    return {.name = "fake",
            .device = "a fake",
            .uuid = "GPU-0",
            .software = "none",
            .timer = "t",
            .caches = "c",
            .conditions = {{"clock", "1 GHz"}}};
  }

  std::uint64_t most_elements() const override { return 1 << 16; }

  BytesPerSecond copy_bandwidth() override { return BytesPerSecond(1e9 / factor()); }

  std::unique_ptr<PreparedOperation> prepare(const OperationEntry& operation, std::span<const double> place) override;

  double factor() const { return places.size() >= slower_from ? slower_by : 1; }

  Seconds clock;
  std::vector<std::string> places;  ///< of everything prepared, in order
  std::size_t slower_from = 1'000'000;
  double slower_by = 1;
  std::string wrong;                  ///< the operation whose result is wrong
  std::size_t lost_from = 1'000'000;  ///< it ends before this sample
};

class FakePrepared final : public PreparedOperation {
 public:
  FakePrepared(FakeTarget& target, double seconds, bool is_wrong)
      : target_(target), seconds_(seconds), is_wrong_(is_wrong) {}

  Seconds run() override {
    target_.clock += Seconds(seconds_);
    return Seconds(seconds_);
  }

  std::uint64_t check() override {
    if (is_wrong_) throw CalibrationError("the result is wrong");
    return 8;
  }

 private:
  FakeTarget& target_;
  double seconds_;
  bool is_wrong_;
};

std::unique_ptr<PreparedOperation> FakeTarget::prepare(const OperationEntry& operation, std::span<const double> place) {
  std::string text = operation.name;
  for (const double value : place) text += " " + std::to_string(value);
  if (places.size() >= lost_from) throw TargetLost("the fake has ended");
  places.push_back(text);
  return std::make_unique<FakePrepared>(*this, factor() * (1e-6 + 1e-9 * place[0]), operation.name == wrong);
}

CalibrationOptions quick_options(const FakeTarget& target) {
  return {.grid = {.most_elements = target.most_elements(), .sizes = {}, .quick = true},
          .rule = {.warm_up = Seconds(1e-4)},
          .sampling = Seconds(10)};
}

Calibrated measure(FakeTarget& target, const CalibrationOptions& options) {
  return measure_profile(
      target, options, [&] { return target.clock; }, [](std::size_t, std::size_t) {});
}

DeviceProfile measure(FakeTarget& target, std::uint64_t seed = 1) {
  CalibrationOptions options = quick_options(target);
  options.seed = seed;
  const Calibrated measured = measure(target, options);
  CHECK(measured.left_out.empty());
  return measured.profile.value();
}

/// Of a calibration that was ended: each operation it has lies on part of its grid, from end to end, with its times.
void check_part(const FakeTarget& target, const DeviceProfile& profile) {
  CHECK_FALSE(profile.operations.empty());
  for (const auto& [name, times] : profile.operations) {
    INFO(name);
    const auto whole = calibration_axes(operation_entry(name), quick_options(target).grid);
    for (std::size_t axis = 0; axis < whole.size(); ++axis) {
      const std::vector<double>& values = times.table.axes()[axis].values;
      CHECK(values.front() == whole[axis].values.front());
      CHECK(values.back() == whole[axis].values.back());
      CHECK(std::includes(whole[axis].values.begin(), whole[axis].values.end(), values.begin(), values.end()));
    }
    for (std::size_t point = 0; point < times.table.seconds().size(); ++point)
      CHECK(times.table.seconds()[point] == Approx(1e-6 + 1e-9 * place_on_grid(times.table.axes(), point)[0]));
  }
  const TemporaryFolder folder;
  const DeviceProfile read = read_device_profile(folder.write("p.json", profile_text(profile)));
  for (const OperationEntry& operation : profile_operations())
    CHECK(read.operations.at(operation.name).provenance ==
          (profile.operations.count(operation.name) > 0 ? "measured" : "modelled"));
}

}  // namespace

TEST_CASE("calibration: every operation on its grid, with what was measured") {
  FakeTarget target;
  const DeviceProfile profile = measure(target);
  CHECK(profile.name == "fake");
  CHECK(profile.uuid == "GPU-0");
  CHECK(profile.provenance == "measured");
  CHECK(profile.source == "simrun calibrate --quick");
  CHECK(profile.bandwidth.value == Approx(1e9));
  CHECK(profile.measurement->bandwidth_n == 15);
  CHECK(profile.operations.size() == measured_operations().size());
  for (const auto& [name, times] : profile.operations) {
    INFO(name);
    for (std::size_t point = 0; point < times.table.seconds().size(); ++point) {
      const double first = place_on_grid(times.table.axes(), point)[0];
      CHECK(times.table.seconds()[point] == Approx(1e-6 + 1e-9 * first));
    }
    CHECK(times.spread->n == std::vector<double>(times.table.seconds().size(), 30));
    CHECK(times.spread->verified_bytes == 16 * times.table.seconds().size());
    CHECK(times.source == operation_entry(name).includes);
  }
  for (const Drift& drift : profile.measurement->drift) CHECK(drift.worst() == Approx(0).margin(1e-12));
  const TemporaryFolder folder;
  CHECK(read_device_profile(folder.write("p.json", profile_text(profile))).name == "fake");
}

TEST_CASE("calibration: points come in a random order that the seed sets") {
  FakeTarget one;
  FakeTarget same;
  FakeTarget other;
  measure(one);
  measure(same);
  measure(other, 2);
  CHECK(one.places == same.places);
  CHECK(one.places != other.places);
  CHECK_FALSE(std::is_sorted(one.places.begin(), one.places.end()));
  // The same points all the same.
  CHECK(std::multiset<std::string>(one.places.begin(), one.places.end()) ==
        std::multiset<std::string>(other.places.begin(), other.places.end()));
}

TEST_CASE("calibration: references are measured first, half-way and last; the first is what the table has") {
  FakeTarget target;
  measure(target);
  const std::size_t points = points_to_measure({.most_elements = target.most_elements(), .sizes = {}, .quick = true});
  CHECK(target.places.size() == points + 2 * 4);  // four encodings
  const auto& all = target.places;
  const std::vector<std::string> first(all.begin(), all.begin() + 4);
  CHECK(std::vector<std::string>(all.end() - 4, all.end()) == first);
  const auto half = all.begin() + 4 + static_cast<std::ptrdiff_t>((points - 4) / 2);
  CHECK(std::vector<std::string>(half, half + 4) == first);
  for (const std::string& place : first) CHECK_THAT(place, Catch::StartsWith("encode."));
}

TEST_CASE("calibration: a device that slows down half-way has drifted by as much") {
  FakeTarget target;
  measure(target);
  FakeTarget slowing;
  slowing.slower_from = target.places.size() / 2 - 20;  // before the second look
  slowing.slower_by = 1.25;
  const DeviceProfile profile = measure(slowing);
  // A copy at 1 / 1.25 of the bandwidth; an encoding that takes 1.25 times as long.
  CHECK(profile.measurement->drift[0].worst() == Approx(0.2));
  CHECK(profile.measurement->drift[1].worst() == Approx(0.25));
  CHECK(profile.measurement->drift[1].values.size() == 3);
}

TEST_CASE("calibration: a wrong result ends it, and nothing is written") {
  FakeTarget target;
  target.wrong = "encode.signs";
  CHECK_THROWS_WITH(measure(target),
                    Catch::StartsWith("encode.signs at elements ") && Catch::EndsWith(": the result is wrong"));
  const TemporaryFolder folder;
  CHECK_THROWS_AS(write_calibration(target, folder.path() + "/p.json", {.grid = CalibrationGrid::coarse}),
                  CalibrationError);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("calibration: a budget that ends early leaves what is finished, and is kept") {
  FakeTarget whole;
  measure(whole);
  std::size_t points = 0;
  for (const double share : {0.3, 0.5, 0.7, 0.9}) {
    INFO(share);
    FakeTarget target;
    CalibrationOptions options = quick_options(target);
    options.end = share * whole.clock;
    const Calibrated measured = measure(target, options);
    CHECK(target.clock <= options.end);
    REQUIRE(measured.profile);
    check_part(target, *measured.profile);
    CHECK_THAT(measured.left_out, Catch::Contains(" points"));
    CHECK_THAT(measured.profile->source, Catch::EndsWith("left out " + measured.left_out));
    for (const Drift& drift : measured.profile->measurement->drift) CHECK(drift.values.size() == 3);
    std::size_t more = 0;
    for (const auto& [name, times] : measured.profile->operations) more += times.table.seconds().size();
    CHECK(more > points);
    points = more;
  }
}

TEST_CASE("calibration: an interruption at any point leaves what is finished") {
  FakeTarget whole;
  measure(whole);
  for (std::size_t after = 0; after < whole.places.size(); after += 5) {
    INFO(after);
    FakeTarget target;
    CalibrationOptions options = quick_options(target);
    options.is_interrupted = [&] { return target.places.size() > after; };
    const Calibrated measured = measure(target, options);
    CHECK(target.places.size() == after + 1);  // the last one was given up
    CHECK_FALSE(measured.left_out.empty());
    if (after < 4 + 2) {  // the first look has one of the three points of encode.dense16
      CHECK_FALSE(measured.profile);
      const std::string all = std::to_string(measured_operations().size());
      CHECK_THAT(measured.left_out, Catch::StartsWith(all + " of " + all + " operations (encode.dense16, "));
    } else {
      REQUIRE(measured.profile);
      check_part(target, *measured.profile);
      CHECK(measured.profile->measurement->drift.back().values.size() < 3);
    }
  }
}

TEST_CASE("calibration: a target that is lost leaves what is finished, and the profile of before") {
  FakeTarget target;
  target.lost_from = 3;
  CHECK_FALSE(measure(target, quick_options(target)).profile);
  target.lost_from = 40;
  target.places.clear();
  const Calibrated measured = measure(target, quick_options(target));
  CHECK(measured.lost == "the fake has ended");
  REQUIRE(measured.profile);
  check_part(target, *measured.profile);
  CHECK_THAT(measured.left_out,
             Catch::Contains(" of " + std::to_string(measured_operations().size()) + " operations ("));
  const TemporaryFolder folder;
  const std::string file = folder.write("p.json", "before");
  target.places.clear();
  CHECK(write_calibration(target, file, {.grid = CalibrationGrid::coarse}) == 1);
  CHECK(read_text(file) == "before");
  CHECK(read_device_profile(file + ".ended").name == "fake");
}

TEST_CASE("calibration: operations that are the same work get the same times") {
  FakeTarget target;
  CalibrationOptions options = quick_options(target);
  options.grid.operations = {{&operation_entry("encode.top-k"), {"encode.gtop-k", "encode.pairs"}}};
  const Calibrated measured = measure(target, options);
  CHECK(measured.left_out.empty());
  const auto& operations = measured.profile.value().operations;
  CHECK(operations.size() == 3);
  for (const char* name : {"encode.gtop-k", "encode.pairs"}) {
    CHECK(operations.at(name).table.seconds() == operations.at("encode.top-k").table.seconds());
    CHECK_THAT(operations.at(name).source, Catch::EndsWith(", measured as encode.top-k"));
  }
}

TEST_CASE("calibration: the coarse grid of one operation comes after that of another") {
  FakeTarget target;
  CalibrationOptions options = quick_options(target);
  options.is_interrupted = [&] { return target.places.size() >= 30; };
  const Calibrated measured = measure(target, options);
  REQUIRE(measured.profile);
  CHECK(measured.profile->operations.count("encode.pairs") == 1);
  CHECK_THAT(measured.left_out, Catch::Contains("index-decode.elias-fano, encode.scaled-signs, "));
}

TEST_CASE("calibration: operations of layouts and indices come before those of codecs") {
  FakeTarget target;
  CalibrationOptions options = quick_options(target);
  options.grid.quick = false;
  measure(target, options);
  std::size_t changes = 0;
  bool was_codec = false;
  for (const std::string& place : target.places) {
    const bool is_codec = is_of_codec(operation_entry(place.substr(0, place.find(' '))));
    changes += is_codec != was_codec ? 1 : 0;
    was_codec = is_codec;
  }
  // Two looks at drift fall among those of codecs; else each round has both once.
  const auto axes = calibration_axes(operation_entry("encode.pairs"), options.grid);
  const std::vector<std::size_t> all = rounds_of_points(axes);
  CHECK(changes <= 2 * (*std::max_element(all.begin(), all.end()) + 1) + 4);
  CHECK_FALSE(is_of_codec(operation_entry(target.places[4].substr(0, target.places[4].find(' ')))));
}

TEST_CASE("calibration grid: codecs have no sizes of models, and a density where it matters") {
  const GridOptions options{.most_elements = 1 << 16, .sizes = {20'000}, .quick = false};
  CHECK(calibration_axes(operation_entry("encode.qsgd"), options)[0].values ==
        std::vector<double>{1, 64, 1024, 4096, 16'384, 65'536});
  CHECK(calibration_axes(operation_entry("encode.random-entries"), options).size() == 2);
  CHECK(calibration_axes(operation_entry("encode.leader-indices"), options).size() == 1);
  // No kernel of simrun's is called so, but PyTorch's takes longer the more it keeps.
  CHECK(calibration_axes(operation_entry("encode.top-k"), options).size() == 2);
  CHECK(calibration_axes(operation_entry("decode.top-k"), options).size() == 2);
}

TEST_CASE("calibration grid: sizes of models take the place of powers that are near") {
  const OperationEntry& operation = operation_entry("encode.pairs");
  const GridOptions options{.most_elements = 1 << 16, .sizes = {20'000, 21'000, 30'000, 1'000'000}, .quick = false};
  const std::vector<CostTable::GridAxis> axes = calibration_axes(operation, options);
  // 21,000 is near 20,000, 16,384 too; a million is beyond what fits.
  CHECK(axes[0].values == std::vector<double>{1, 64, 1024, 4096, 20'000, 30'000, 65'536});
  CHECK(axes[1].values == std::vector<double>{1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1});
  CHECK(calibration_axes(operation_entry("combine.pairs"), options)[0].values ==
        std::vector<double>{1, 4, 16, 64, 256, 1024, 4096});
  CHECK(calibration_axes(operation_entry("combine.signs"), options)[1].values.back() == 64);
  CHECK(points_to_measure({.most_elements = 1 << 16, .sizes = {}, .quick = true}) < points_to_measure(options));
}

}  // namespace simrun
