#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <vector>

#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/workspace.hpp"

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

/// What `carve` lays out, and memory of just the size that it takes.
template <class Carve>
class Carved {
 public:
  explicit Carved(const Carve& carve) : memory_(bytes(carve)) {
    Carver carver(memory_.data());
    parts_ = carve(carver);
  }

  const auto& operator*() const { return parts_; }

 private:
  static std::size_t bytes(const Carve& carve) {
    Carver carver;
    carve(carver);
    return carver.used();
  }

  HostMachine::Buffer<std::byte> memory_;
  decltype(std::declval<Carve>()(std::declval<Carver&>())) parts_;
};

}  // namespace simrun::cuda
