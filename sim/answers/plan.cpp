#include "sim/answers/plan.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "sim/answers/plan_report.hpp"
#include "sim/report/report.hpp"
#include "sim/study/long_points.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/interruption.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

std::string curves_of(const PlanText& asked, const std::string& file, bool trains) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  if (!asked.curves.empty()) return find_file(asked.curves, folder).value_or(asked.curves);
  const std::string trained = "results/" + name_of_scenario(file) + "-trained";
  return trains && file_in(trained, "curves.csv") ? trained : "";
}

/// What training is to reach: what `plan` says, else the training itself, if there are curves.
PlanTarget target_of(const PlanText& asked, const Study& study, const std::string& curves) {
  const auto& training = study.points.front().scenario.training;
  if (asked.target.efficiency || asked.target.accuracy || asked.target.loss || curves.empty()) return asked.target;
  if (!training || training->target_accuracy <= 0) return {};
  PlanTarget target;
  target.accuracy = training->target_accuracy;
  return target;
}

void check_target(const PlanText& asked, const PlanTarget& target, const std::string& curves, const std::string& file) {
  const bool needs_curves = target.accuracy || target.loss;
  const Where here = Where{file, ""} / "plan";
  if (needs_curves && curves.empty())
    (here / "target")
        .fail("there are no curves of training", "accepted: plan.curves, or simrun train with this scenario first");
  const std::string why = curves.empty() ? "" : why_unreadable(curves);
  if (!why.empty() && !std::filesystem::is_directory(curves))
    (here / "curves").fail("\"" + curves + "\" " + why, "accepted: a CSV file, or a folder that simrun train wrote");
  if (!asked.curves.empty() && !needs_curves)
    (here / "curves").fail("there is no target for curves", "accepted: accuracy or loss as plan.target");
}

/// The alternatives that have no curve, or whose curve does not reach the target; by method and K/N.
std::vector<std::string> without_target(const Study& study, const LearningCurves& curves) {
  std::vector<std::string> names;
  for (const Point& point : study.points) {
    const auto rounds = curves.rounds(point.scenario);
    if (rounds && std::isfinite(rounds->median)) continue;
    const MethodChoice& method = point.scenario.method;
    std::string name(method.method->name);
    if (method.kept) name += " (" + method.kept->text() + ")";
    name += rounds ? ": does not reach it" : ": no curve";
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

/// What takes more memory is left out, and named: each method with the least that any of its ways takes.
void leave_out_large(PlanFindings& plan, Bytes most) {
  std::map<std::string, std::pair<std::size_t, Bytes>> large;
  for (const Standing& each : plan.all) {
    if (each.memory <= most) continue;
    const std::string method(plan.study.points[each.point].scenario.method.method->name);
    auto& [ways, least] = large.try_emplace(method, 0, each.memory).first->second;
    ++ways;
    least = std::min(least, each.memory);
  }
  std::erase_if(plan.all, [&](const Standing& each) { return each.memory > most; });
  for (const auto& [method, found] : large) {
    const auto& [ways, least] = found;
    plan.left_out.push_back(std::to_string(ways) + (ways == 1 ? " way of " : " ways of ") + method +
                            (ways == 1 ? " takes " : " take ") + show(least) + (ways == 1 ? "" : " and more") +
                            " of device memory, more than " + show(most));
  }
}

/// Returns how many there are.
std::size_t say_failures(const Study& study, const std::vector<PointResult>& results) {
  std::size_t failed = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].times) continue;
    say("failed: " + name_of_alternative(study.points[i]) + ": " + results[i].failure);
    ++failed;
  }
  return failed;
}

std::string why_nothing_is_left(const PlanFindings& plan) {
  if (!plan.curves.empty() && !plan.unreached.empty())
    return "cannot be reached: " + in_short(plan.unreached) + " (" + plan.curves + ")";
  return plan.left_out.empty() ? "no alternative could be simulated" : "nothing is left: " + in_short(plan.left_out);
}

/// Where alternatives take long: what turns the answer is looked for among the best of them.
void say_how_long(const Study& study, unsigned jobs) {
  constexpr Seconds worth_a_word(20);
  Seconds all;
  for (const Point& point : study.points) all += time_to_simulate(point.scenario);
  all = all / static_cast<double>(jobs);
  if (all > worth_a_word)
    say("note: " + std::to_string(study.points.size()) + " alternatives may take about " + about(all) +
        " to simulate, and then what would turn it; plan.methods=scenario looks at fewer");
}

void say_notes(const PlanFindings& plan) {
  for (const std::string& note : plan.study.notes) say("note: " + note);
  for (const std::string& line : plan.interval_leaves_out) say("note: intervals leave out " + line);
  for (const std::string& line : plan.left_out) say("note: left out: " + line);
  if (!plan.unreached.empty()) say("note: left out: " + in_short(plan.unreached));
  if (plan.curves.empty())
    say("note: iterations alone are compared, in which the smallest K/N leads; what compression costs in accuracy "
        "needs curves of training (plan.curves)");
  const Scenario& fastest = plan.study.points[plan.all.front().point].scenario;
  if (fastest.method.needs_server_host())
    say("note: the fastest has its server on a host beside those of the workers; a method's \"server\": \"rank0\" puts "
        "it on a worker's");
}

}  // namespace

int plan(const PlanArguments& arguments) {
  const std::string file = find_file(arguments.scenario, "").value_or(arguments.scenario);
  const Study study = read_study(file, parse_overrides(arguments.set));
  Json scenario = *study.json;
  PlanText asked = take_plan(scenario, file);
  const std::string curves_name = curves_of(asked, file, study.points.front().scenario.training.has_value());
  const PlanTarget target = target_of(asked, study, curves_name);
  check_target(asked, target, curves_name, file);
  std::optional<LearningCurves> curves;
  if (target.accuracy || target.loss) curves.emplace(curves_name, target);
  if (curves && asked.density.empty()) asked.density = curves->densities();
  refuse_searches(study, "plan");
  Alternatives found = alternatives(study, asked);
  refuse_searches(found.study, "plan");

  const std::string out = arguments.out.empty() ? "results/" + name_of_scenario(file) + "-plan" : arguments.out;
  for (const char* name : {"plan.csv", "plan.json"}) check_replaceable(out + "/" + name);
  const InterruptionNotice notice("simrun: interrupted; the points that are done stay in " + out +
                                  ", the same command goes on from there");
  say_how_long(found.study, arguments.jobs);
  KeptPoints kept(out, arguments.jobs);
  const std::vector<PointResult> results = kept.run(found.study, "alternatives");
  label_implementations(found.study, results);
  PlanFindings plan{.study = found.study, .target = target, .curves = curves ? curves->file() : ""};
  plan.all = standings(found.study.points, results, curves ? &*curves : nullptr);
  plan.left_out = found.left_out;
  plan.interval_leaves_out = Report(found.study, results).left_out_of_intervals();
  const auto memory = asked.memory ? asked.memory : study.points.front().scenario.device_memory;
  if (memory) leave_out_large(plan, *memory);
  if (curves) plan.unreached = without_target(found.study, *curves);
  const std::size_t failed = say_failures(found.study, results);
  if (plan.all.empty()) throw std::runtime_error(why_nothing_is_left(plan));
  plan.best = best_of_methods(found.study.points, plan.all);
  const std::vector<Standing> ways = ways_of_fastest(found.study.points, plan.all);
  TurnSearch search(found.study.points, plan.best, ways, kept);
  if (target.efficiency) plan.least_bandwidth = search.least_bandwidth(*target.efficiency);
  plan.turns = search.turns();
  for (Turn& turn : search.turns_of_encoding()) plan.turns.push_back(std::move(turn));
  plan.simulated = kept.simulated();
  plan.taken_over = kept.taken_over();
  write_file(out + "/plan.csv", plan_csv(plan));
  write_file(out + "/plan.json", plan_json(plan).dump(2) + "\n");
  if (arguments.format == "csv") print_data(plan_csv(plan));
  if (arguments.format == "json") print_data(plan_json(plan).dump(2) + "\n");
  if (arguments.format == "table") print_lines(plan_text(plan));
  say_notes(plan);
  say(std::to_string(plan.all.size()) + " alternatives, " + std::to_string(plan.simulated) + " points simulated, " +
      std::to_string(plan.taken_over) + " from before; all are in " + out + "/plan.csv");
  return failed == 0 ? 0 : 1;
}

}  // namespace simrun
