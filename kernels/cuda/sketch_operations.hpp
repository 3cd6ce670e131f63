#pragma once

#include "kernels/codec.hpp"
#include "kernels/cuda/bitmap.hpp"
#include "kernels/cuda/codec_operations.hpp"
#include "kernels/cuda/device_sketch.hpp"

namespace simrun::cuda {

// The codec `sketched-pairs`, as it is made without options, on a machine, which must outlive the operations.

/// Residual and selection, the bits of what is selected and not zero, the sketch.
template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_sketched_pairs(Machine& machine, const OperationCase& work) {
  const Format format = SketchFormat::with(std::uint64_t{CodecOptions().counters} * work.entries, work.elements);
  const Payload::Header header = full_header(PayloadKind::sketch, work.elements, format);
  const auto selected = selection<Gradient>(machine, work, Sent::non_zeros);
  const auto words = shared_array<std::uint32_t>(machine, sign_words(work.elements));
  const auto counters = shared_array<float>(machine, sketch_rows * header.entries);
  const auto memory = sketch_memory<Machine>(header.entries, 0);
  const auto run = [=, &machine] {
    selected->run();
    launch_bitmap_encode(machine, selected->indices(), selected->entries(), header.elements, words->data());
    launch_sketch(machine, selected->indices(), selected->values(), selected->entries(), header.entries,
                  memory->layout(), counters->data());
  };
  const auto result = [=, &machine] {
    return OperationResult{.bytes = full_payload(machine, header, *words, *counters), .values = selected->x()};
  };
  return operation_of(run, result, [=] { selected->reset(); });
}

/// Which elements are entries, peeling, values added to an fp32 sum. There is room for as many entries as there are;
/// of a sum of M payloads they are at most M K.
template <class Machine>
std::unique_ptr<Operation> decode_sketched_pairs(Machine& machine, const OperationCase& work) {
  const SketchView view = view_sketch(work.payloads.at(0));
  const std::uint64_t columns = work.payloads.at(0).entries();
  const auto words = shared_copy(machine, view.words);
  const auto counters = shared_copy(machine, view.counters);
  const auto indices = shared_array<std::uint32_t>(machine, view.indices().size());
  const auto values = shared_array<float>(machine, indices->size());
  const auto bits = shared_workspace<Machine>(BitmapWorkspace::carve);
  const auto memory = sketch_memory<Machine>(columns, indices->size());
  return decode_with(machine, work, [=, &machine, n = work.elements](float* sums) {
    launch_bitmap_decode(machine, words->data(), n, bits->layout(), indices->data());
    if (indices->size() == 0) return;
    launch_peel(machine, indices->data(), indices->size(), counters->data(), columns, memory->layout(), values->data());
    launch_scatter_add(machine, indices->data(), values->data(), Entries{indices->size()}, 1.0F, sums);
  });
}

}  // namespace simrun::cuda
