#pragma once

#include "kernels/cuda/codec_operations.hpp"
#include "kernels/cuda/low_rank.hpp"
#include "kernels/low_rank.hpp"

namespace simrun::cuda {

// The factors of a gradient that is one matrix, with the rank that codecs have without options. One that is too small
// to be approximated is sent as it is, by the left factors alone.

inline FactoredPart part_of(const OperationCase& work) {
  return factored_parts(work.tensors, work.elements, CodecOptions().rank).at(0);
}

/// The result of encoding: factors and, in between, the residual.
template <class Machine, class Array>
OperationResult factors_result(Machine& machine, const Array& factors, const Restored<Machine>& residual) {
  return {.bytes = full_payload(machine, full_header(PayloadKind::dense32, factors.size()), factors),
          .values = residual.values()};
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_left_factors(Machine& machine, const OperationCase& work) {
  const FactoredPart part = part_of(work);
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto residual = restored(machine, work.residual);
  const auto right = shared_copy(machine, view_as<float>(work.last_step.value().bytes()));
  const auto left = shared_array<float>(machine, part.left_size());
  const auto run = [=, &machine] {
    if (part.is_factored()) {
      launch_multiply(machine, part.shape, CorrectedElements<Gradient>{gradient->data(), residual->data()},
                      right->data(), left->data());
    } else {
      launch_accumulate(machine, gradient->data(), 1.0F, residual->data(), residual->size());
      machine.copy(left->data(), residual->data(), residual->size());
    }
  };
  return operation_of(
      run, [=, &machine] { return factors_result(machine, *left, *residual); }, [=] { residual->reset(); });
}

template <class Machine>
std::unique_ptr<Operation> encode_right_factors(Machine& machine, const OperationCase& work) {
  const FactoredPart part = part_of(work);
  const auto residual = restored(machine, work.residual);
  const auto left = shared_copy(machine, view_as<float>(work.previous.at(0).bytes()));
  const auto basis = shared_array<float>(machine, part.left_size());
  const auto right = shared_array<float>(machine, part.right_size());
  const auto partial = shared_array<float>(machine, RowSlices::of(part.shape).partial_sums(part.shape));
  const auto run = [=, &machine] {
    if (!part.is_factored()) return machine.clear(residual->data(), residual->size() * sizeof(float));
    launch_orthonormalise(machine, left->data(), basis->data(), part.shape.rank, part.shape.rows);
    launch_multiply_transposed(machine, part.shape, residual->data(), basis->data(), partial->data(), right->data());
    launch_add_product(machine, part.shape, basis->data(), right->data(), -1.0F, residual->data());
  };
  return operation_of(
      run, [=, &machine] { return factors_result(machine, *right, *residual); }, [=] { residual->reset(); });
}

template <class Machine>
std::unique_ptr<Operation> decode_right_factors(Machine& machine, const OperationCase& work) {
  const FactoredPart part = part_of(work);
  const auto left = shared_copy(machine, view_as<float>(work.previous.at(0).bytes()));
  const auto right = shared_copy(machine, view_as<float>(work.payloads.at(0).bytes()));
  const auto basis = shared_array<float>(machine, part.left_size());
  return decode_with(machine, work, [=, &machine](float* sums) {
    if (!part.is_factored()) return launch_accumulate(machine, left->data(), 1.0F, sums, part.elements);
    launch_orthonormalise(machine, left->data(), basis->data(), part.shape.rank, part.shape.rows);
    launch_add_product(machine, part.shape, basis->data(), right->data(), 1.0F, sums);
  });
}

// PowerGossip's of even steps, which multiply matrices from the right. What is read are models, which are fp32.

template <class Machine>
std::unique_ptr<Operation> encode_edge_factors(Machine& machine, const OperationCase& work) {
  const FactoredPart part = part_of(work);
  const auto model = shared_gradient<float>(machine, work);
  const auto last = shared_copy(machine, view_as<float>(work.last_step.value().bytes()));
  const auto known = shared_array<float>(machine, part.right_size());
  const auto sent = shared_array<float>(machine, part.left_size());
  const auto run = [=, &machine] {
    if (!part.is_factored()) {
      machine.clear(sent->data(), sent->size() * sizeof(float));
      return launch_accumulate(machine, model->data(), 1.0F, sent->data(), sent->size());
    }
    launch_orthonormalise(machine, last->data(), known->data(), part.shape.rank, part.shape.columns);
    launch_multiply(machine, part.shape, GivenElements<float>{model->data()}, known->data(), sent->data());
  };
  return operation_of(
      run,
      [=, &machine] {
        return OperationResult{.bytes = full_payload(machine, full_header(PayloadKind::dense32, sent->size()), *sent)};
      },
      [] {});
}

template <class Machine>
std::unique_ptr<Operation> decode_edge_factors(Machine& machine, const OperationCase& work) {
  const FactoredPart part = part_of(work);
  const auto last = shared_copy(machine, view_as<float>(work.last_step.value().bytes()));
  const auto sent = shared_copy(machine, view_as<float>(work.payloads.at(0).bytes()));
  const auto known = shared_array<float>(machine, part.right_size());
  return decode_with(machine, work, [=, &machine](float* sums) {
    if (!part.is_factored()) return launch_accumulate(machine, sent->data(), 1.0F, sums, part.elements);
    launch_orthonormalise(machine, last->data(), known->data(), part.shape.rank, part.shape.columns);
    launch_add_product(machine, part.shape, sent->data(), known->data(), 1.0F, sums);
  });
}

}  // namespace simrun::cuda
