#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

#include "kernels/cuda/top_k.hpp"
#include "tests/kernels/machines.hpp"

namespace simrun::cuda {

/// The k largest of x by sorting, ascending by index.
inline std::vector<std::uint32_t> largest_by_sorting(const std::vector<float>& x, std::size_t k) {
  std::vector<std::uint32_t> order(x.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return std::fabs(x[a]) > std::fabs(x[b]); });
  order.resize(k);
  std::sort(order.begin(), order.end());
  return order;
}

inline std::vector<float> sum_of(std::vector<float> x, const std::vector<float>& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  return x;
}

inline bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

/// A selection with error feedback.
struct Run {
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
  std::vector<float> residual;
  std::vector<std::uint32_t> signs;
  Outcome outcome;
  Course course;
};

/// Selects again and again, in one workspace.
class Selector {
 public:
  Selector(HostMachine& machine, std::size_t n, std::size_t k)
      : machine_(machine), n_(n), k_(k), memory_([=](Carver& carver) { return TopKWorkspace::carve(carver, n, k); }) {
    memory_.layout().selection.prepare(machine);
  }

  template <class Gradient>
  Run run(const std::vector<Gradient>& gradient, std::vector<float> residual, bool keep_zeros = true) {
    Run run{std::vector<std::uint32_t>(k_), std::vector<float>(k_), std::move(residual), {}, {}, {}};
    run.signs.resize(words_of(k_), 0xA5A5A5A5U);
    launch_top_k(machine_, TopK<Gradient>{gradient.data(), run.residual.data(), n_, k_}, memory_.layout(),
                 {run.indices.data(), run.values.data(), run.residual.data(), keep_zeros, run.signs.data()});
    const Selection& state = *memory_.layout().selection.selection;
    run.outcome = state.outcome;
    run.course = state.course;
    run.indices.resize(run.outcome.selected);
    run.values.resize(run.outcome.selected);
    const Tallies zeros{};
    REQUIRE(std::memcmp(&state.tallies, &zeros, sizeof zeros) == 0);
    return run;
  }

  const Floor& floor() const { return memory_.layout().selection.selection->floor; }

 private:
  HostMachine& machine_;
  std::size_t n_;
  std::size_t k_;
  WorkspaceOf<HostMachine, std::function<TopKWorkspace(Carver&)>> memory_;
};

inline Run run_top_k(HostMachine machine, const std::vector<float>& gradient, std::vector<float> residual,
                     std::size_t k, bool keep_zeros = true) {
  return Selector(machine, gradient.size(), k).run(gradient, std::move(residual), keep_zeros);
}

inline void check_run(const Run& run, const std::vector<float>& sum, std::size_t k) {
  REQUIRE(run.indices == largest_by_sorting(sum, k));
  std::vector<float> values;
  std::vector<float> residual = sum;
  for (const std::uint32_t index : run.indices) {
    values.push_back(sum[index]);
    residual[index] = 0;
  }
  REQUIRE(same_bytes(run.values, values));
  REQUIRE(same_bytes(run.residual, residual));
  std::vector<std::uint32_t> signs(words_of(k));
  for (std::size_t j = 0; j < k; ++j) signs[j / 32] |= std::uint32_t{values[j] < 0} << j % 32;
  REQUIRE(run.signs == signs);
}

}  // namespace simrun::cuda
