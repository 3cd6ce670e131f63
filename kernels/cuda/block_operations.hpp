#pragma once

#include "kernels/codec.hpp"
#include "kernels/cuda/chunked_top_k.hpp"
#include "kernels/cuda/quantize.hpp"
#include "kernels/cuda/rounding_operations.hpp"

namespace simrun::cuda {

// Codecs that go through chunks or blocks of neighbours, as codecs make them without options: one kernel adds the
// gradient to the residual, encodes, and takes what is sent out of the residual.

inline LevelsCase levels_of_blocks(const OperationCase& work) {
  const CodecOptions options;
  const auto bits = static_cast<unsigned>(options.bits);
  return {work,
          (1U << (bits - 1)) - 1,
          {.bits = bits, .log_bucket = static_cast<unsigned>(std::countr_zero(options.block))}};
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_chunked_top_k(Machine& machine, const OperationCase& work) {
  const Chunking chunking = CodecOptions().chunking;
  const Payload::Header header = full_header(PayloadKind::chunked_pairs, work.elements, ChunkFormat::written(chunking));
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto residual = restored(machine, work.residual);
  const auto words = shared_array<std::uint32_t>(machine, code_words(header.entries, chunking.place_bits()));
  const auto values = shared_array<float>(machine, header.entries);
  const auto non_finite = shared_zero<std::uint64_t>(machine);
  const auto run = [=, &machine, n = work.elements] {
    launch_chunked_top_k(machine, ChunkedTopK<Gradient>{gradient->data(), residual->data(), n, chunking, words->data(),
                                                        values->data(), non_finite->data()});
  };
  const auto result = [=, &machine] {
    return OperationResult{.bytes = full_payload(machine, header, *words, *values), .values = residual->values()};
  };
  return operation_of(run, result, [=] { residual->reset(); });
}

template <class Machine>
std::unique_ptr<Operation> decode_chunked_top_k(Machine& machine, const OperationCase& work) {
  std::vector<float> decoded;
  const ChunkedPairsView view = view_chunked_pairs(work.payloads.at(0), decoded);
  const auto words = shared_copy(machine, view.words);
  const auto values = shared_copy(machine, view.values);
  return decode_with(machine, work, [=, &machine, chunking = view.chunking](float* sums) {
    launch_add_in_chunks(machine, chunking, words->data(), values->data(), values->size(), 1.0F, sums);
  });
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_block_quantization(Machine& machine, const OperationCase& work) {
  const auto [header, rounding] = levels_of_blocks(work);
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto residual = restored(machine, work.residual);
  const auto scales = shared_array<float>(machine, rounding.buckets(work.elements));
  const auto words = shared_array<std::uint32_t>(machine, code_words(work.elements, rounding.bits));
  const auto non_finite = shared_zero<std::uint64_t>(machine);
  const auto run = [=, &machine, n = work.elements, rounding = rounding] {
    launch_quantize(machine, Quantization<Gradient>{gradient->data(), residual->data(), n, rounding, scales->data(),
                                                    words->data(), non_finite->data()});
  };
  const auto result = [=, &machine, header = header] {
    return OperationResult{.bytes = full_payload(machine, header, *scales, *words), .values = residual->values()};
  };
  return operation_of(run, result, [=] { residual->reset(); });
}

template <class Machine>
std::unique_ptr<Operation> decode_block_quantization(Machine& machine, const OperationCase& work) {
  return decode_levels(machine, work, levels_of_blocks(work).rounding);
}

}  // namespace simrun::cuda
