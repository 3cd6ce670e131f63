#pragma once

#include "kernels/codec.hpp"
#include "kernels/cuda/chunked_top_k.hpp"
#include "kernels/cuda/device_chunks.hpp"
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

/// The gradient added to the residual and transformed; selection; what is sent taken out of the residual.
template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_cosine_top_k(Machine& machine, const OperationCase& work) {
  const Chunking chunking = CodecOptions().chunking;
  const Payload::Header header = full_header(PayloadKind::chunked_pairs, work.elements, ChunkFormat::written(chunking));
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto residual = restored(machine, work.residual);
  const auto tables = shared_copy(machine, std::span<const CosineTables>(&CosineTables::get(), 1));
  const auto coefficients = shared_array<float>(machine, work.elements);
  const auto words = shared_array<std::uint32_t>(machine, code_words(header.entries, chunking.place_bits()));
  const auto values = shared_array<float>(machine, header.entries);
  const auto non_finite = shared_zero<std::uint64_t>(machine);
  const auto run = [=, &machine, n = work.elements] {
    launch_transform_chunks(
        machine, ChunkTransform<Gradient>{gradient->data(), residual->data(), n, chunking.chunk, tables->data(),
                                          coefficients->data(), non_finite->data()});
    launch_chunked_top_k(machine, ChunkedTopK<float>{nullptr, coefficients->data(), n, chunking, words->data(),
                                                     values->data(), non_finite->data()});
    launch_add_cosines_in_chunks(machine, chunking, tables->data(), words->data(), values->data(), values->size(),
                                 -1.0F, residual->data(), n);
  };
  const auto result = [=, &machine] {
    return OperationResult{.bytes = full_payload(machine, header, *words, *values), .values = residual->values()};
  };
  return operation_of(run, result, [=] { residual->reset(); });
}

template <class Machine>
std::unique_ptr<Operation> decode_cosine_top_k(Machine& machine, const OperationCase& work) {
  std::vector<float> decoded;
  const ChunkedPairsView view = view_chunked_pairs(work.payloads.at(0), decoded);
  const auto tables = shared_copy(machine, std::span<const CosineTables>(&CosineTables::get(), 1));
  const auto words = shared_copy(machine, view.words);
  const auto values = shared_copy(machine, view.values);
  return decode_with(machine, work, [=, &machine, n = work.elements, chunking = view.chunking](float* sums) {
    launch_add_cosines_in_chunks(machine, chunking, tables->data(), words->data(), values->data(), values->size(), 1.0F,
                                 sums, n);
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

/// Levels that nobody needs are written besides.
template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_block_maxima(Machine& machine, const OperationCase& work) {
  const Rounding rounding = levels_of_blocks(work).rounding;
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto residual = restored(machine, work.residual);
  const auto scales = shared_array<float>(machine, rounding.buckets(work.elements));
  const auto words = shared_array<std::uint32_t>(machine, code_words(work.elements, rounding.bits));
  const auto non_finite = shared_zero<std::uint64_t>(machine);
  const auto run = [=, &machine, n = work.elements] {
    launch_accumulate(machine, gradient->data(), 1.0F, residual->data(), n);
    launch_quantize(machine, Quantization<float>{nullptr, residual->data(), n, rounding, scales->data(), words->data(),
                                                 non_finite->data()});
  };
  const auto result = [=, &machine] {
    return OperationResult{.bytes = full_payload(machine, full_header(PayloadKind::dense32, scales->size()), *scales),
                           .values = residual->values()};
  };
  return operation_of(run, result, [=] { residual->reset(); });
}

template <class Machine>
auto shared_scales(Machine& machine, const OperationCase& work) {
  return shared_copy(machine, view_as<float>(work.previous.at(0).bytes()));
}

/// Of one worker: with more each has fewer levels, which takes as long.
template <class Machine>
std::unique_ptr<Operation> encode_levels_at_scales(Machine& machine, const OperationCase& work) {
  const Rounding rounding = levels_of_blocks(work).rounding;
  const auto scales = shared_scales(machine, work);
  const auto residual = restored(machine, work.residual);
  const auto words = shared_array<std::uint32_t>(machine, code_words(work.elements, rounding.bits));
  const auto non_finite = shared_zero<std::uint64_t>(machine);
  const auto run = [=, &machine, n = work.elements, seed = work.seed] {
    const LevelCode code{rounding, scales->data()};
    launch_round(machine, code, static_cast<const float*>(residual->data()), n, seed, words->data(),
                 non_finite->data());
    launch_add_codes(machine, code, words->data(), -1.0F, residual->data(), n);
  };
  const auto result = [=, &machine, n = work.elements] {
    return OperationResult{.bytes = full_payload(machine, full_header(PayloadKind::integers, n, rounding.bits), *words),
                           .values = residual->values()};
  };
  return operation_of(run, result, [=] { residual->reset(); });
}

template <class Machine>
std::unique_ptr<Operation> decode_levels_at_scales(Machine& machine, const OperationCase& work) {
  const Rounding rounding = levels_of_blocks(work).rounding;
  const auto scales = shared_scales(machine, work);
  const auto words = shared_copy(machine, view_integers(work.payloads.at(0)));
  return decode_with(machine, work, [=, &machine, n = work.elements](float* sums) {
    launch_add_codes(machine, LevelCode{rounding, scales->data()}, words->data(), 1.0F, sums, n);
  });
}

template <class Machine>
std::unique_ptr<Operation> decode_block_quantization(Machine& machine, const OperationCase& work) {
  return decode_levels(machine, work, levels_of_blocks(work).rounding);
}

}  // namespace simrun::cuda
