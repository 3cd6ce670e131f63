#include "sim/calibration/calibration_case.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/calibration/codec_case.hpp"
#include "sim/calibration/cpu_operation.hpp"
#include "sim/workload/gradients.hpp"

namespace simrun {
namespace {

constexpr std::size_t most_parts = 64;
constexpr std::size_t offset_between_parts = 997;
constexpr std::size_t sparse_parts = 8;        // of a vote on sparse signs
constexpr std::size_t elements_an_entry = 16;  // where the axis is entries
constexpr SyntheticGradients distribution{.seed = 1};

std::size_t kept(std::size_t elements, double density) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::llround(static_cast<double>(elements) * density)), 1,
                                 elements);
}

}  // namespace

std::uint64_t CalibrationData::most_elements_here() {
  constexpr std::uint64_t most_bytes_an_element = 128;
  const auto bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE));
  return std::bit_floor(bytes / most_bytes_an_element);
}

CalibrationData::CalibrationData(std::uint64_t most_elements, unsigned threads, unsigned threads_of_expected,
                                 Precision precision)
    : threads_(threads),
      threads_of_expected_(threads_of_expected),
      precision_(precision),
      values_(most_elements + most_parts * offset_between_parts) {
  make_synthetic_gradients(distribution, Model{"calibration", {{"all", {values_.size()}}}})
      ->fill(0, 0, threads_, values_);
  if (precision_ == Precision::fp32) return;
  rounded_.assign(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(most_elements));
  round_to(precision_, rounded_);
}

std::string CalibrationData::description() {
  return "synthetic, laplace, seed " + std::to_string(distribution.seed);
}

std::span<const float> CalibrationData::stretch(std::size_t part, std::size_t size) const {
  if (part == 0 && !rounded_.empty()) return std::span(rounded_).first(size);
  return std::span(values_).subspan(part * offset_between_parts, size);
}

OperationCase CalibrationData::make_case(const OperationEntry& operation, std::span<const double> place) const {
  OperationCase made;
  made.stage = operation.stage;
  made.kind = operation.kind;
  made.precision = precision_;
  std::size_t parts = made.stage == Stage::combine ? 2 : 1;
  made.elements = static_cast<std::size_t>(place[0]);
  made.entries = made.elements;
  if (operation.axes[0] == Axis::entries) {
    made.entries = std::max<std::size_t>(1, made.entries / parts);
    made.elements = elements_an_entry * made.entries;
  } else if (operation.axes.back() == Axis::parts) {
    parts = static_cast<std::size_t>(place[1]);
  } else if (operation.axes.back() == Axis::density && place.size() > 1) {
    if (made.stage == Stage::combine) parts = sparse_parts;
    made.entries = kept(made.elements, place[1] / static_cast<double>(parts));
  }
  if (is_of_codec(operation)) {
    complete_codec_case(
        made, *find_codec(made.kind), [&](std::size_t number) { return stretch(number, made.elements); }, threads_);
  } else if (made.stage == Stage::encode) {
    made.gradient = stretch(0, made.elements);
    if (codec_of_kind(made.kind).codec->sparsifies) made.residual = stretch(1, made.elements);
  } else if (made.stage == Stage::index_encode || made.stage == Stage::index_decode) {
    make_indices(made);
  } else {
    make_payloads(made, parts);
  }
  const auto reference = make_cpu_operation(made, threads_of_expected_);
  reference->reset();
  reference->run();
  made.expected = reference->result();
  return made;
}

void CalibrationData::make_payloads(OperationCase& made, std::size_t parts) const {
  const auto codec = codec_of_kind(made.kind).make(make_cpu_primitives(threads_));
  for (std::size_t part = 0; part < parts; ++part)
    made.payloads.push_back(codec->encode(stretch(part, made.elements), made.entries, {}));
}

void CalibrationData::make_indices(OperationCase& made) const {
  const auto primitives = make_cpu_primitives(threads_);
  made.indices = primitives->select_largest(stretch(0, made.elements), made.entries).indices;
  if (made.stage == Stage::index_decode) find_index_coding(made.kind).encode(made.indices, made.elements, made.coded);
}

}  // namespace simrun
