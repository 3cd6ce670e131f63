#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <vector>

#include "kernels/cuda/device_arrays.hpp"
#include "kernels/cuda/host_machine.hpp"

namespace simrun::cuda {

/// Calls test(machine) with machines that differ in threads and in the order in which blocks run.
template <class Test>
void on_machines(const Test& test) {
  for (const unsigned threads : {1U, 3U}) {
    for (const unsigned seed : {1U, 2U}) {
      INFO("machine with " << threads << " threads, seed " << seed);
      HostMachine machine(threads, seed);
      test(machine);
    }
  }
}

template <class T>
HostMachine::Buffer<T> uploaded(const std::vector<T>& values) {
  HostMachine::Buffer<T> buffer(values.size());
  std::copy(values.begin(), values.end(), buffer.data());
  return buffer;
}

template <class T>
std::vector<T> downloaded(const HostMachine::Buffer<T>& buffer) {
  return {buffer.data(), buffer.data() + buffer.size()};
}

/// Memory on the host for what `lay_out(carver)` takes from a Carver.
template <class LayOut>
WorkspaceOf<HostMachine, LayOut> workspace_of(const LayOut& lay_out) {
  return WorkspaceOf<HostMachine, LayOut>(lay_out);
}

}  // namespace simrun::cuda
