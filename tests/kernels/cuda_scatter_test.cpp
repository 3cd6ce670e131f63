#include <bit>
#include <numeric>

#include "kernels/cuda/accumulate.hpp"
#include "kernels/cuda/scatter.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

std::vector<std::uint32_t> bits(const std::vector<float>& x) {
  std::vector<std::uint32_t> result;
  for (const float value : x) result.push_back(std::bit_cast<std::uint32_t>(value));
  return result;
}

/// Ascending indices, each of them present with probability 1/every.
std::vector<std::uint32_t> some_indices(std::uint32_t elements, unsigned every) {
  std::mt19937 random(elements + every);
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < elements; ++i) {
    if (random() % every == 0) indices.push_back(i);
  }
  return indices;
}

struct Case {
  std::vector<std::uint32_t> indices;
  std::vector<float> before;  ///< of all elements
};

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const std::uint32_t elements : {1U, 5U, 1000U, 60'001U}) {
    for (const unsigned every : {1U, 3U, 100U}) {
      result.push_back({some_indices(elements, every), normal_values(elements, every)});
    }
  }
  return result;
}

}  // namespace

TEST_CASE("scattering pairs on blocks gives what a loop gives", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const auto& [indices, before] : cases()) {
      for (const float weight : {1.0F, -0.3F}) {
        const std::vector<float> values = normal_values(indices.size(), 9);
        std::vector<float> expected = before;
        for (std::size_t j = 0; j < indices.size(); ++j) {
          const float product = weight * values[j];
          expected[indices[j]] += product;
        }
        auto out = uploaded(before);
        const auto all_indices = uploaded(indices);
        const auto all_values = uploaded(values);
        launch_scatter_add(machine, all_indices.data(), all_values.data(), {indices.size()}, weight, out.data());
        REQUIRE(bits(downloaded(out)) == bits(expected));
        std::vector<float> by_processor = before;
        make_cpu_primitives(1)->scatter_add(PairsView{indices, values}, weight, by_processor);
        REQUIRE(bits(by_processor) == bits(expected));
      }
    }
  });
}

TEST_CASE("scattering signs on blocks gives what a loop gives", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const auto& [indices, before] : cases()) {
      std::mt19937 random(11);
      std::vector<std::uint8_t> signs((indices.size() + 7) / 8);
      for (std::uint8_t& byte : signs) byte = static_cast<std::uint8_t>(random());
      std::vector<float> expected = before;
      for (std::size_t j = 0; j < indices.size(); ++j) {
        expected[indices[j]] += 0.7F * ((signs[j / 8] >> (j % 8) & 1) != 0 ? -1.0F : 1.0F);
      }
      auto out = uploaded(before);
      const auto all_indices = uploaded(indices);
      const auto all_signs = uploaded(signs);
      launch_scatter_add(machine, all_indices.data(), all_signs.data(), {indices.size()}, 0.7F, out.data());
      REQUIRE(bits(downloaded(out)) == bits(expected));
      std::vector<float> by_processor = before;
      make_cpu_primitives(1)->scatter_add(SparseSignsView{indices, std::as_bytes(std::span(signs))}, 0.7F,
                                          by_processor);
      REQUIRE(bits(by_processor) == bits(expected));
    }
  });
}

TEST_CASE("scattering zeros on blocks clears those elements, of as many entries as the device knows of", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const auto& [indices, before] : cases()) {
      const std::uint64_t entries = indices.size() / 2;
      std::vector<float> expected = before;
      for (std::size_t j = 0; j < entries; ++j) expected[indices[j]] = 0;
      auto out = uploaded(before);
      const auto all_indices = uploaded(indices);
      launch_scatter_zero(machine, all_indices.data(), {indices.size(), &entries}, out.data());
      REQUIRE(bits(downloaded(out)) == bits(expected));
    }
  });
}

TEST_CASE("accumulating on blocks weighs and adds every element once", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const std::size_t size : {0U, 1U, 3U, 4U, 5U, 4095U, 4096U, 50'003U}) {
      const std::vector<float> gradient = normal_values(size, 1);
      std::vector<float> expected = normal_values(size, 2);
      auto residual = uploaded(expected);
      for (std::size_t i = 0; i < size; ++i) expected[i] = 0.9F * expected[i] + gradient[i];
      const auto added = uploaded(gradient);
      launch_accumulate(machine, added.data(), 0.9F, residual.data(), size);
      REQUIRE(bits(downloaded(residual)) == bits(expected));
    }
  });
}
