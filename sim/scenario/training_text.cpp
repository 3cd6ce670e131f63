#include "sim/scenario/training_text.hpp"

#include <algorithm>
#include <set>

namespace simrun {
namespace {

struct SplitText {
  std::optional<std::int64_t> labels_per_worker;
  std::optional<double> dirichlet;
};

Field<Split> split_field() {
  const auto object = convert(
      Object<SplitText>()
          .optional("labels_per_worker", &SplitText::labels_per_worker, whole(1, 256),
                    "every worker holds all samples of this many labels; groups of workers share out all labels")
          .optional("dirichlet", &SplitText::dirichlet, number({0, 1e6, true}),
                    "the workers' shares of each label are drawn with this alpha: the smaller, the less even")
          .field(),
      [](const SplitText& text, const Where& where) {
        if (text.labels_per_worker.has_value() == text.dirichlet.has_value())
          where.fail(text.dirichlet ? "labels_per_worker and dirichlet are both given"
                                    : "neither labels_per_worker nor dirichlet is given",
                     "accepted: one of them");
        if (text.dirichlet) return Split{Split::Dirichlet{*text.dirichlet}};
        return Split{Split::Labels{static_cast<std::size_t>(*text.labels_per_worker)}};
      });
  return text_or_object(choice<Split>({{"iid", {Split::Iid{}}}}), object,
                        "iid, or an object with labels_per_worker or dirichlet");
}

Field<Adversaries> adversaries_field() {
  using Behaviour = Adversaries::Behaviour;
  return Object<Adversaries>()
      .required("share", &Adversaries::share, number({0, 1}), "of the workers, rounded to a whole number of them")
      .with_default(
          "behaviour", "flip", &Adversaries::behaviour,
          choice<Behaviour>(
              {{"flip", Behaviour::flip}, {"random-signs", Behaviour::random_signs}, {"noise", Behaviour::noise}}),
          "what they send: their gradient times -1, with random signs, or noise as large as it")
      .field();
}

Field<std::vector<DensityStage>> warmup_field() {
  return list_of(Object<DensityStage>()
                     .required("rounds", &DensityStage::rounds, whole(1, most_rounds), "how many rounds")
                     .required("density", &DensityStage::density, number({0, 1, true}), "K / N in these rounds")
                     .field());
}

/// Throws InputError for a momentum of what an optimizer without one gets.
void check_momentum_of(const OptimizerChoice& optimizer, Momentum::Place place, const StepText& text,
                       const Where& where) {
  if (std::holds_alternative<Sgd>(optimizer) || text.momentum.value_or(0) == 0 || place == Momentum::Place::worker)
    return;
  const std::string name = std::holds_alternative<AdamW>(optimizer) ? "adamw" : "sign";
  (where / "momentum").fail(name + " has no use for it", "accepted: 0, momentum_at worker, or leave it out");
}

void check_momentum(const StepText& text, const Where& where) {
  if (text.optimizer)
    check_momentum_of(*text.optimizer, text.momentum_at.value_or(Momentum::Place::aggregate), text, where);
}

void check_seeds(const TrainingText& text, const Where& where) {
  std::set<std::int64_t> known;
  for (std::size_t i = 0; i < text.seeds.size(); ++i) {
    if (!known.insert(text.seeds[i]).second)
      (where / "seeds" / i)
          .fail("seed " + std::to_string(text.seeds[i]) + " is there twice", "accepted: each seed once");
  }
}

void check_tuning_seeds(const TrainingText& text, const Where& where) {
  if (text.tuning_seeds && *text.tuning_seeds > static_cast<std::int64_t>(text.seeds.size()))
    (where / "tuning_seeds")
        .fail(std::to_string(*text.tuning_seeds) + " of " + std::to_string(text.seeds.size()) +
                  (text.seeds.size() == 1 ? " seed" : " seeds"),
              "accepted: 1 to " + std::to_string(text.seeds.size()));
}

void check_saved_rounds(const TrainingText& text, const Where& where) {
  for (std::size_t i = 0; i < text.save_gradients.size(); ++i) {
    if (text.save_gradients[i] > text.rounds)
      (where / "save_gradients" / i)
          .fail("round " + std::to_string(text.save_gradients[i]) + " is after the last one",
                "accepted: 1 to " + std::to_string(text.rounds));
  }
}

}  // namespace

Field<std::optional<TrainingText>> training_field() {
  using Text = TrainingText;
  const auto seed = whole(0, std::numeric_limits<std::int64_t>::max());
  Object<Text> object;
  object
      .with_default("data", "fashion-mnist", &Text::data, name_text(),
                    "a folder of IDX files as MNIST has them, or the name of one under /usr/share/datasets")
      .with_default("split", "iid", &Text::split, split_field(),
                    "which samples a worker holds: iid, labels_per_worker or dirichlet")
      .optional("adversaries", &Text::adversaries, adversaries_field(),
                "workers that send something else than their gradient")
      .with_default("rounds", 500, &Text::rounds, whole(1, most_rounds), "steps of the optimiser")
      .with_default("evaluate_every", 10, &Text::evaluate_every, whole(1, most_rounds),
                    "rounds between two rows of curves.csv")
      .with_default("seeds", Json::array({1}), &Text::seeds, list_of(seed),
                    "one run each: first parameters, order of samples, split")
      .optional("tuning_seeds", &Text::tuning_seeds, whole(1, std::numeric_limits<std::int64_t>::max()),
                "how many of the seeds, from the first, are trained with every learning_rate of a list, the others "
                "with the best alone; all by default")
      .optional("validation_share", &Text::validation_share, number({0, 0.9}),
                "of the samples to train on, held out to choose a learning_rate with; 0.1 by default where a list is "
                "given, else 0")
      .with_default("target_accuracy", 0.8, &Text::target_accuracy, number({0, 1}),
                    "test accuracy whose price the summary tells")
      .with_default("timed_rounds", 5, &Text::timed_rounds, whole(1, most_rounds),
                    "rounds whose payloads are simulated, where their sizes change; the others take as long as the "
                    "latest of them")
      .optional("save_gradients", &Text::save_gradients, list_of(whole(1, most_rounds)),
                "rounds, the first is 1, whose gradients are saved for source training")
      .check(check_momentum)
      .check(check_seeds)
      .check(check_tuning_seeds)
      .check(check_saved_rounds);
  return convert(add_step_fields(object).field(), [](const Text& text, const Where&) { return std::optional(text); });
}

Field<std::optional<MethodTrainingText>> method_training_field() {
  using Text = MethodTrainingText;
  using Selection = MethodTraining::Selection;
  using DivideBy = MethodTraining::DivideBy;
  using ResidualRule = MethodTraining::ResidualRule;
  using Signless = MethodTraining::Signless;
  const auto signless =
      usually(choice<Signless>({{"positive", Signless::positive}, {"random", Signless::random}}), "positive");
  Object<Text> object;
  add_step_fields(object)
      .optional(
          "beta", &Text::beta, usually(number({0, 1, true}), 1.0),
          "error feedback: weight of what is left of a round in the residual, a moving average below 1 (ScaleCom)")
      .optional("residual_reset", &Text::residual_reset, usually(whole(0, most_rounds), 0),
                "error feedback: what is kept is zeroed every so many rounds, 0: never (LoCo)")
      .optional("residual_weight", &Text::residual_weight, usually(number({0, 1}), 1.0),
                "error feedback: factor of what is kept for the next round")
      .optional("selection", &Text::selection,
                usually(choice<Selection>({{"group", Selection::group}, {"tensor", Selection::tensor}}), "group"),
                "the K largest of all that travels together, or ceil(density n) of each tensor of n")
      .optional("divide_by", &Text::divide_by,
                usually(choice<DivideBy>({{"workers", DivideBy::workers}, {"senders", DivideBy::senders}}), "workers"),
                "top-k: sums are divided by M, or by how many sent the element")
      .optional("residual_rule", &Text::residual_rule,
                usually(choice<ResidualRule>({{"published", ResidualRule::published}, {"exact", ResidualRule::exact}}),
                        "published"),
                "gtop-k: what counts as accepted, all whose index is in the result, or what no merge has dropped")
      .optional("zeros", &Text::zeros, signless, "signsgd-mv: the sign of a zero in a worker's gradient")
      .optional("ties", &Text::ties, signless, "signsgd-mv: what as many votes for as against come to")
      .optional("density_warmup", &Text::density_warmup, warmup_field(),
                "density in the first rounds, one stage after another")
      .check(check_momentum);
  return convert(object.field(), [](const Text& text, const Where&) { return std::optional(text); });
}

void fill_validation_share(Json& scenario, TrainingText& text) {
  constexpr double usual = 0.1;
  const auto chooses = [](const Json& trained) {
    return trained.is_object() && trained.contains("learning_rate") && trained["learning_rate"].is_array();
  };
  bool any = chooses(scenario["training"]);
  for (const Json& entry : scenario["methods"]) {
    any = any || (entry.is_object() && entry.contains("training") && chooses(entry["training"]));
  }
  if (!text.validation_share) text.validation_share = any ? usual : 0;
  scenario["training"]["validation_share"] = *text.validation_share;
}

namespace {

/// Throws InputError for what the method has no use for.
void check_use(const MethodTrainingText& method, const MethodChoice& choice, const Where& where) {
  const auto check = [&](bool given, bool used, const char* key, const std::string& who) {
    if (given && !used) (where / key).fail(who + " has no use for it", "leave it out");
  };
  const std::string name(choice.method->name);
  const auto codec = choice.codec->make(choice.options, nullptr);
  const Combining combining = codec->combining();
  const bool votes_on_all = codec->kind() == PayloadKind::signs;
  const std::string feedback = name + (choice.error_feedback ? "" : " without error feedback");
  check(method.residual_weight.has_value(), choice.error_feedback, "residual_weight", feedback);
  check(method.beta.has_value(), choice.error_feedback, "beta", feedback);
  check(method.residual_reset.has_value(), choice.error_feedback, "residual_reset", feedback);
  check(method.selection.has_value(), codec->keeps_largest(), "selection", name);
  check(method.density_warmup.has_value(), choice.codec->sparsifies, "density_warmup", name);
  check(method.divide_by.has_value(), combining == Combining::gather && choice.codec->sparsifies, "divide_by", name);
  check(method.residual_rule.has_value(), combining == Combining::merge && choice.error_feedback, "residual_rule",
        feedback);
  check(method.zeros.has_value(), votes_on_all, "zeros", name);
  check(method.ties.has_value(), votes_on_all && combining == Combining::vote, "ties", name);
  check(method.momentum_at.has_value(), !choice.local.is_local(), "momentum_at", name + " with steps of each worker");
}

/// The method's own momentum, and steps by signs where there is an exchange in each, which what is given replaces.
/// Where workers step by themselves momentum is of these steps.
void take_steps(const TrainingText& scenario, const MethodTrainingText& method, const MethodChoice& choice,
                MethodTraining& training) {
  const OwnMomentum& own = choice.method->momentum;
  training.momentum.factor = own.factor;
  if (own.factor > 0) training.momentum.place = Momentum::Place::worker;
  if (choice.method->steps_by_signs && !choice.local.is_local()) training.optimizer = SignSgd{};
  take_step(scenario, training);
  take_step(method, training);
  if (choice.local.is_local()) training.momentum.place = Momentum::Place::aggregate;
  training.momentum.is_masked = own.is_masked && training.momentum.place == Momentum::Place::worker;
}

}  // namespace

Training training_of(const TrainingText& scenario, const MethodTrainingText& method, const MethodChoice& choice,
                     const Where& where) {
  check_use(method, choice, where);
  Training training;
  training.data = scenario.data;
  training.split = scenario.split;
  training.adversaries = scenario.adversaries;
  training.rounds = scenario.rounds;
  training.evaluate_every = scenario.evaluate_every;
  training.seeds.assign(scenario.seeds.begin(), scenario.seeds.end());
  training.tuning_seeds =
      static_cast<std::size_t>(scenario.tuning_seeds.value_or(static_cast<std::int64_t>(scenario.seeds.size())));
  training.validation_share = scenario.validation_share.value_or(0);
  training.target_accuracy = scenario.target_accuracy;
  training.timed_rounds = scenario.timed_rounds;
  training.saved_rounds = scenario.save_gradients;
  take_steps(scenario, method, choice, training.method);
  check_momentum_of(training.method.optimizer, training.method.momentum.place, method, where);
  training.method.residual_weight = choice.method->residual.weight;
  training.method.beta = choice.method->residual.beta;
  training.method.residual_reset = choice.method->residual.reset;
  take(method.residual_weight, training.method.residual_weight);
  take(method.beta, training.method.beta);
  take(method.residual_reset, training.method.residual_reset);
  take(method.selection, training.method.selection);
  take(method.divide_by, training.method.divide_by);
  take(method.residual_rule, training.method.residual_rule);
  take(method.zeros, training.method.zeros);
  take(method.ties, training.method.ties);
  take(method.density_warmup, training.method.density_warmup);
  return training;
}

}  // namespace simrun
