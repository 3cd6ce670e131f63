#pragma once

#include "kernels/byte_view.hpp"
#include "kernels/cuda/bitmap.hpp"
#include "kernels/cuda/delta.hpp"
#include "kernels/cuda/elias_fano.hpp"
#include "kernels/cuda/operation_parts.hpp"
#include "kernels/layout.hpp"

namespace simrun::cuda {

// Encoding and decoding lists of indices on a machine, which must outlive the operations.

/// The first `count` words of an array, as bytes.
template <class Machine>
OperationResult coded_result(Machine& machine, const std::uint32_t* words, std::size_t count) {
  const auto values = downloaded(machine, words, count);
  const auto bytes = std::as_bytes(std::span(values));
  return {.bytes = {bytes.begin(), bytes.end()}};
}

template <class Machine>
std::unique_ptr<Operation> encode_bitmap(Machine& machine, const OperationCase& work) {
  const auto indices = shared_copy(machine, std::span<const std::uint32_t>(work.indices));
  const auto words = shared_array<std::uint32_t>(machine, sign_words(work.elements));
  const auto run = [=, &machine, n = work.elements] {
    launch_bitmap_encode(machine, indices->data(), Entries{indices->size()}, n, words->data());
  };
  return operation_of(run, [=, &machine] { return coded_result(machine, words->data(), words->size()); });
}

template <class Machine>
std::unique_ptr<Operation> encode_delta(Machine& machine, const OperationCase& work) {
  const auto indices = shared_copy(machine, std::span<const std::uint32_t>(work.indices));
  const auto words = shared_array<std::uint32_t>(machine, most_delta_words(work.entries));
  const auto size = shared_array<std::uint64_t>(machine, 1);
  const auto memory = shared_workspace<Machine>(DeltaWorkspace::carve);
  const auto run = [=, &machine] {
    launch_delta_encode(machine, indices->data(), Entries{indices->size()}, memory->layout(), words->data(),
                        size->data());
  };
  return operation_of(run, [=, &machine] {
    return coded_result(machine, words->data(), downloaded(machine, size->data(), 1).front());
  });
}

template <class Machine>
std::unique_ptr<Operation> encode_elias_fano(Machine& machine, const OperationCase& work) {
  const auto indices = shared_copy(machine, std::span<const std::uint32_t>(work.indices));
  const EliasFanoShape shape = EliasFanoShape::of(work.elements, work.entries);
  const auto words = shared_array<std::uint32_t>(machine, shape.words());
  const auto size = shared_array<std::uint64_t>(machine, 1);
  const auto run = [=, &machine, n = work.elements] {
    launch_elias_fano_encode(machine, indices->data(), Entries{indices->size()}, n, words->data(), size->data());
  };
  return operation_of(run, [=, &machine] {
    return coded_result(machine, words->data(), downloaded(machine, size->data(), 1).front());
  });
}

/// launch(words, indices) decodes.
template <class Machine, class Launch>
std::unique_ptr<Operation> decode_indices_with(Machine& machine, const OperationCase& work, const Launch& launch) {
  const auto words = shared_copy(machine, view_as<std::uint32_t>(std::span<const std::byte>(work.coded)));
  const auto indices = shared_array<std::uint32_t>(machine, work.entries);
  return operation_of(
      [=] { launch(words->data(), indices->data()); },
      [=, &machine] { return OperationResult{.indices = downloaded(machine, indices->data(), indices->size())}; });
}

template <class Machine>
std::unique_ptr<Operation> decode_bitmap(Machine& machine, const OperationCase& work) {
  const auto memory = shared_workspace<Machine>(BitmapWorkspace::carve);
  return decode_indices_with(machine, work,
                             [=, &machine, n = work.elements](const std::uint32_t* words, std::uint32_t* indices) {
                               launch_bitmap_decode(machine, words, n, memory->layout(), indices);
                             });
}

template <class Machine>
std::unique_ptr<Operation> decode_delta(Machine& machine, const OperationCase& work) {
  const auto memory = shared_workspace<Machine>(DeltaWorkspace::carve);
  return decode_indices_with(machine, work,
                             [=, &machine, k = work.entries](const std::uint32_t* words, std::uint32_t* indices) {
                               launch_delta_decode(machine, words, k, memory->layout(), indices);
                             });
}

template <class Machine>
std::unique_ptr<Operation> decode_elias_fano(Machine& machine, const OperationCase& work) {
  const auto memory = shared_workspace<Machine>(EliasFanoWorkspace::carve);
  return decode_indices_with(
      machine, work,
      [=, &machine, n = work.elements, k = work.entries](const std::uint32_t* words, std::uint32_t* indices) {
        launch_elias_fano_decode(machine, words, n, k, memory->layout(), indices);
      });
}

}  // namespace simrun::cuda
