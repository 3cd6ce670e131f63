#pragma once

#include "kernels/cuda/accumulate.hpp"
#include "kernels/cuda/bucket_norms.hpp"
#include "kernels/cuda/payload_operations.hpp"
#include "kernels/cuda/scales.hpp"
#include "kernels/drawn_indices.hpp"

namespace simrun::cuda {

// Codecs whose work is not their layout's: encoding a gradient, with residual and momentum, and decoding one payload,
// on a machine, which must outlive the operations.

/// An array that an operation changes, and what it is before.
template <class Machine>
class Restored {
 public:
  Restored(Machine& machine, std::span<const float> values)
      : machine_(machine), before_(uploaded(machine, values)), now_(values.size()) {}

  float* data() { return now_.data(); }
  std::uint64_t size() const { return now_.size(); }
  void reset() { machine_.copy(now_.data(), before_.data(), now_.size()); }
  std::vector<float> values() const { return downloaded(machine_, now_.data(), now_.size()); }

 private:
  Machine& machine_;
  typename Machine::template Buffer<float> before_;
  typename Machine::template Buffer<float> now_;
};

template <class Machine>
auto restored(Machine& machine, std::span<const float> values) {
  return std::make_shared<Restored<Machine>>(machine, values);
}

/// One value of zeros.
template <class T, class Machine>
auto shared_zero(Machine& machine) {
  const auto array = shared_array<T>(machine, 1);
  machine.clear(array->data(), sizeof(T));
  return array;
}

/// A payload of all elements whose body is these arrays, one after another.
template <class Machine, class... Arrays>
std::vector<std::byte> full_payload(Machine& machine, const Payload::Header& header, const Arrays&... arrays) {
  std::vector<std::byte> bytes(is_dense(header.kind) ? 0 : Payload::header_bytes);
  const auto append = [&](const auto& array) {
    const auto values = downloaded(machine, array.data(), array.size());
    const auto more = std::as_bytes(std::span(values));
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  (append(arrays), ...);
  return bytes_of(Payload::make(header, std::move(bytes)));
}

/// A copy of a part of a payload's body, from some byte on.
template <class T, class Machine>
auto shared_body(Machine& machine, const OperationCase& work, std::size_t first, std::size_t bytes) {
  return shared_copy(machine, view_as<T>(work.payloads.at(0).body().subspan(first, bytes)));
}
template <class T, class Machine>
auto shared_body(Machine& machine, const OperationCase& work, std::size_t first) {
  return shared_body<T>(machine, work, first, work.payloads.at(0).body().size() - first);
}

/// Two launches: the gradient is added to the residual, which tells the scales; then signs are packed and what they
/// stand for is taken out. values_of(scales) says what that is.
template <class Scales, class Gradient, class Machine, class ValuesOf>
std::unique_ptr<Operation> encode_with_scales(Machine& machine, const OperationCase& work, PayloadKind kind,
                                              std::size_t count, const ValuesOf& values_of) {
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto residual = restored(machine, work.residual);
  const auto scales = shared_array<float>(machine, count);
  const auto sums = shared_array<double>(machine, Scales::sums * sums_of(work.elements));
  const auto state = shared_zero<ScaleState>(machine);
  const auto words = shared_array<std::uint32_t>(machine, sign_words(work.elements));
  const auto non_finite = shared_zero<std::uint64_t>(machine);
  const auto run = [=, &machine, n = work.elements] {
    launch_find_scales(machine, CorrectedElements<Gradient>{gradient->data(), residual->data()}, n,
                       Scales{scales->data()}, sums->data(), state->data());
    launch_pack_signs_of(machine, TakenOut{residual->data(), values_of(scales->data())}, Entries{n}, words->data(),
                         non_finite->data());
  };
  const auto result = [=, &machine, n = work.elements] {
    return OperationResult{.bytes = full_payload(machine, full_header(kind, n), *scales, *words),
                           .values = residual->values()};
  };
  return operation_of(run, result, [=] { residual->reset(); });
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_scaled_signs(Machine& machine, const OperationCase& work) {
  const auto values_of = [](const float* scale) { return SignValues{-1.0F, 1.0F, scale, scale}; };
  return encode_with_scales<MeanMagnitude, Gradient>(machine, work, PayloadKind::scaled_signs, 1, values_of);
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_two_means(Machine& machine, const OperationCase& work) {
  const auto values_of = [](const float* means) { return SignValues{-1.0F, -1.0F, means + 1, means}; };
  return encode_with_scales<MeansOfSigns, Gradient>(machine, work, PayloadKind::two_means, 2, values_of);
}

/// values_of(scales) says what signs behind so many scales stand for.
template <class Machine, class ValuesOf>
std::unique_ptr<Operation> decode_with_scales(Machine& machine, const OperationCase& work, std::size_t count,
                                              const ValuesOf& values_of) {
  const auto scales = shared_body<float>(machine, work, 0, count * sizeof(float));
  const auto words = shared_body<std::uint32_t>(machine, work, count * sizeof(float));
  return decode_with(machine, work, [=, &machine, n = work.elements](float* sums) {
    launch_add_signs(machine, words->data(), values_of(scales->data()), sums, n);
  });
}

template <class Machine>
std::unique_ptr<Operation> decode_scaled_signs(Machine& machine, const OperationCase& work) {
  return decode_with_scales(machine, work, 1, [](const float* scale) { return SignValues{1.0F, -1.0F, scale, scale}; });
}

template <class Machine>
std::unique_ptr<Operation> decode_two_means(Machine& machine, const OperationCase& work) {
  return decode_with_scales(machine, work, 2, [](const float* means) {
    return SignValues{1.0F, 1.0F, means + 1, means};
  });
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_momentum_signs(Machine& machine, const OperationCase& work) {
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto velocity = restored(machine, work.velocity);
  const auto words = shared_array<std::uint32_t>(machine, sign_words(work.elements));
  const auto non_finite = shared_zero<std::uint64_t>(machine);
  const auto run = [=, &machine, n = work.elements, weight = work.momentum] {
    launch_pack_signs_of(machine, MovedOn<Gradient>{gradient->data(), weight, velocity->data()}, Entries{n},
                         words->data(), non_finite->data());
  };
  const auto result = [=, &machine, n = work.elements] {
    OperationResult signs = signs_result(machine, n, words->data());
    signs.values = velocity->values();
    return signs;
  };
  return operation_of(run, result, [=] { velocity->reset(); });
}

/// A leader's indices are the others' loss: what these do is add the gradient to the residual.
template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_leader_indices(Machine& machine, const OperationCase& work) {
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto residual = restored(machine, work.residual);
  return operation_of(
      [=, &machine] { launch_accumulate(machine, gradient->data(), 1.0F, residual->data(), residual->size()); },
      [=] { return OperationResult{.values = residual->values()}; }, [=] { residual->reset(); });
}

/// The values at these indices are taken out of the residual, to which the gradient is added first if there is one.
template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_values(Machine& machine, const OperationCase& work,
                                         std::span<const std::uint32_t> at) {
  const auto gradient = shared_gradient<Gradient>(machine, work);
  const auto residual = restored(machine, work.residual);
  const auto indices = shared_copy(machine, at);
  const auto values = shared_array<float>(machine, at.size());
  const auto run = [=, &machine] {
    if (gradient->size() > 0) launch_accumulate(machine, gradient->data(), 1.0F, residual->data(), residual->size());
    launch_take_out(machine, residual->data(), indices->data(), Entries{indices->size()}, values->data());
  };
  const auto result = [=, &machine] {
    return OperationResult{.bytes = full_payload(machine, full_header(PayloadKind::dense32, values->size()), *values),
                           .values = residual->values()};
  };
  return operation_of(run, result, [=] { residual->reset(); });
}

/// Values that are no gradient without these indices.
template <class Machine>
std::unique_ptr<Operation> decode_values(Machine& machine, const OperationCase& work,
                                         std::span<const std::uint32_t> at) {
  const auto indices = shared_copy(machine, at);
  const auto values = shared_copy(machine, view_as<float>(work.payloads.at(0).bytes()));
  return decode_with(machine, work, [=, &machine](float* sums) {
    launch_scatter_add(machine, indices->data(), values->data(), Entries{indices->size()}, 1.0F, sums);
  });
}

template <class Machine>
std::unique_ptr<Operation> encode_values_at(Machine& machine, const OperationCase& work) {
  std::vector<std::uint32_t> decoded;
  return encode_values<float>(machine, work, view_indices(work.previous.at(0), decoded));
}

template <class Machine>
std::unique_ptr<Operation> decode_values_at(Machine& machine, const OperationCase& work) {
  std::vector<std::uint32_t> decoded;
  return decode_values(machine, work, view_indices(work.previous.at(0), decoded));
}

/// Indices are drawn beforehand.
template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_random_entries(Machine& machine, const OperationCase& work) {
  return encode_values<Gradient>(machine, work, draw_indices(work.shared_seed, work.elements, work.entries));
}

template <class Machine>
std::unique_ptr<Operation> decode_random_entries(Machine& machine, const OperationCase& work) {
  return decode_values(machine, work, draw_indices(work.shared_seed, work.elements, work.entries));
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_random_block(Machine& machine, const OperationCase& work) {
  return encode_values<Gradient>(machine, work, draw_block(work.shared_seed, work.elements, work.entries));
}

template <class Machine>
std::unique_ptr<Operation> decode_random_block(Machine& machine, const OperationCase& work) {
  return decode_values(machine, work, draw_block(work.shared_seed, work.elements, work.entries));
}

}  // namespace simrun::cuda
