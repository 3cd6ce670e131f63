#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/methods/method.hpp"
#include "sim/scenario/step_text.hpp"
#include "sim/scenario/training.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

/// `training` of a scenario as it stands in the file.
struct TrainingText : StepText {
  std::string data;
  Split split;
  Adversaries adversaries;
  std::int64_t rounds = 1;
  std::int64_t evaluate_every = 1;
  std::vector<std::int64_t> seeds;
  std::optional<std::int64_t> tuning_seeds;
  std::optional<double> validation_share;
  double target_accuracy = 0;
  std::int64_t timed_rounds = 1;
  std::vector<std::int64_t> save_gradients;
};

/// `training` of an entry of `methods` as it stands in the file.
struct MethodTrainingText : StepText {
  std::optional<double> residual_weight;
  std::optional<double> beta;
  std::optional<std::int64_t> residual_reset;
  std::optional<MethodTraining::Selection> selection;
  std::optional<MethodTraining::DivideBy> divide_by;
  std::optional<MethodTraining::ResidualRule> residual_rule;
  std::optional<MethodTraining::Signless> zeros;
  std::optional<MethodTraining::Signless> ties;
  std::optional<std::vector<DensityStage>> density_warmup;
};

Field<std::optional<TrainingText>> training_field();
Field<std::optional<MethodTrainingText>> method_training_field();

/// Fills in `validation_share`, which depends on all methods of the scenario: where one of them chooses among step
/// sizes, every one is trained on the same part of the data. `scenario` is what `text` was read from, with its methods.
void fill_validation_share(Json& scenario, TrainingText& text);

/// What both say together for a method. Throws InputError at `where`, the method's training: what the method has no use
/// for.
Training training_of(const TrainingText& scenario, const MethodTrainingText& method, const MethodChoice& choice,
                     const Where& where);

}  // namespace simrun
