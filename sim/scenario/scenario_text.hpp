#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/scenario/device_text.hpp"
#include "sim/scenario/gradients_text.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/scenario/training_text.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

/// One entry of `methods` as it stands in the file.
struct MethodText {
  const MethodEntry* method = nullptr;
  std::optional<double> density;
  std::optional<std::int64_t> k;
  const CollectiveEntry* collective = nullptr;
  std::optional<Grouping> grouping;
  CodecOptions options;
  LocalSteps local;
  bool error_feedback = false;
  ServerPlace server = ServerPlace::own_host;
  Hierarchy hierarchy = Hierarchy::flat;
  std::optional<MethodTrainingText> training;
};

/// Which gradients travel together, and when.
struct ScheduleText {
  Grouping grouping;
  DecodeTime decode = DecodeTime::after_backward;
  bool metadata_apart = false;
};

/// A scenario as it stands in the file: what it names is not looked up yet, and rules that need it are not checked.
struct ScenarioText {
  std::string schema;
  std::string name;
  std::int64_t workers = 1;
  Json model;
  std::int64_t batch_per_worker = 1;
  Compute compute;
  DeviceText device;
  std::optional<Host> host;
  Network network;
  GradientsChoice gradients;
  ScheduleText schedule;
  std::optional<TrainingText> training;
  Json methods;
  Json sweep;
  Json plan;
};

Field<ScenarioText> scenario_field();
Field<MethodText> method_field();

}  // namespace simrun
