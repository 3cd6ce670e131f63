#include "sim/scenario/plan_text.hpp"

#include "sim/scenario/entry_field.hpp"

namespace simrun {
namespace {

Field<PlanTarget> target_field() {
  return Object<PlanTarget>()
      .optional("efficiency", &PlanTarget::efficiency, number({0, 1, true}),
                "scaling efficiency: the least bandwidth that reaches it is found")
      .optional("accuracy", &PlanTarget::accuracy, number({0, 1, true}),
                "of the curves: the least time that reaches it is found")
      .optional("loss", &PlanTarget::loss, number({0, 1e9, true}), "of the curves, likewise")
      .check([](PlanTarget& read, const Where& where) {
        const int given = (read.efficiency ? 1 : 0) + (read.accuracy ? 1 : 0) + (read.loss ? 1 : 0);
        if (given != 1)
          where.fail(given == 0 ? "names no target" : "names several targets",
                     "accepted: one of efficiency, accuracy and loss");
      })
      .field();
}

/// A list of names of collectives, or "all", as in `sweep`; what fits no method is found out there.
Field<Json> collective_list() {
  std::vector<std::pair<std::string, Json>> words = {{"all", "all"}};
  for (const CollectiveEntry& entry : collectives()) words.emplace_back(entry.name, std::string(entry.name));
  Field<Json> names = anything();
  const auto list = list_of(choice(words));
  names.schema = {{"anyOf", {{{"const", "all"}}, list.schema}}};
  names.read = [list](Json& value, const Where& where) {
    return value == "all" ? value : Json(list.read(value, where));
  };
  return names;
}

/// A list of names, or "scenario".
Field<PlanMethods> plan_methods() {
  const auto list = list_of(entry_of(methods()));
  return {.schema = {{"anyOf", {{{"const", "scenario"}}, list.schema}}},
          .read = [list](Json& value, const Where& where) {
            if (value == "scenario") return PlanMethods{.names = {}, .are_of_scenario = true};
            if (!value.is_array()) where.fail("is " + brief(value), "accepted: a list of names, or \"scenario\"");
            return PlanMethods{.names = list.read(value, where)};
          }};
}

}  // namespace

Field<PlanText> plan_field() {
  Field<Json> grouping = anything();
  grouping.schema = {{"$ref", "#/properties/schedule/properties/grouping"}};
  return Object<PlanText>()
      .optional("methods", &PlanText::methods, plan_methods(),
                "names of methods, with the options that the scenario's methods have, or scenario: those alone that it "
                "has; left out, all there are")
      .optional("density", &PlanText::density, list_of(number({0, 1, true})),
                "values of K/N; left out, those of the curves, else of the scenario, else 0.001")
      .optional("collective", &PlanText::collective, collective_list(), "names of collectives, or all (default)")
      .optional(
          "grouping", &PlanText::grouping, list_of(grouping),
          "groupings; left out, model, buckets of 25 MB (of a model below 50 MB a quarter), and those of the scenario")
      .optional("implementation", &PlanText::implementation, list_of(name_text()),
                "whose operations, as device.implementation; left out, all that there are of the device")
      .optional("memory", &PlanText::memory, size(),
                "of the device, that a method may take beside training itself; left out, device.memory, else any")
      .optional("target", &PlanText::target, target_field(), "what is to be reached; left out, the shortest iteration")
      .optional("curves", &PlanText::curves, name_text(),
                "accuracy or loss by round: a CSV file with columns method, density, round and accuracy or loss, or "
                "a folder that simrun train has written")
      .field();
}

PlanText take_plan(Json& scenario, const std::string& file) {
  if (!scenario.is_object() || !scenario.contains("plan")) return {};
  static const Field<PlanText> field = plan_field();
  Json plan = scenario["plan"];
  scenario.erase("plan");
  return field.read(plan, Where{file, ""} / "plan");
}

}  // namespace simrun
