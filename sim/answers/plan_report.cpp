#include "sim/answers/plan_report.hpp"

#include <algorithm>

#include "sim/scenario/resolved.hpp"
#include "sim/system/version.hpp"
#include "sim/text/columns.hpp"
#include "sim/text/fields.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// An alternative beside the fastest.
struct Compared {
  const PlanFindings& plan;
  const Standing& standing;

  const Point& point() const { return plan.study.points[standing.point]; }
  const Scenario& scenario() const { return point().scenario; }
  bool is_best() const { return standing.point == plan.all.front().point; }
  /// What the scenario or its `plan` does not name, and of whose accuracy no curves tell.
  bool is_added() const {
    if (!plan.curves.empty()) return false;
    const Json& asked = *plan.study.json;
    const std::string_view name = scenario().method.method->name;
    const auto is_it = [&](const Json& entry) { return (entry.is_object() ? entry["name"] : entry) == name; };
    const Json planned = asked.value("plan", Json::object()).value("methods", Json::array());
    return std::ranges::none_of(asked["methods"], is_it) && std::ranges::none_of(planned, is_it);
  }
  double share() const { return standing.value() / plan.all.front().value() - 1; }

  /// Of share(); none for the fastest, and where nothing is known.
  std::optional<Interval> longer() const {
    const Standing& best = plan.all.front();
    const auto is_known = [](const Standing& each) {
      return interval_around(each.value(), each.deviations()).has_value();
    };
    if (is_best() || (!is_known(standing) && !is_known(best))) return std::nullopt;
    return longer_by(point(), standing, plan.study.points[best.point], best);
  }
  std::optional<double> efficiency() const {
    const double value = scenario().computing() / standing.times.iteration;
    return scenario().computing().value > 0 ? std::optional(value) : std::nullopt;
  }
};

std::string range_of(const std::optional<Interval>& longer, Seconds of) {
  if (!longer) return "";
  return percent(longer->low / of) + " to " + percent(longer->high / of);
}

const char* word_of(const PlanFindings& plan) {
  return plan.curves.empty() ? "an iteration" : "until the target";
}

std::string sentence_of_best(const PlanFindings& plan) {
  const Standing& best = plan.all.front();
  const Compared compared{plan, best};
  std::string text =
      name_of_alternative(compared.point()) + " is the fastest: " + show(best.value()) + " " + word_of(plan);
  const auto interval = interval_around(best.value(), best.deviations());
  text += interval ? " (90 %: " + show(std::max(Seconds(0), interval->low)) + " to " + show(interval->high) + ")"
                   : " (no interval is known)";
  if (best.rounds)
    text += ", " + show(best.rounds->median) + " rounds of " + show(best.times.iteration) + " (median of " +
            std::to_string(best.rounds->seeds) + (best.rounds->seeds == 1 ? " seed" : " seeds") +
            (best.rounds->reached < best.rounds->seeds
                 ? ", of which " + std::to_string(best.rounds->seeds - best.rounds->reached) + " do not reach it)"
                 : ")");
  if (const auto efficiency = compared.efficiency()) text += ", scaling efficiency " + percent(*efficiency);
  return text + ".";
}

constexpr const char* not_looked_at = "what it costs in accuracy was not looked at";

/// Nothing where the fastest is one of those named.
std::string sentence_of_added(const PlanFindings& plan) {
  if (!Compared{plan, plan.all.front()}.is_added()) return "";
  const std::string text = std::string("The scenario does not name it, and ") + not_looked_at;
  const auto named = std::ranges::find_if(plan.best, [&](const Standing& each) {
    return !Compared{plan, each}.is_added();
  });
  if (named == plan.best.end() || named == plan.best.begin() + 1) return text + ".";
  const Compared best{plan, *named};
  return text + "; of the methods that it names " + name_of_alternative(best.point()) +
         " is the fastest: " + show(named->value()) + ", " + percent(best.share()) + " longer.";
}

std::string sentence_of_runner_up(const PlanFindings& plan) {
  if (plan.best.size() < 2) return "Nothing else was to be compared.";
  const Compared second{plan, plan.best[1]};
  const auto longer = second.longer();
  const std::string name = name_of_alternative(second.point());
  const std::string by = percent(second.share());
  const bool is_as_fast = second.share() < 5e-4;  // 0.0 % as it would be shown
  if (is_as_fast && (!longer || longer->low.value > 0)) return "As fast, to 0.1 %, is " + name + ".";
  if (!longer) return "The runner-up is " + name + ", which takes " + by + " longer.";
  const std::string range = range_of(longer, plan.all.front().value());
  if (longer->low.value > 0)
    return "The runner-up is " + name + ", which takes " + by + " longer (90 %: " + range +
           ", errors common to both taken out).";
  return name + " cannot be told from the fastest: it takes " + by + " longer (90 %: " + range +
         ", errors common to both taken out).";
}

std::string sentence_of_bandwidth(const PlanFindings& plan) {
  const Turn& found = *plan.least_bandwidth;
  const std::string aim = "A scaling efficiency of " + percent(*plan.target.efficiency);
  if (!found.value) return aim + " cannot be reached: " + found.reason + ".";
  return aim + " takes a bandwidth of " + found.shown + " (now " + found.now + "), with " +
         name_of_alternative(plan.study.points[*found.by]) + ".";
}

Columns<Compared> plan_columns() {
  using Of = const Compared&;
  const auto end = [](Seconds Interval::*which) {
    return [which](Of of) { return of.longer() ? Json((*of.longer()).*which / of.plan.all.front().value()) : Json(); };
  };
  const auto interval_end = [](Seconds Interval::*which) {
    return [which](Of of) {
      const auto& interval = of.standing.times.interval;
      return interval ? Json(((*interval).*which).value) : Json();
    };
  };
  const auto density = [](Of of) {
    const auto& kept = of.scenario().method.kept;
    return kept ? Json(kept->density(of.scenario().elements())) : Json();
  };
  const auto rounds = [](Of of) { return of.standing.rounds ? Json(of.standing.rounds->median) : Json(); };
  return {{"method", [](Of of) { return of.scenario().method.method->name; }},
          {"label", [](Of of) { return of.point().label; }},
          {"density", density},
          {"collective", [](Of of) { return of.scenario().method.collective->name; }},
          {"grouping", [](Of of) { return whole(of.scenario())["schedule"]["grouping"]; }},
          {"hierarchy", [](Of of) { return name_of(of.scenario().method.hierarchy); }},
          {"implementation", [](Of of) { return of.scenario().device->implementation; }},
          {"iteration_s", [](Of of) { return of.standing.times.iteration.value; }},
          {"iteration_low_s", interval_end(&Interval::low)},
          {"iteration_high_s", interval_end(&Interval::high)},
          {"scaling_efficiency", [](Of of) { return or_null(of.efficiency()); }},
          {"memory_bytes", [](Of of) { return count_of(of.standing.memory.value); }},
          {"rounds", rounds},
          {"total_s", [](Of of) { return of.standing.rounds ? Json(of.standing.value().value) : Json(); }},
          {"longer_by", [](Of of) { return of.share(); }},
          {"longer_by_low", end(&Interval::low)},
          {"longer_by_high", end(&Interval::high)},
          {"named", [](Of of) { return !of.is_added(); }}};
}

std::string best_table(const PlanFindings& plan) {
  const char* model = name_of(plan.study.points.front().scenario.network.model);
  const std::string first = std::string("best of each method, network model ") + model;
  std::vector<std::string> headings = {first, "iteration", "efficiency", "memory", "longer by", "90 % of that"};
  if (!plan.curves.empty()) headings.insert(headings.begin() + 2, {"rounds", "total"});
  Table table(headings);
  bool any_added = false;
  for (const Standing& standing : plan.best) {
    const Compared of{plan, standing};
    const auto efficiency = of.efficiency();
    any_added = any_added || of.is_added();
    std::vector<std::string> row = {name_of_alternative(of.point()) + (of.is_added() ? " *" : ""),
                                    show(standing.times.iteration)};
    if (standing.rounds) {
      row.push_back(show(standing.rounds->median));
      row.push_back(show(standing.value()));
    }
    row.push_back(efficiency ? percent(*efficiency) : "");
    row.push_back(show(standing.memory));
    row.push_back(of.is_best() ? "" : percent(of.share()));
    row.push_back(range_of(of.longer(), plan.all.front().value()));
    table.add_row(std::move(row));
  }
  table.fit_page();
  return table.text() + (any_added ? std::string("* not named by the scenario: ") + not_looked_at +
                                         "; --set plan.methods=scenario leaves these out\n"
                                   : "");
}

/// "at 123 Gbps and more sgd, ring is faster".
std::string turn_line(const PlanFindings& plan, const Turn& turn) {
  const std::string without =
      turn.left_out.empty() ? "" : " (not looked at everywhere: " + one_of(turn.left_out, "and") + ")";
  if (!turn.value) return turn.reason + without;
  return "at " + turn.shown + (turn.above ? " and more " : " and less ") +
         shown_name(name_of_alternative(plan.study.points[*turn.by])) + " is faster" + without;
}

/// A line for each axis and way.
std::string turns_text(const PlanFindings& plan) {
  std::string text;
  for (const Turn& turn : plan.turns)
    text += wrapped("  " + turn.axis + ", now " + turn.now + ": " + turn_line(plan, turn), 4) + "\n";
  return text.empty() ? "" : "\nwhat would turn it, rivals in their ways above\n" + text;
}

Json turn_json(const PlanFindings& plan, const Turn& turn) {
  return {{"axis", turn.axis},
          {"now", turn.now},
          {"direction", turn.above ? "above" : "below"},
          {"value", turn.value ? Json(*turn.value) : Json()},
          {"shown", turn.shown},
          {"by", turn.by ? Json(name_of_alternative(plan.study.points[*turn.by])) : Json()},
          {"left_out", turn.left_out},
          {"reason", turn.reason}};
}

/// What all alternatives share.
Json cluster_json(const Scenario& scenario) {
  return {{"model", scenario.model->name},
          {"parameters", scenario.elements()},
          {"workers", scenario.workers},
          {"device", scenario.device->name},
          {"network_model", name_of(scenario.network.model)}};
}

}  // namespace

std::vector<std::string> answer_of(const PlanFindings& plan) {
  std::vector<std::string> sentences;
  if (plan.least_bandwidth) sentences.push_back(sentence_of_bandwidth(plan));
  sentences.push_back(sentence_of_best(plan));
  if (const std::string added = sentence_of_added(plan); !added.empty()) sentences.push_back(added);
  sentences.push_back(sentence_of_runner_up(plan));
  return sentences;
}

std::string plan_text(const PlanFindings& plan) {
  std::string text;
  for (const std::string& sentence : answer_of(plan)) text += wrapped(sentence, 0) + "\n";
  return text + "\n" + best_table(plan) + turns_text(plan);
}

std::string plan_csv(const PlanFindings& plan) {
  const Columns<Compared> columns = plan_columns();
  std::string lines = csv_header(names_of(columns));
  for (const Standing& standing : plan.all) lines += csv_line(row_of(columns, Compared{plan, standing}));
  return lines;
}

Json plan_json(const PlanFindings& plan) {
  const Columns<Compared> columns = plan_columns();
  Json rows = Json::array();
  for (const Standing& standing : plan.all) rows.push_back(object_of(row_of(columns, Compared{plan, standing})));
  Json turns = Json::array();
  for (const Turn& turn : plan.turns) turns.push_back(turn_json(plan, turn));
  const Compared second{plan, plan.best.size() > 1 ? plan.best[1] : plan.best[0]};
  const auto longer = second.longer();
  return {{"scenario", *plan.study.json},
          {"cluster", cluster_json(plan.study.points.front().scenario)},
          {"answer", answer_of(plan)},
          {"winner", rows.front()},
          {"runner_up", plan.best.size() > 1 ? object_of(row_of(columns, second)) : Json()},
          {"told_apart", longer ? Json(longer->low.value > 0) : Json()},
          {"turns", turns},
          {"least_bandwidth", plan.least_bandwidth ? turn_json(plan, *plan.least_bandwidth) : Json()},
          {"alternatives", rows},
          {"interval_leaves_out", plan.interval_leaves_out},
          {"left_out", plan.left_out},
          {"without_target", plan.unreached},
          {"points", {{"simulated", plan.simulated}, {"from_before", plan.taken_over}}},
          {"versions", {{"simrun", SIMRUN_VERSION}, {"commit", simrun_commit()}}}};
}

}  // namespace simrun
