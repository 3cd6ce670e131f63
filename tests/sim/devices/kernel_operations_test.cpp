#include <catch2/catch.hpp>

#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/kernel_primitives.hpp"
#include "kernels/cuda/operations.hpp"
#include "kernels/error_feedback.hpp"
#include "tests/sim/devices/operation_cases.hpp"

namespace simrun {

TEST_CASE("every operation of a profile gives on kernels what the CPU back end gives, again and again") {
  std::unique_ptr<cuda::HostMachine> machine;
  check_operations([&](const OperationCase& work) {
    machine = std::make_unique<cuda::HostMachine>(2, static_cast<unsigned>(work.elements));
    return cuda::make_operation(*machine, work);
  });
}

TEST_CASE("a profile's operations launch as many kernels as their model says") {
  const CalibrationData data(1'600'000, 2, 2);
  for (const OperationEntry& operation : profile_operations()) {
    for (const double elements : {300'000.0, 30'000.0}) {
      INFO(operation.name << " of " << elements);
      const bool has_entries = operation.axes.front() == Axis::entries;
      std::vector<double> place = {has_entries ? elements / 3 : elements,
                                   operation.axes.back() == Axis::parts ? 8 : 1e-3};
      place.resize(operation.axes.size());
      cuda::HostMachine machine(2);
      const OperationCase work = data.make_case(operation, place);
      const auto on_kernels = cuda::make_operation(machine, work);
      on_kernels->reset();
      const std::uint64_t before = machine.launches();
      on_kernels->run();
      CHECK(static_cast<double>(machine.launches() - before) ==
            operation.kernels.launches_of({.stage = operation.stage, .elements = place[0], .entries = place[0]}));
    }
  }
}

TEST_CASE("codecs launch as many kernels as their model says") {
  const CalibrationData data(300'000, 2, 2);
  for (const double elements : {300'000.0, 30'000.0}) {
    const OperationCase work = data.make_case(operation_entry("encode.pairs"), std::vector<double>{elements, 1e-3});
    for (const OperationEntry& operation : codec_operations()) {
      const CodecEntry& entry = *find_codec(operation.kind);
      // Some go on from an earlier round, of which there is none here.
      const bool needs_round = !entry.stands_alone && operation.kind != "random-entries";
      if (operation.kernels.launches == 0 || needs_round) continue;
      INFO(operation.name << " of " << elements);
      auto machine = std::make_unique<cuda::HostMachine>(2);
      const cuda::HostMachine& counter = *machine;
      const std::shared_ptr<const Primitives> kernels =
          std::make_shared<cuda::KernelPrimitives<cuda::HostMachine>>(std::move(machine));
      const auto codec = entry.make({}, kernels);
      ErrorFeedback feedback(entry.feeds_back ? work.elements : 0, kernels);
      const Payload payload =
          codec->encode(entry.feeds_back ? feedback.correct(work.gradient) : work.gradient, work.entries, {});
      if (entry.feeds_back) feedback.settle(*codec, payload, {});
      // A momentum is brought up to date before.
      const bool has_momentum = operation.kind == "momentum-signs" || operation.kind == "sampled-pairs";
      double launches = static_cast<double>(counter.launches()) + (has_momentum ? 1 : 0);
      // A kernel may hold all of error feedback; codecs launch it without, between one that adds and one that takes
      // out.
      const bool is_fused = operation.kind == "chunked-top-k" || operation.kind == "block-quantization";
      if (is_fused) launches -= 2;
      if (operation.stage == Stage::decode) {
        const std::uint64_t before = counter.launches();
        std::vector<float> sum(work.elements);
        codec->decode(payload, 1, sum, {});
        launches = static_cast<double>(counter.launches() - before);
      }
      const double expected = operation.kernels.launches_of({.stage = operation.stage, .elements = elements});
      if (operation.name == "encode.sampled-pairs" && launches > expected) {
        CHECK(launches <= expected + 4);  // corrections of the threshold, which are left out
      } else {
        CHECK(launches == expected);
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
