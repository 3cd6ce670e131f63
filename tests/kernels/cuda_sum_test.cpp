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
        launch_sum(machine, Term::magnitude, values.data(), size, sums.data());
        const double norm = downloaded(sums).back();
        REQUIRE(std::bit_cast<std::uint64_t>(norm) ==
                std::bit_cast<std::uint64_t>(l1_norm_in_order({x.begin(), x.end()})));
      }
    }
  });
}

TEST_CASE("sums of magnitudes have room for every level", "[cuda]") {
  CHECK(sums_of(1) == 1);
  CHECK(sums_of(1024) == 1);
  CHECK(sums_of(1025) == 2 + 1);
  CHECK(sums_of(std::uint64_t{1} << 32) == (1U << 22) + (1U << 12) + (1U << 2) + 1);
}
