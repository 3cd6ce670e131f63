#include "sim/scenario/step_text.hpp"

#include <algorithm>

namespace simrun {
namespace {

using Schedule = decltype(LearningRate::schedule);

}  // namespace

Field<std::vector<double>> step_sizes_field() {
  const auto one = number({0, 1e6, true});
  const auto several = convert(list_of(one), [](const std::vector<double>& sizes, const Where& where) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (std::find(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(i), sizes[i]) !=
          sizes.begin() + static_cast<std::ptrdiff_t>(i))
        (where / i).fail(Json(sizes[i]).dump() + " is there twice", "accepted: each step size once");
    }
    return sizes;
  });
  return {{{"anyOf", {one.schema, several.schema}}}, [one, several](Json& value, const Where& where) {
            if (!value.is_number() && !value.is_array())
              where.fail("is " + brief(value), "accepted: a number above 0, or a list of such numbers");
            return value.is_array() ? several.read(value, where) : std::vector<double>{one.read(value, where)};
          }};
}

Field<Schedule> step_schedule_field() {
  const auto words = choice<Schedule>({{"constant", LearningRate::Constant{}}, {"cosine", LearningRate::Cosine{}}});
  const auto steps =
      Object<LearningRate::Steps>()
          .required("steps", &LearningRate::Steps::rounds, list_of(whole(1, most_rounds)),
                    "rounds from which on the learning rate is multiplied by factor")
          .with_default("factor", 0.1, &LearningRate::Steps::factor, number({0, 1, true}), "of each step")
          .field();
  const auto object = convert(steps, [](const LearningRate::Steps& read, const Where& where) {
    for (std::size_t i = 1; i < read.rounds.size(); ++i) {
      if (read.rounds[i] <= read.rounds[i - 1])
        (where / "steps" / i)
            .fail("round " + std::to_string(read.rounds[i]) + " does not ascend",
                  "accepted: each round above the one before");
    }
    return Schedule(read);
  });
  return text_or_object(words, object, "constant, cosine, or an object with steps and factor");
}

Field<OptimizerChoice> optimizer_field() {
  struct Named {
    AdamW adamw;
  };
  constexpr double most_beta = 0.999999;
  const AdamW usual;
  const auto adamw =
      Object<AdamW>()
          .with_default("beta1", usual.beta1, &AdamW::beta1, number({0, most_beta}), "of the mean gradient")
          .with_default("beta2", usual.beta2, &AdamW::beta2, number({0, most_beta}), "of its mean square")
          .with_default("epsilon", usual.epsilon, &AdamW::epsilon, number({0, 1, true}),
                        "added to the root of that, by which the mean gradient is divided")
          .field();
  const auto object =
      convert(Object<Named>().required("adamw", &Named::adamw, adamw, "what it is not as usual in").field(),
              [](const Named& read, const Where&) { return OptimizerChoice(read.adamw); });
  return text_or_object(choice<OptimizerChoice>({{"sgd", Sgd{}}, {"adamw", usual}, {"sign", SignSgd{}}}), object,
                        "sgd, adamw, sign, or an object with adamw");
}

void take_step(const StepText& text, MethodTraining& method) {
  take(text.learning_rate, method.learning_rate.sizes);
  take(text.schedule, method.learning_rate.schedule);
  take(text.optimizer, method.optimizer);
  take(text.momentum, method.momentum.factor);
  take(text.momentum_at, method.momentum.place);
  take(text.weight_decay, method.weight_decay);
}

}  // namespace simrun
