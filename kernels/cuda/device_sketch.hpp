#pragma once

#include <memory>

#include "kernels/cuda/count_sketch.hpp"
#include "kernels/cuda/device_arrays.hpp"
#include "kernels/cuda/primitive_checks.hpp"

namespace simrun::cuda {

// Count sketches on arrays of a machine.

/// Memory to make a sketch of so many columns in, or, with entries, to peel one.
template <class Machine>
auto sketch_memory(std::uint64_t columns, std::uint64_t entries) {
  const auto lay_out = [=](Carver& carver) { return SketchWorkspace::carve(carver, columns, entries); };
  return std::make_shared<WorkspaceOf<Machine, decltype(lay_out)>>(lay_out);
}

/// Primitives::sketch.
template <class Machine>
void sketch_on(Machine& machine, PairsView pairs, std::span<float> counters) {
  check_sketch(pairs.indices.size(), counters.size());
  const std::uint64_t columns = counters.size() / sketch_rows;
  const auto indices = uploaded(machine, pairs.indices);
  const auto values = uploaded(machine, pairs.values);
  const auto memory = sketch_memory<Machine>(columns, 0);
  typename Machine::template Buffer<float> sums(counters.size());
  launch_sketch(machine, indices.data(), values.data(), Entries{values.size()}, columns, memory->layout(), sums.data());
  machine.download(counters, sums.data());
}

/// Primitives::peel.
template <class Machine>
std::size_t peel_on(Machine& machine, std::span<const std::uint32_t> indices, std::span<const float> counters,
                    std::span<float> values) {
  check_sketch(indices.size(), counters.size());
  if (values.size() != indices.size()) throw sizes_differ();
  if (indices.empty()) return 0;
  const std::uint64_t columns = counters.size() / sketch_rows;
  const auto entries = uploaded(machine, indices);
  const auto sums = uploaded(machine, counters);
  const auto memory = sketch_memory<Machine>(columns, indices.size());
  typename Machine::template Buffer<float> found(values.size());
  launch_peel(machine, entries.data(), entries.size(), sums.data(), columns, memory->layout(), found.data());
  machine.download(values, found.data());
  return static_cast<std::size_t>(downloaded(machine, memory->layout().state.estimated, 1).front());
}

}  // namespace simrun::cuda
