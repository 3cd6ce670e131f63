#include "kernels/cuda/sum.hpp"

#include <bit>

#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"
#include "tests/kernels/sum_oracle.hpp"

using namespace simrun;
using namespace simrun::cuda;

TEST_CASE("the sum of magnitudes on blocks has the bits of the documented order", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const Sample& sample : samples()) {
      for (const std::size_t size : {1U, 33U, 1024U, 1025U, 100'003U, 1'049'603U}) {  // one to three levels
        INFO(sample.name << ", " << size);
        const std::vector<float> x = sample.make(size);
        const auto values = uploaded(x);
        HostMachine::Buffer<double> sums(sums_of(size));
        launch_sum(machine, TermOf{Term::magnitude}, values.data(), size, sums.data());
        const double norm = downloaded(sums).back();
        REQUIRE(std::bit_cast<std::uint64_t>(norm) ==
                std::bit_cast<std::uint64_t>(l1_norm_in_order({x.begin(), x.end()})));
      }
    }
  });
}

TEST_CASE("the sum of what reaches a threshold on blocks has the bits of the documented order", "[cuda]") {
  on_machines([](HostMachine& machine) {
    const std::vector<float> x = normal_values(100'003);
    const auto values = uploaded(x);
    for (const float threshold : {0.0F, 0.7F, 9.0F}) {
      std::vector<double> reaching(x.begin(), x.end());
      for (double& value : reaching) value = std::abs(value) >= static_cast<double>(threshold) ? std::abs(value) : 0;
      HostMachine::Buffer<double> sums(sums_of(x.size()));
      launch_sum(machine, MagnitudeFrom{threshold}, values.data(), x.size(), sums.data());
      CHECK(std::bit_cast<std::uint64_t>(downloaded(sums).back()) ==
            std::bit_cast<std::uint64_t>(sum_in_order(reaching)));
    }
  });
}

TEST_CASE("sums of magnitudes have room for every level", "[cuda]") {
  CHECK(sums_of(1) == 1);
  CHECK(sums_of(1024) == 1);
  CHECK(sums_of(1025) == 2 + 1);
  CHECK(sums_of(std::uint64_t{1} << 32) == (1U << 22) + (1U << 12) + (1U << 2) + 1);
}
