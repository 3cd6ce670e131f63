#include "sim/devices/operations.hpp"

#include <algorithm>
#include <iterator>

#include "kernels/codec.hpp"
#include "kernels/find_entry.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

double value_on(Axis axis, const Work& work) {
  switch (axis) {
    case Axis::elements:
      return work.elements;
    case Axis::entries:
      return work.entries;
    case Axis::parts:
      return work.parts;
    case Axis::density:
      break;
  }
  return work.entries / std::max(1.0, work.elements);
}

/// Levels of parts added to an fp32 sum, which is rounded again, to levels or to 16 bits.
std::vector<Step> requantizing_steps(const Work& work) {
  constexpr const char* codec = "requantized-levels";
  Work one = work;
  one.parts = 1;
  one.entries = work.result_entries;
  one.stage = Stage::decode;
  std::vector<Step> steps = {{operation_name(Stage::decode, codec), one, work.parts}};
  one.stage = Stage::encode;
  if (work.kind == PayloadKind::levels) {
    steps.push_back({operation_name(Stage::encode, codec), one});
  } else {
    for (Step& step : steps_of(one)) steps.push_back(std::move(step));
  }
  return steps;
}

/// Those of coding of indices.
std::vector<Step> index_steps_of(const Work& work) {
  if (work.index == IndexCoding::none || work.index == IndexCoding::raw32) return {};
  std::vector<Step> steps;
  const std::string coding(index_coding(work.index).name);
  const auto add = [&](Stage stage, double entries, double times) {
    Work one = work;
    one.entries = entries;
    one.parts = 1;
    one.gradient = Precision::fp32;  // it is not read
    steps.push_back({operation_name(stage, coding), one, times});
  };
  // Values alone are those at indices that were received before.
  const bool writes = work.stage == Stage::encode && !is_dense(work.kind);
  if (writes) {
    add(Stage::index_encode, work.entries, 1);
  } else {
    add(Stage::index_decode, work.entries / work.parts, work.parts);
    if (work.stage == Stage::combine) add(Stage::index_encode, work.result_entries, 1);
  }
  return steps;
}

}  // namespace

bool KernelWork::is_small(const Work& work) const {
  const double size = work.stage == Stage::combine ? work.entries : work.elements;
  return launches_if_small && size <= small;
}

double KernelWork::launches_of(const Work& work) const {
  const double once = is_small(work) ? *launches_if_small : launches;
  return work.stage == Stage::decode ? work.parts * once : once;
}

double KernelWork::serial_cycles_of(const Work& work) const {
  const double once = (is_small(work) ? cycles.small : cycles.usual).serial;
  return work.stage == Stage::decode ? work.parts * once : once;
}

std::string operation_name(Stage stage, const std::string& kind) {
  return std::string(name_of(stage)) + "." + kind;
}

const std::vector<OperationEntry>& measured_operations() {
  static const std::vector<OperationEntry> table = [] {
    std::vector<OperationEntry> all = profile_operations();
    for (const OperationEntry& operation : codec_operations()) {
      if (operation.kernels.launches > 0) all.push_back(operation);
    }
    return all;
  }();
  return table;
}

bool is_of_codec(const OperationEntry& operation) {
  return find_entry(std::span(profile_operations()), operation.name) == nullptr;
}

const OperationEntry& operation_entry(const std::string& name) {
  const OperationEntry* found = find_entry(std::span(profile_operations()), name);
  return found != nullptr ? *found : *find_entry(std::span(codec_operations()), name);
}

std::vector<Step> steps_of(const Work& work) {
  if (work.entries + work.elements == 0) return {};
  if (work.kind == PayloadKind::levels && work.stage == Stage::combine) return requantizing_steps(work);
  if (work.stage == Stage::combine && work.summed == PayloadKind::levels) return requantizing_steps(work);
  if (work.kind == PayloadKind::dense32) return {};
  if ((is_dense(work.kind) || work.kind == PayloadKind::sketch) && work.stage == Stage::combine) return {};
  if (is_dense(work.kind) && work.stage == Stage::encode && work.gradient == precision_of(work.kind)) return {};
  if (work.kind == PayloadKind::integers && work.stage == Stage::combine) return {};
  PayloadKind kind = work.kind;
  // Only a leader sends indices alone: it selects, and writes pairs without their values.
  if (kind == PayloadKind::indices) kind = PayloadKind::pairs;
  if (kind == PayloadKind::dense_bf16) kind = PayloadKind::dense16;  // which moves as many bytes
  std::vector<Step> steps = {{operation_name(work.stage, std::string(layout_of(kind).name)), work}};
  for (Step& step : coding_steps_of(work)) steps.push_back(std::move(step));
  return steps;
}

std::vector<Step> coding_steps_of(const Work& work) {
  std::vector<Step> steps = index_steps_of(work);
  if (work.values == ValueCoding::fp32) return steps;
  const std::string half(layout_of(PayloadKind::dense16).name);
  const auto add = [&](Stage stage, double values, double times) {
    Work one{.stage = stage, .kind = PayloadKind::dense16, .elements = values, .entries = values};
    steps.push_back({operation_name(stage, half), one, times});
  };
  if (work.stage != Stage::encode) add(Stage::decode, work.entries / work.parts, work.parts);
  if (work.stage == Stage::encode) add(Stage::encode, work.entries, 1);
  if (work.stage == Stage::combine) add(Stage::encode, work.result_entries, 1);
  return steps;
}

std::vector<double> place_of(const Work& work, const CostTable& table) {
  std::vector<double> place;
  for (const CostTable::GridAxis& axis : table.axes()) place.push_back(std::max(1e-30, value_on(axis.axis, work)));
  return place;
}

}  // namespace simrun
