#include <catch2/catch.hpp>

#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/operations.hpp"
#include "kernels/sampled_threshold.hpp"
#include "sim/calibration/cpu_operation.hpp"
#include "tests/sim/devices/operation_cases.hpp"

namespace simrun {

TEST_CASE("every operation of a profile gives on kernels what the CPU back end gives, again and again") {
  std::unique_ptr<cuda::HostMachine> machine;
  check_operations([&](const OperationCase& work) {
    machine = std::make_unique<cuda::HostMachine>(2, static_cast<unsigned>(work.elements));
    return cuda::make_operation(*machine, work);
  });
}

TEST_CASE("operations that read gradients of 16 bits give on kernels what the CPU back end gives of rounded ones") {
  for (const Precision precision : {Precision::fp16, Precision::bf16}) {
    INFO(name_of(precision));
    std::unique_ptr<cuda::HostMachine> machine;
    check_operations(
        [&](const OperationCase& work) {
          machine = std::make_unique<cuda::HostMachine>(2, static_cast<unsigned>(work.elements));
          return cuda::make_operation(*machine, work);
        },
        precision);
  }
}

TEST_CASE("a profile's operations launch as many kernels, and wait in them as often, as their model says") {
  const CalibrationData data(1'600'000, 2, 2);
  for (const OperationEntry& operation : measured_operations()) {
    for (const double elements : {300'000.0, 60'000.0, 30'000.0, 6'000.0}) {
      INFO(operation.name << " of " << elements);
      const bool has_entries = operation.axes.front() == Axis::entries;
      std::vector<double> place = {has_entries ? elements / 3 : elements,
                                   operation.axes.back() == Axis::parts ? 8 : 1e-3};
      place.resize(operation.axes.size());
      cuda::HostMachine machine(2);
      const OperationCase work = data.make_case(operation, place);
      const auto on_kernels = cuda::make_operation(machine, work);
      // A first run looks for what later ones know.
      on_kernels->reset();
      on_kernels->run();
      on_kernels->reset();
      const std::uint64_t before = machine.launches() + machine.waits();
      on_kernels->run();
      const auto launched = static_cast<double>(machine.launches() + machine.waits() - before);
      const double modelled =
          operation.kernels.launches_of({.stage = operation.stage, .elements = place[0], .entries = place[0]});
      // A sketch is peeled in as many rounds as it takes: a large one in ten, as modelled, and these in fewer.
      const bool peels = operation.name == "decode.sketched-pairs";
      CHECK((peels ? launched <= modelled && launched > modelled / 3 : launched == modelled));
    }
  }
}

TEST_CASE("a sampled threshold on kernels keeps what it keeps on the processor, also where corrections do not help") {
  constexpr std::size_t n = 50'000;
  const CalibrationData data(n, 2, 2);
  const std::vector<float> zeros(n);
  std::vector<float> equal(n, 0.5F);
  std::vector<float> few(n, 0.001F);
  for (std::size_t i = 0; i < n; i += 4999) few[i] = 3;
  std::vector<float> skipped(n, 5.0F);  // the sample alone is small
  const SampledThreshold plan(n, 500, 1);
  for (std::size_t i = plan.first; i < n; i += plan.stride) skipped[i] = 0.001F;
  for (const std::vector<float>& gradient : {zeros, equal, few, skipped}) {
    for (const double density : {0.01, 0.9}) {
      OperationCase work = data.make_case(operation_entry("encode.sampled-pairs"), std::vector<double>{n, density});
      work.gradient = gradient;
      work.residual = work.velocity = zeros;
      const auto on_processor = make_cpu_operation(work, 2);
      cuda::HostMachine machine(2);
      const auto on_kernels = cuda::make_operation(machine, work);
      for (Operation* operation : {on_processor.get(), on_kernels.get()}) {
        operation->reset();
        operation->run();
      }
      CHECK(on_kernels->result() == on_processor->result());
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
