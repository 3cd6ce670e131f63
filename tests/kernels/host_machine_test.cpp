// Kernels of several steps, as HostMachine runs them.

#include <array>
#include <catch2/catch.hpp>

#include "kernels/cuda/host_machine.hpp"

using namespace simrun::cuda;

namespace {

/// Every block hands a number to the next one in every step but the second.
struct HandOn {
  static constexpr const char* name = "hand_on";
  static constexpr unsigned threads = 32;
  static constexpr unsigned residency = 4;
  static constexpr unsigned steps = 4;
  struct Shared {
    std::uint32_t last_step;
  };
  std::uint32_t* numbers;  ///< of each step those of all blocks
  std::uint32_t* kept;     ///< blocks that found in shared memory what they left there

  static bool needs(unsigned step) { return step != 1; }

  template <class Block>
  void run(Block& block, Shared& shared, unsigned step) const {
    const std::uint32_t* const before = numbers + (step == 2 ? 0 : step - 1) * block.count();
    block.once([&] {
      if (step > 0 && shared.last_step < step) block.add(kept, 1U);
      shared.last_step = step;
      const unsigned neighbour = (block.number() + 1) % block.count();
      numbers[step * block.count() + block.number()] = step == 0 ? block.number() : before[neighbour];
    });
  }
};

}  // namespace

TEST_CASE("steps of a kernel see what all blocks wrote in earlier ones, and nothing in shared memory", "[cuda]") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    HostMachine machine(2, seed);
    constexpr unsigned blocks = 10;
    std::array<std::uint32_t, 4 * blocks> numbers{};
    std::uint32_t kept = 0;
    machine.launch(blocks, HandOn{numbers.data(), &kept});
    CHECK(machine.launches() == 1);
    CHECK(kept == 0);
    for (unsigned b = 0; b < blocks; ++b) {
      CHECK(numbers[blocks + b] == 0);
      CHECK(numbers[2 * blocks + b] == (b + 1) % blocks);
      CHECK(numbers[3 * blocks + b] == (b + 2) % blocks);
    }
  }
}

TEST_CASE("a kernel of several steps is refused where its blocks do not run at once", "[cuda]") {
  HostMachine machine;
  const unsigned most = machine.resident_blocks(HandOn::residency);
  std::vector<std::uint32_t> numbers(4 * most);
  std::uint32_t kept = 0;
  CHECK_NOTHROW(machine.launch(most, HandOn{numbers.data(), &kept}));
  CHECK_THROWS_AS(machine.launch(most + 1, HandOn{numbers.data(), &kept}), std::invalid_argument);
}
