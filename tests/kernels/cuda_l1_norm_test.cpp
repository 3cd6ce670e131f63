#include "kernels/cuda/l1_norm.hpp"

#include <bit>

#include "tests/kernels/l1_norm_oracle.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;
using namespace simrun::cuda;

TEST_CASE("the sum of magnitudes on blocks has the bits of the documented order", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const Sample& sample : samples()) {
      for (const std::size_t size : {1U, 33U, 1024U, 1025U, 100'003U, 1'049'603U}) {  // one to three levels
        INFO(sample.name << ", " << size);
        const std::vector<float> x = sample.make(size);
        const auto values = uploaded(x);
        HostMachine::Buffer<double> sums(l1_norm_sums(size));
        launch_l1_norm(machine, values.data(), size, sums.data());
        const double norm = downloaded(sums).back();
        REQUIRE(std::bit_cast<std::uint64_t>(norm) ==
                std::bit_cast<std::uint64_t>(l1_norm_in_order({x.begin(), x.end()})));
      }
    }
  });
}

TEST_CASE("sums of magnitudes have room for every level", "[cuda]") {
  CHECK(l1_norm_sums(1) == 1);
  CHECK(l1_norm_sums(1024) == 1);
  CHECK(l1_norm_sums(1025) == 2 + 1);
  CHECK(l1_norm_sums(std::uint64_t{1} << 32) == (1U << 22) + (1U << 12) + (1U << 2) + 1);
}
