#include <catch2/catch.hpp>

#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/operations.hpp"
#include "sim/calibration/calibration_case.hpp"

namespace simrun {
namespace {

/// A few places on an operation's axes: with one block a tensor and with many, with and without a guess of top-k.
std::vector<std::vector<double>> places_of(const OperationEntry& operation) {
  std::vector<std::vector<double>> places;
  for (const double first : {1.0, 1000.0, 300'000.0}) {
    if (operation.axes.size() == 1) {
      places.push_back({operation.axes[0] == Axis::entries ? std::max(1.0, first / 16) : first});
    } else {
      const bool parts = operation.axes[1] == Axis::parts;
      for (const double second : parts ? std::vector<double>{1, 2, 9} : std::vector<double>{1e-3, 0.2, 1}) {
        places.push_back({first, second});
      }
    }
  }
  return places;
}

}  // namespace

TEST_CASE("every operation of a profile gives on kernels what the CPU back end gives, again and again") {
  const CalibrationData data(300'000, 2);
  for (const OperationEntry& operation : profile_operations()) {
    for (const std::vector<double>& place : places_of(operation)) {
      INFO(operation.name << " at " << place.front() << ", " << place.back());
      cuda::HostMachine machine(2, static_cast<unsigned>(place.front()));
      const OperationCase work = data.make_case(operation, place);
      const auto on_kernels = cuda::make_operation(machine, work);
      for (int time = 0; time < 2; ++time) {
        on_kernels->reset();
        on_kernels->run();
        CHECK(on_kernels->result() == work.expected);
      }
    }
  }
}

TEST_CASE("an operation that kernels do not know is refused") {
  cuda::HostMachine machine;
  OperationCase work;
  work.stage = Stage::encode;
  work.kind = "prayers";
  CHECK_THROWS_AS(cuda::make_operation(machine, work), std::invalid_argument);
}

}  // namespace simrun
