#pragma once

#include "kernels/byte_view.hpp"
#include "kernels/cuda/dense16.hpp"
#include "kernels/cuda/device_selection.hpp"
#include "kernels/cuda/device_votes.hpp"
#include "kernels/cuda/operation_parts.hpp"
#include "kernels/cuda/scatter.hpp"
#include "kernels/cuda/signs.hpp"
#include "kernels/layout.hpp"

namespace simrun::cuda {

// Encoding, combining and decoding payloads on a machine, which must outlive the operations.

inline std::vector<std::byte> bytes_of(const Payload& payload) {
  return {payload.bytes().begin(), payload.bytes().end()};
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_dense16(Machine& machine, const OperationCase& work) {
  const auto x = shared_gradient<Gradient>(machine, work);
  const auto halves = shared_array<std::uint16_t>(machine, work.elements);
  const auto flaws = shared_array<NarrowFlaws>(machine, 1);
  const auto run = [=, &machine, n = work.elements] {
    launch_to_narrow<Half>(machine, x->data(), halves->data(), n, flaws->data());
  };
  const auto result = [=, &machine] {
    const auto values = downloaded(machine, halves->data(), halves->size());
    const auto bytes = std::as_bytes(std::span(values));
    return OperationResult{.bytes = {bytes.begin(), bytes.end()}};
  };
  return operation_of(run, result, [=, &machine] { machine.clear(flaws->data(), sizeof(NarrowFlaws)); });
}

template <class Gradient, class Machine>
auto selection(Machine& machine, const OperationCase& work, Sent sent) {
  return std::make_shared<DeviceTopK<Machine, Gradient>>(machine, gradient_of<Gradient>(work), work.residual,
                                                         work.entries, sent, true);
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_pairs(Machine& machine, const OperationCase& work) {
  const auto selected = selection<Gradient>(machine, work, Sent::values);
  const auto result = [=, n = work.elements] {
    const Pairs pairs = selected->pairs();
    return OperationResult{.bytes = bytes_of(make_pairs(IndexCoding::raw32, n, {pairs.indices, pairs.values})),
                           .values = selected->x()};
  };
  return operation_of([=] { selected->run(); }, result, [=] { selected->reset(); });
}

template <class Machine>
OperationResult signs_result(Machine& machine, std::size_t elements, const std::uint32_t* words) {
  const auto values = downloaded(machine, words, sign_words(elements));
  const auto payload_words = std::as_bytes(std::span(values));
  std::vector<std::byte> bytes(Payload::header_bytes);
  bytes.insert(bytes.end(), payload_words.begin(), payload_words.end());
  return {.bytes = bytes_of(Payload::make(full_header(PayloadKind::signs, elements), std::move(bytes)))};
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_signs(Machine& machine, const OperationCase& work) {
  const auto x = shared_gradient<Gradient>(machine, work);
  const auto words = shared_array<std::uint32_t>(machine, sign_words(work.elements));
  const auto non_finite = shared_array<std::uint64_t>(machine, 1);
  const auto run = [=, &machine, n = work.elements] {
    launch_pack_signs(machine, x->data(), Entries{n}, words->data(), non_finite->data());
  };
  return operation_of(
      run, [=, &machine, n = work.elements] { return signs_result(machine, n, words->data()); },
      [=, &machine] { machine.clear(non_finite->data(), sizeof(std::uint64_t)); });
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_sparse_signs(Machine& machine, const OperationCase& work) {
  const auto selected = selection<Gradient>(machine, work, Sent::signs);
  const auto result = [=, n = work.elements] {
    const SparseSigns signs = selected->signs();
    return OperationResult{.bytes = bytes_of(make_sparse_signs(IndexCoding::raw32, n, {signs.indices, signs.signs})),
                           .values = selected->x()};
  };
  return operation_of([=] { selected->run(); }, result, [=] { selected->reset(); });
}

template <class Machine>
std::unique_ptr<Operation> combine_pairs(Machine& machine, const OperationCase& work) {
  const Pairs a = read_pairs(work.payloads.at(0));
  const Pairs b = read_pairs(work.payloads.at(1));
  const auto merge = std::make_shared<DeviceMerge<Machine>>(machine, PairsView{a.indices, a.values},
                                                            PairsView{b.indices, b.values}, a.indices.size());
  return operation_of(
      [=] { merge->run(); },
      [=, n = work.elements] {
        const Pairs sum = merge->pairs();
        return OperationResult{.bytes = bytes_of(make_pairs(IndexCoding::raw32, n, {sum.indices, sum.values}))};
      });
}

template <class Machine>
std::unique_ptr<Operation> combine_signs(Machine& machine, const OperationCase& work) {
  std::vector<std::span<const std::uint32_t>> planes;
  for (const Payload& payload : work.payloads) planes.push_back(view_as<std::uint32_t>(payload.body()));
  const auto vote = std::make_shared<DeviceVote<Machine>>(machine, planes);
  return operation_of([=] { vote->run(); },
                      [=, &machine, n = work.elements] { return signs_result(machine, n, vote->result()); });
}

template <class Machine>
std::unique_ptr<Operation> combine_sparse_signs(Machine& machine, const OperationCase& work) {
  std::vector<SparseSigns> votes;
  std::vector<SparseSignsView> views;
  for (const Payload& payload : work.payloads) votes.push_back(read_sparse_signs(payload));
  for (const SparseSigns& each : votes) views.push_back({each.indices, each.signs});
  const auto vote = std::make_shared<DeviceSparseVote<Machine>>(machine, views, work.elements);
  return operation_of([=] { vote->run(); },
                      [=, n = work.elements] {
                        const SparseSigns signs = vote->signs();
                        return OperationResult{
                            .bytes = bytes_of(make_sparse_signs(IndexCoding::raw32, n, {signs.indices, signs.signs}))};
                      });
}

/// launch(sums) adds to an array of zeros.
template <class Machine, class Launch>
std::unique_ptr<Operation> decode_with(Machine& machine, const OperationCase& work, const Launch& launch) {
  const auto sums = shared_array<float>(machine, work.elements);
  const auto clear = [=, &machine] { machine.clear(sums->data(), sums->size() * sizeof(float)); };
  return operation_of(
      [=] { launch(sums->data()); },
      [=, &machine] { return OperationResult{.values = downloaded(machine, sums->data(), sums->size())}; }, clear);
}

template <class Machine>
std::unique_ptr<Operation> decode_dense16(Machine& machine, const OperationCase& work) {
  const auto halves = shared_copy(machine, view_as<std::uint16_t>(work.payloads.at(0).bytes()));
  return decode_with(machine, work, [=, &machine](float* sums) {
    launch_add_narrow<Half>(machine, halves->data(), 1.0F, sums, halves->size());
  });
}

template <class Machine>
std::unique_ptr<Operation> decode_pairs(Machine& machine, const OperationCase& work) {
  const Pairs pairs = read_pairs(work.payloads.at(0));
  const auto indices = shared_copy(machine, std::span<const std::uint32_t>(pairs.indices));
  const auto values = shared_copy(machine, std::span<const float>(pairs.values));
  return decode_with(machine, work, [=, &machine](float* sums) {
    launch_scatter_add(machine, indices->data(), values->data(), Entries{indices->size()}, 1.0F, sums);
  });
}

template <class Machine>
std::unique_ptr<Operation> decode_signs(Machine& machine, const OperationCase& work) {
  const auto words = shared_copy(machine, view_as<std::uint32_t>(work.payloads.at(0).body()));
  return decode_with(machine, work, [=, &machine, n = work.elements](float* sums) {
    launch_add_signs(machine, words->data(), {1.0F, -1.0F}, sums, n);
  });
}

template <class Machine>
std::unique_ptr<Operation> decode_sparse_signs(Machine& machine, const OperationCase& work) {
  const SparseSigns votes = read_sparse_signs(work.payloads.at(0));
  const auto indices = shared_copy(machine, std::span<const std::uint32_t>(votes.indices));
  const auto signs = shared_copy(machine, view_as<std::uint8_t>(std::span<const std::byte>(votes.signs)));
  return decode_with(machine, work, [=, &machine](float* sums) {
    launch_scatter_add(machine, indices->data(), signs->data(), Entries{indices->size()}, 1.0F, sums);
  });
}

}  // namespace simrun::cuda
