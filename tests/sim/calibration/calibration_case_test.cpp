#include "sim/calibration/calibration_case.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/calibration/calibration_grid.hpp"
#include "sim/calibration/codec_case.hpp"
#include "sim/calibration/cpu_operation.hpp"

namespace simrun {

TEST_CASE("calibration cases: every operation gives the same on one thread and on several, again and again") {
  const CalibrationData data(5000, 2, 1);
  for (const OperationEntry& operation : measured_operations()) {
    const auto axes = calibration_axes(operation, {.most_elements = 5000, .sizes = {}, .quick = true});
    for (std::size_t point = 0; point < points_of_grid(axes); ++point) {
      INFO(operation.name << " " << point);
      const OperationCase work = data.make_case(operation, place_on_grid(axes, point));
      CHECK(work.expected.size_in_bytes() > 0);
      const auto on_cpu = make_cpu_operation(work, 3);
      for (int run = 0; run < 2; ++run) {
        on_cpu->reset();
        on_cpu->run();
        CHECK(on_cpu->result() == work.expected);
      }
    }
  }
}

TEST_CASE("calibration cases: error feedback is in the sparsifying encodings") {
  const CalibrationData data(1000, 1, 2);
  const OperationCase work = data.make_case(operation_entry("encode.pairs"), std::vector<double>{1000, 0.1});
  // What is sent is zero afterwards, the rest is the sum.
  CHECK(std::count(work.expected.values.begin(), work.expected.values.end(), 0.0F) == 100);
  std::size_t sums = 0;
  for (std::size_t i = 0; i < 1000; ++i) sums += work.expected.values[i] == work.gradient[i] + work.residual[i] ? 1 : 0;
  CHECK(sums == 900);
  CHECK(data.make_case(operation_entry("encode.signs"), std::vector<double>{1000}).residual.empty());
}

TEST_CASE("calibration cases: a codec's encoding is what its method does in training") {
  const CalibrationData data(10'000, 1, 2);
  const auto make = [&](const char* name, double density) {
    const OperationEntry& operation = operation_entry(name);
    std::vector<double> place = {10'000, density};
    place.resize(operation.axes.size());
    return data.make_case(operation, place);
  };
  const OperationCase dgc = make("encode.sampled-pairs", 0.01);
  REQUIRE(dgc.expected.values.size() == 20'000);  // residual, then velocity; both are zero where an element is sent
  const std::span<const float> left(dgc.expected.values);
  for (std::size_t i = 0; i < 10'000; ++i) CHECK((left[i] == 0) == (left[10'000 + i] == 0));
  CHECK(make("encode.leader-indices", 0.01).expected.bytes.empty());  // what the others do
  CHECK(make("encode.values-at", 0.01).gradient.empty());             // it was added in the first round
  CHECK(make("encode.values-at", 0.01).previous.size() == 1);
  CHECK(make("encode.left-factors", 0).tensors == std::vector<TensorShape>{{100, 100}});
  CHECK(make("encode.qsgd", 0).expected.values.empty());
}

TEST_CASE("calibration cases: products of matrices may differ a little, all else not at all") {
  const CalibrationData data(10'000, 1, 1);
  for (const char* name : {"decode.right-factors", "decode.qsgd"}) {
    const OperationCase work = data.make_case(operation_entry(name), std::vector<double>{10'000});
    OperationResult result = work.expected;
    CHECK(agrees(work, result));
    result.values[7] += 1e-5F;
    CHECK(agrees(work, result) == work.is_product);
    result.values[7] += 100;
    CHECK_FALSE(agrees(work, result));
    result.values.pop_back();
    CHECK_FALSE(agrees(work, result));
  }
}

}  // namespace simrun
