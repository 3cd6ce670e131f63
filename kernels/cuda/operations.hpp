#pragma once

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "kernels/cuda/block_operations.hpp"
#include "kernels/cuda/index_operations.hpp"
#include "kernels/cuda/low_rank_operations.hpp"
#include "kernels/cuda/payload_operations.hpp"
#include "kernels/cuda/rounding_operations.hpp"
#include "kernels/cuda/sketch_operations.hpp"
#include "kernels/cuda/threshold_operations.hpp"

namespace simrun::cuda {

/// How an operation of a profile is made on a machine. `kind`: as in OperationCase.
template <class Machine>
struct OperationMaker {
  Stage stage;
  std::string_view kind;
  std::unique_ptr<Operation> (*make)(Machine& machine, const OperationCase& work);
};

/// Those of gradients of float, Half or BFloat16.
template <class Gradient, class Machine>
std::span<const OperationMaker<Machine>> operation_makers() {
  static const OperationMaker<Machine> makers[] = {
      {Stage::encode, "dense16", &encode_dense16<Gradient, Machine>},
      {Stage::encode, "pairs", &encode_pairs<Gradient, Machine>},
      {Stage::encode, "signs", &encode_signs<Gradient, Machine>},
      {Stage::encode, "sparse-signs", &encode_sparse_signs<Gradient, Machine>},
      {Stage::combine, "pairs", &combine_pairs<Machine>},
      {Stage::combine, "signs", &combine_signs<Machine>},
      {Stage::combine, "sparse-signs", &combine_sparse_signs<Machine>},
      {Stage::decode, "dense16", &decode_dense16<Machine>},
      {Stage::decode, "pairs", &decode_pairs<Machine>},
      {Stage::decode, "signs", &decode_signs<Machine>},
      {Stage::decode, "sparse-signs", &decode_sparse_signs<Machine>},
      {Stage::index_encode, "bitmap", &encode_bitmap<Machine>},
      {Stage::index_encode, "delta", &encode_delta<Machine>},
      {Stage::index_encode, "elias-fano", &encode_elias_fano<Machine>},
      {Stage::index_decode, "bitmap", &decode_bitmap<Machine>},
      {Stage::index_decode, "delta", &decode_delta<Machine>},
      {Stage::index_decode, "elias-fano", &decode_elias_fano<Machine>},
      {Stage::encode, "scaled-signs", &encode_scaled_signs<Gradient, Machine>},
      {Stage::decode, "scaled-signs", &decode_scaled_signs<Machine>},
      {Stage::encode, "leader-indices", &encode_leader_indices<Gradient, Machine>},
      {Stage::encode, "values-at", &encode_values_at<Machine>},
      {Stage::decode, "values-at", &decode_values_at<Machine>},
      {Stage::encode, "left-factors", &encode_left_factors<Gradient, Machine>},
      {Stage::encode, "right-factors", &encode_right_factors<Machine>},
      {Stage::decode, "right-factors", &decode_right_factors<Machine>},
      {Stage::encode, "random-entries", &encode_random_entries<Gradient, Machine>},
      {Stage::decode, "random-entries", &decode_random_entries<Machine>},
      {Stage::encode, "gathered-signs", &encode_signs<Gradient, Machine>},
      {Stage::decode, "gathered-signs", &decode_signs<Machine>},
      {Stage::encode, "momentum-signs", &encode_momentum_signs<Gradient, Machine>},
      {Stage::decode, "momentum-signs", &decode_signs<Machine>},
      {Stage::encode, "two-means", &encode_two_means<Gradient, Machine>},
      {Stage::decode, "two-means", &decode_two_means<Machine>},
      {Stage::encode, "qsgd", &encode_qsgd<Gradient, Machine>},
      {Stage::decode, "qsgd", &decode_qsgd<Machine>},
      {Stage::encode, "terngrad", &encode_terngrad<Gradient, Machine>},
      {Stage::decode, "terngrad", &decode_terngrad<Machine>},
      {Stage::encode, "exponents", &encode_exponents<Gradient, Machine>},
      {Stage::decode, "exponents", &decode_exponents<Machine>},
      {Stage::encode, "sampled-pairs", &encode_sampled_pairs<Gradient, Machine>},
      {Stage::decode, "sampled-pairs", &decode_pairs<Machine>},
      {Stage::encode, "chunked-top-k", &encode_chunked_top_k<Gradient, Machine>},
      {Stage::decode, "chunked-top-k", &decode_chunked_top_k<Machine>},
      {Stage::encode, "cosine-top-k", &encode_cosine_top_k<Gradient, Machine>},
      {Stage::decode, "cosine-top-k", &decode_cosine_top_k<Machine>},
      {Stage::encode, "block-quantization", &encode_block_quantization<Gradient, Machine>},
      {Stage::decode, "block-quantization", &decode_block_quantization<Machine>},
      {Stage::encode, "requantized-levels", &encode_block_quantization<Gradient, Machine>},
      {Stage::decode, "requantized-levels", &decode_block_quantization<Machine>},
      {Stage::encode, "summed-levels", &encode_block_quantization<Gradient, Machine>},
      {Stage::decode, "summed-levels", &decode_block_quantization<Machine>},
      {Stage::encode, "block-maxima", &encode_block_maxima<Gradient, Machine>},
      {Stage::encode, "levels-at-scales", &encode_levels_at_scales<Machine>},
      {Stage::decode, "levels-at-scales", &decode_levels_at_scales<Machine>},
      {Stage::encode, "sketched-pairs", &encode_sketched_pairs<Gradient, Machine>},
      {Stage::decode, "sketched-pairs", &decode_sketched_pairs<Machine>},
      {Stage::encode, "random-block", &encode_random_block<Gradient, Machine>},
      {Stage::decode, "random-block", &decode_random_block<Machine>},
      {Stage::encode, "fitted-pairs", &encode_fitted_pairs<Gradient, Machine>},
      {Stage::decode, "fitted-pairs", &decode_pairs<Machine>},
      {Stage::encode, "edge-factors", &encode_edge_factors<Machine>},
      {Stage::decode, "edge-factors", &decode_edge_factors<Machine>},
  };
  return makers;
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> make_operation_of(Machine& machine, const OperationCase& work) {
  for (const OperationMaker<Machine>& maker : operation_makers<Gradient, Machine>()) {
    if (maker.stage == work.stage && maker.kind == work.kind) return maker.make(machine, work);
  }
  throw std::invalid_argument(std::string("kernels do not know the operation ") + name_of(work.stage) + "." +
                              work.kind);
}

/// The operation on a machine, which must outlive it. Throws std::invalid_argument for an operation that is not known.
template <class Machine>
std::unique_ptr<Operation> make_operation(Machine& machine, const OperationCase& work) {
  switch (work.precision) {
    case Precision::fp16:
      return make_operation_of<Half>(machine, work);
    case Precision::bf16:
      return make_operation_of<BFloat16>(machine, work);
    case Precision::fp32:
      break;
  }
  return make_operation_of<float>(machine, work);
}

}  // namespace simrun::cuda
