#pragma once

#include <bit>

#include "kernels/cuda/codec_operations.hpp"

namespace simrun::cuda {

// Codecs that round at random, as codecs make them without options.

/// launch(x, scales, words, non_finite) encodes elements without a residual to codes of so many bits, behind scales.
template <class Gradient, class Machine, class Launch>
std::unique_ptr<Operation> encode_codes(Machine& machine, const OperationCase& work, const Payload::Header& header,
                                        std::size_t scale_count, unsigned bits, const Launch& launch) {
  const auto x = shared_gradient<Gradient>(machine, work);
  const auto scales = shared_array<float>(machine, scale_count);
  const auto words = shared_array<std::uint32_t>(machine, code_words(work.elements, bits));
  const auto non_finite = shared_zero<std::uint64_t>(machine);
  return operation_of(
      [=] { launch(x->data(), scales->data(), words->data(), non_finite->data()); },
      [=, &machine] { return OperationResult{.bytes = full_payload(machine, header, *scales, *words)}; });
}

/// What the payload of a case of levels is, its header and how it is rounded.
struct LevelsCase {
  Payload::Header header;
  Rounding rounding;

  LevelsCase(const OperationCase& work, unsigned levels, const LevelsFormat& format)
      : header(full_header(PayloadKind::levels, work.elements, format.written())),
        rounding{levels, format.bits, format.log_bucket == 0 ? 0 : std::uint64_t{1} << format.log_bucket} {}

  static LevelsCase of_qsgd(const OperationCase& work) {
    const CodecOptions options;
    const auto levels = static_cast<unsigned>(options.levels);
    return {work,
            levels,
            {.bits = static_cast<unsigned>(std::bit_width(2 * levels)),
             .log_bucket = static_cast<unsigned>(std::countr_zero(options.bucket))}};
  }
  static LevelsCase of_terngrad(const OperationCase& work) { return {work, 1, {.bits = 2, .log_bucket = 0}}; }
};

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_qsgd(Machine& machine, const OperationCase& work) {
  const LevelsCase levels = LevelsCase::of_qsgd(work);
  const Rounding rounding = levels.rounding;
  return encode_codes<Gradient>(machine, work, levels.header, rounding.buckets(work.elements), rounding.bits,
                                [=, &machine, n = work.elements, seed = work.seed](
                                    const Gradient* x, float* scales, std::uint32_t* words, std::uint64_t* non_finite) {
                                  launch_round_to_norms(machine, rounding, x, n, seed, scales, words, non_finite);
                                });
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_terngrad(Machine& machine, const OperationCase& work) {
  const LevelsCase levels = LevelsCase::of_terngrad(work);
  const Rounding rounding = levels.rounding;
  const auto sums = shared_array<double>(machine, ClippedMagnitude::sums * sums_of(work.elements));
  const auto state = shared_zero<ScaleState>(machine);
  return encode_codes<Gradient>(machine, work, levels.header, 1, rounding.bits,
                                [=, &machine, n = work.elements, seed = work.seed](
                                    const Gradient* x, float* scale, std::uint32_t* words, std::uint64_t* non_finite) {
                                  launch_find_scales(machine, GivenElements<Gradient>{x}, n, ClippedMagnitude{scale},
                                                     sums->data(), state->data());
                                  launch_round(machine, LevelCode{rounding, scale}, x, n, seed, words, non_finite);
                                });
}

template <class Gradient, class Machine>
std::unique_ptr<Operation> encode_exponents(Machine& machine, const OperationCase& work) {
  return encode_codes<Gradient>(machine, work, full_header(PayloadKind::exponents, work.elements), 0, exponent_bits,
                                [=, &machine, n = work.elements, seed = work.seed](
                                    const Gradient* x, float*, std::uint32_t* words, std::uint64_t* non_finite) {
                                  launch_round(machine, PowerCode{}, x, n, seed, words, non_finite);
                                });
}

template <class Machine>
std::unique_ptr<Operation> decode_levels(Machine& machine, const OperationCase& work, const Rounding& rounding) {
  const LevelsView view = view_levels(work.payloads.at(0));
  const auto scales = shared_copy(machine, view.scales);
  const auto words = shared_copy(machine, view.words);
  return decode_with(machine, work, [=, &machine, n = work.elements](float* sums) {
    launch_add_codes(machine, LevelCode{rounding, scales->data()}, words->data(), 1.0F, sums, n);
  });
}

template <class Machine>
std::unique_ptr<Operation> decode_qsgd(Machine& machine, const OperationCase& work) {
  return decode_levels(machine, work, LevelsCase::of_qsgd(work).rounding);
}

template <class Machine>
std::unique_ptr<Operation> decode_terngrad(Machine& machine, const OperationCase& work) {
  return decode_levels(machine, work, LevelsCase::of_terngrad(work).rounding);
}

template <class Machine>
std::unique_ptr<Operation> decode_exponents(Machine& machine, const OperationCase& work) {
  const auto words = shared_copy(machine, view_exponents(work.payloads.at(0)));
  return decode_with(machine, work, [=, &machine, n = work.elements](float* sums) {
    launch_add_codes(machine, PowerCode{}, words->data(), 1.0F, sums, n);
  });
}

}  // namespace simrun::cuda
