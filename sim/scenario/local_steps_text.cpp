#include "sim/scenario/local_steps_text.hpp"

#include <algorithm>

#include "sim/scenario/scenario_text.hpp"
#include "sim/scenario/step_text.hpp"

namespace simrun {
namespace {

constexpr std::int64_t most_local_steps = 1'000'000;
constexpr std::int64_t most_full_every = 100;  // all of these exchanges are simulated

struct OuterText {
  OuterOptimizer::Kind kind = OuterOptimizer::Kind::nesterov;
  double learning_rate = 0;
  double momentum = 0;
};

bool is_nesterov(const OuterText& text) {
  return text.kind == OuterOptimizer::Kind::nesterov;
}

Field<OuterOptimizer> outer_field() {
  using Kind = OuterOptimizer::Kind;
  const OuterOptimizer usual;
  return convert(
      Object<OuterText>()
          .with_default("optimizer", "nesterov", &OuterText::kind,
                        choice<Kind>({{"nesterov", Kind::nesterov}, {"sgd", Kind::sgd}}),
                        "what makes a step of the mean change")
          .either(
              "learning_rate",
              [usual](const OuterText& text) {
                return Fit{.if_missing = is_nesterov(text) ? usual.learning_rate : 1.0};
              },
              &OuterText::learning_rate, number({0, 1e6, true}), "size of the step (default 0.7; sgd: 1)")
          .either(
              "momentum",
              [usual](const OuterText& text) { return Fit{.if_missing = is_nesterov(text) ? usual.momentum : 0.0}; },
              &OuterText::momentum, number({0, most_momentum}), "mu in v = mu v + change (default 0.9; sgd: 0)")
          .field(),
      [](const OuterText& text, const Where&) {
        return OuterOptimizer{text.kind, text.learning_rate, text.momentum};
      });
}

Json outer_json(const std::optional<OuterOptimizer>& outer) {
  if (!outer) return nullptr;
  return {{"optimizer", outer->kind == OuterOptimizer::Kind::nesterov ? "nesterov" : "sgd"},
          {"learning_rate", outer->learning_rate},
          {"momentum", outer->momentum}};
}

/// At most local_steps, which is checked later.
Field<std::int64_t> up_to_steps(std::int64_t least) {
  return whole(least, most_local_steps, "accepted: a whole number from " + std::to_string(least) + " to local_steps");
}

/// A key of methods whose workers can step on their own, which is `own` to the method where it is left out.
Fit fit_of(const MethodText& text, const Json& own, const Json& plain) {
  const std::string why(why_not_local(*text.method));
  return {optional_if(why.empty()), std::string(text.method->name) + " " + why, "", own == plain ? Json() : own};
}

template <class T>
std::function<Fit(const MethodText&)> fit_of(T LocalSteps::*member) {
  return [member](const MethodText& text) { return fit_of(text, text.method->local.*member, LocalSteps().*member); };
}

template <class T>
std::function<void(MethodText&, T)> setter_of(T LocalSteps::*member) {
  return [member](MethodText& text, T value) { text.local.*member = value; };
}

/// The first key by which users have made exchanges other than those of a gradient in every step; "name" where the
/// method is such by itself.
std::string telling_key(const MethodChoice& choice) {
  const LocalSteps plain;
  if (choice.method->local.is_local()) return "name";
  if (choice.local.steps != plain.steps) return "local_steps";
  if (choice.local.fragments != plain.fragments) return "fragments";
  if (choice.local.delay != plain.delay) return "delay";
  if (choice.local.merge_weight != plain.merge_weight) return "merge_weight";
  return choice.local.full_every != plain.full_every ? "full_every" : "outer";
}

/// "8", or "the 8 of streaming-diloco" where that is the method's own.
std::string name_of_value(const Scenario& scenario, std::int64_t LocalSteps::*member) {
  const std::int64_t value = scenario.method.local.*member;
  const MethodEntry& method = *scenario.method.method;
  const bool is_own = value == method.local.*member && value != LocalSteps().*member;
  return is_own ? "the " + std::to_string(value) + " of " + std::string(method.name) : std::to_string(value);
}

}  // namespace

bool is_swept_local_key(std::string_view key) {
  return key != "outer" && std::ranges::find(local_steps_keys, key) != local_steps_keys.end();
}

void add_local_steps(Object<MethodText>& object) {
  const LocalSteps plain;
  object
      .either<std::int64_t>("local_steps", fit_of(&LocalSteps::steps), setter_of(&LocalSteps::steps),
                            usually(whole(1, most_local_steps), plain.steps),
                            "H: steps of each worker on its own from one exchange to the next")
      .either<std::int64_t>("fragments", fit_of(&LocalSteps::fragments), setter_of(&LocalSteps::fragments),
                            usually(up_to_steps(1), plain.fragments),
                            "P: parts of the model, of which one is exchanged every H/P steps")
      .either<std::int64_t>("delay", fit_of(&LocalSteps::delay), setter_of(&LocalSteps::delay),
                            usually(up_to_steps(0), plain.delay),
                            "steps until what an exchange gives is applied, which workers compute meanwhile")
      .either<double>("merge_weight", fit_of(&LocalSteps::merge_weight), setter_of(&LocalSteps::merge_weight),
                      usually(number({0, 1}), plain.merge_weight),
                      "share of a worker's own parameters that is kept when a result is applied")
      .either<std::int64_t>("full_every", fit_of(&LocalSteps::full_every), setter_of(&LocalSteps::full_every),
                            usually(whole(0, most_full_every), plain.full_every),
                            "every so many-th exchange of a parameter is of plain fp32, as sgd's; 0: none")
      .either<OuterOptimizer>(
          "outer", [](const MethodText& text) { return fit_of(text, outer_json(text.method->local.outer), nullptr); },
          [](MethodText& text, const OuterOptimizer& outer) { text.local.outer = outer; }, outer_field(),
          "what makes a step of the mean of all changes; left out, parameters become the workers' mean");
}

void complete_outer(Json& entry) {
  if (!entry.is_object() || !entry.contains("outer") || !entry["outer"].is_object()) return;
  const Json name = entry.value("name", Json());
  const MethodEntry* method = name.is_string() ? find_method(name.get<std::string>()) : nullptr;
  if (method == nullptr || !method->local.outer) return;
  const Json own = outer_json(method->local.outer);
  Json& outer = entry["outer"];
  if (!outer.contains("optimizer")) outer["optimizer"] = own["optimizer"];
  if (outer["optimizer"] != own["optimizer"]) return;
  for (const auto& [key, value] : own.items()) {
    if (!outer.contains(key)) outer[key] = value;
  }
}

void check_local_steps(const Scenario& scenario, const Where& where) {
  const LocalSteps& local = scenario.method.local;
  const auto check_most = [&](std::int64_t LocalSteps::*member, std::int64_t most, const char* key) {
    if (local.*member > most)
      (where / key)
          .fail(name_of_value(scenario, member) + " is more than local_steps",
                "accepted: at most " + std::to_string(most));
  };
  check_most(&LocalSteps::fragments, local.steps, "fragments");
  check_most(&LocalSteps::delay, local.steps, "delay");
  if (!local.is_local()) return;
  if (std::holds_alternative<Grouping::Search>(scenario.grouping.how)) {
    const std::string key = telling_key(scenario.method);
    const std::string what = key == "name" ? std::string(scenario.method.method->name) + " " : "";
    (where / key).fail(what + "does not go with a grouping that is searched for", "accepted: another grouping");
  }
  try {
    groups_of(scenario);
  } catch (const GroupingError& error) {
    (where / "fragments")
        .fail(name_of_value(scenario, &LocalSteps::fragments) + ", but " + error.what(),
              "accepted: no more than tensors, or groups");
  }
}

void refuse_local_steps(const Study& study) {
  for (const Point& point : study.points) {
    const LocalSteps& local = point.scenario.method.local;
    if (!local.is_local()) continue;
    const Where where = Where{study.file, ""} / "methods" / point.method;
    if (local.with_neighbours)
      where.fail("exchanges models with neighbours; simrun schedule is for gradients",
                 "accepted: methods that exchange gradients");
    where.fail("takes local steps; simrun schedule is for gradients that are exchanged in every step",
               "accepted: local_steps 1, without delay, merge_weight, full_every and outer");
  }
}

}  // namespace simrun
