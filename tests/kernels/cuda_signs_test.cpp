#include <bit>
#include <limits>

#include "kernels/cuda/signs.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

using Words = std::vector<std::uint32_t>;

constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

Words signs_of(const std::vector<float>& x) {
  Words words((x.size() + 31) / 32);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] < 0) words[i / 32] |= 1U << (i % 32);
  }
  return words;
}

/// What the kernel packs, and what it says of values that are not finite.
struct Packed {
  Words words;
  std::uint64_t non_finite;
};

Packed pack(HostMachine& machine, const std::vector<float>& x) {
  const auto values = uploaded(x);
  HostMachine::Buffer<std::uint32_t> words((x.size() + 31) / 32);
  std::uint64_t non_finite = 0;
  launch_pack_signs(machine, values.data(), {x.size()}, words.data(), &non_finite);
  return {downloaded(words), non_finite};
}

const std::vector<std::size_t> sizes{1, 2, 31, 32, 33, 511, 512, 513, 4095, 4097, 100'003};

}  // namespace

TEST_CASE("pack_signs on blocks gives what a loop gives", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const Sample& sample : samples()) {
      for (const std::size_t size : sizes) {
        INFO(sample.name << ", " << size);
        const std::vector<float> x = sample.make(size);
        const Packed packed = pack(machine, x);
        REQUIRE(packed.words == signs_of(x));
        REQUIRE(packed.non_finite == 0);
        Words by_processor(packed.words.size());
        make_cpu_primitives(2)->pack_signs(x, by_processor);
        REQUIRE(packed.words == by_processor);
      }
    }
  });
}

TEST_CASE("pack_signs on blocks: no elements, negative denormals, both zeros", "[cuda]") {
  HostMachine machine;
  CHECK(pack(machine, {}).words.empty());
  CHECK(pack(machine, {-1e-45F, 1e-45F, -0.0F, 0.0F, -3.4e38F}).words == Words{0b10001});
}

TEST_CASE("pack_signs on blocks finds the first value that is not finite", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const float bad : {not_a_number, -not_a_number, infinite, -infinite}) {
      for (const std::size_t at : {0U, 31U, 700U, 29'999U}) {
        std::vector<float> x = normal_values(30'000);
        x[at] = bad;
        x[29'999] = not_a_number;
        REQUIRE(pack(machine, x).non_finite == ~std::uint64_t{at});
      }
    }
  });
}

TEST_CASE("the signs of a list of which only the device knows the length are packed", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const std::uint64_t entries : {0U, 1U, 8U, 33U, 999U, 5000U}) {
      const std::vector<float> values = normal_values(5000, 3);
      const auto on_device = uploaded(values);
      HostMachine::Buffer<std::uint32_t> words((entries + 31) / 32);  // and not one more is written
      launch_pack_signs(machine, on_device.data(), {values.size(), &entries}, words.data(), nullptr);
      REQUIRE(downloaded(words) == signs_of({values.begin(), values.begin() + static_cast<long>(entries)}));
    }
  });
}

TEST_CASE("add_signs on blocks gives what a loop gives", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const std::size_t size : sizes) {
      for (const float weight : {1.0F, -0.1F, 1e-45F, 0.0F}) {
        INFO(size << ", " << weight);
        const Words signs = signs_of(normal_values(size, 5));
        std::vector<float> expected = normal_values(size, 6);
        expected[0] = -0.0F;
        auto out = uploaded(expected);
        std::vector<float> by_processor = expected;
        make_cpu_primitives(2)->add_signs(signs, weight, -weight, by_processor);
        for (std::size_t i = 0; i < size; ++i) {
          expected[i] += weight * ((signs[i / 32] >> (i % 32) & 1U) != 0 ? -1.0F : 1.0F);
        }
        const auto words = uploaded(signs);
        launch_add_signs(machine, words.data(), {weight, -weight}, out.data(), size);
        for (std::size_t i = 0; i < size; ++i) {
          REQUIRE(std::bit_cast<std::uint32_t>(out.data()[i]) == std::bit_cast<std::uint32_t>(expected[i]));
        }
        REQUIRE(downloaded(out) == by_processor);
      }
    }
  });
}
