#include "sim/answers/explain.hpp"

#include <algorithm>
#include <functional>

#include "sim/answers/explain_report.hpp"
#include "sim/answers/results_folder.hpp"
#include "sim/payloads/payload_stage.hpp"
#include "sim/study/kept_points.hpp"
#include "sim/study/times_text.hpp"
#include "sim/system/child_process.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/processor.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

constexpr double change = 0.01;
constexpr int most_workers_traced = 1024;

/// The points of a results folder, or of a scenario.
Study study_of(const ExplainArguments& arguments) {
  if (!is_results_folder(arguments.results)) {
    const std::string file = find_file(arguments.results, "").value_or(arguments.results);
    return read_study(file, parse_overrides(arguments.set));
  }
  if (!arguments.set.empty())
    throw InputError("command line", "--set", "does not go with a results folder", "accepted: with a scenario");
  ResultsFolder folder = read_results_folder(arguments.results);
  if (folder.is_measured)
    throw InputError("command line", "RESULTS", "\"" + arguments.results + "\" was measured, not simulated",
                     "accepted: a folder of a simulated run, or a scenario");
  return std::move(folder.study);
}

std::string listed(const Study& study) {
  std::string text;
  constexpr std::size_t most = 12;
  for (std::size_t i = 0; i < study.points.size() && i < most; ++i)
    text += (i == 0 ? "" : "; ") + std::to_string(i + 1) + " " + study.points[i].label;
  return text + (study.points.size() > most ? "; and more" : "");
}

/// The points that were asked for: one by number, or all that have the text in their label; all if nothing was said.
std::vector<std::size_t> asked_points(const Study& study, const std::string& asked) {
  std::vector<std::size_t> found;
  const bool is_number = !asked.empty() && std::ranges::all_of(asked, [](char c) { return c >= '0' && c <= '9'; });
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    const bool fits = is_number
                          ? std::to_string(i + 1) == asked
                          : study.points[i].label == asked || study.points[i].label.find(asked) != std::string::npos;
    if (fits) found.push_back(i);
  }
  const auto same = std::ranges::find_if(found, [&](std::size_t i) { return study.points[i].label == asked; });
  if (same != found.end() &&
      std::ranges::count_if(found, [&](std::size_t i) { return study.points[i].label == asked; }) == 1)
    return {*same};
  if (found.empty())
    throw InputError("command line", "POINT", "there is no point \"" + asked + "\"", "accepted: " + listed(study));
  return found;
}

/// The fastest of the points.
std::size_t fastest_of(const Study& study, const std::vector<std::size_t>& points) {
  if (points.size() == 1) return points.front();
  const std::vector<PointResult> results = KeptPoints("", usable_cores()).run(with_points(study, points), "points");
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].times && (!best || results[i].times->iteration < results[*best].times->iteration)) best = i;
  }
  if (!best) throw std::runtime_error("none of the points can be simulated: " + results.front().failure);
  return points[*best];
}

Scenario with_compute(Scenario scenario, double factor) {
  Compute& compute = scenario.compute;
  for (Seconds* part : {&compute.forward, &compute.backward, &compute.update}) *part = factor * *part;
  for (Seconds& part : compute.backward_by_tensor) part = factor * part;
  return scenario;
}

/// A change of the scenario, and of how long encoding takes.
struct WhatIf {
  std::string what;
  std::string name;
  std::function<void(Scenario&)> apply;
  double encode = 1;
};

std::vector<WhatIf> what_ifs(const Scenario& scenario) {
  std::vector<WhatIf> all;
  if (!std::holds_alternative<PlatformFile>(scenario.network.topology)) {
    all.push_back({"1 % more bandwidth", "bandwidth",
                   [](Scenario& other) { other.network.bandwidth = (1 + change) * other.network.bandwidth; }});
    all.push_back({"1 % less latency", "latency",
                   [](Scenario& other) { other.network.latency = (1 - change) * other.network.latency; }});
  }
  const auto add_uplinks = [&]<class Shape>() {
    if (!std::holds_alternative<Shape>(scenario.network.topology)) return;
    all.push_back({"1 % more bandwidth of uplinks", "uplink_bandwidth", [](Scenario& other) {
                     Shape& shape = std::get<Shape>(other.network.topology);
                     shape.uplink_bandwidth = (1 + change) * shape.uplink_bandwidth;
                   }});
  };
  add_uplinks.template operator()<Tree>();
  add_uplinks.template operator()<Chain>();
  if (scenario.network.gpus_per_host > 1)
    all.push_back({"1 % more bandwidth inside hosts", "intra_host_bandwidth", [](Scenario& other) {
                     IntraHost& inside = other.network.intra_host;
                     inside.bandwidth = (1 + change) * inside.bandwidth;
                     if (inside.shared_bandwidth) inside.shared_bandwidth = (1 + change) * *inside.shared_bandwidth;
                   }});
  all.push_back({"1 % faster computing", "compute",
                 [](Scenario& other) { other = with_compute(std::move(other), 1 / (1 + change)); }});
  all.push_back({"1 % faster encoding", "encode", [](Scenario&) {}, 1 / (1 + change)});
  return all;
}

std::vector<Elasticity> elasticities_of(const Scenario& scenario, const PayloadTable& payloads, const Times& times) {
  std::vector<Elasticity> all;
  for (const WhatIf& each : what_ifs(scenario)) {
    if (each.encode != 1 && times.encode.value == 0) continue;
    Scenario other = scenario;
    each.apply(other);
    const Times then = simulate_point(other, payloads, each.encode);
    all.push_back({each.what, each.name, 1 - then.iteration / times.iteration});
  }
  return all;
}

Json piece_json(const PathPiece& piece) {
  return {static_cast<int>(piece.kind), piece.rank, piece.sender, piece.begin.value, piece.end.value};
}

PathPiece read_piece(const Json& json) {
  return {static_cast<PathPiece::Kind>(json.at(0).get<int>()), json.at(1).get<int>(), json.at(2).get<int>(),
          Seconds(json.at(3).get<double>()), Seconds(json.at(4).get<double>())};
}

/// All exchanges of the rank that ends last.
Seconds exchanging_of_last(const Times& times) {
  std::size_t last = 0;
  for (std::size_t rank = 0; rank < times.spans.size(); ++rank) {
    if (!times.spans[rank].empty() && times.spans[rank].back().end > times.spans[last].back().end) last = rank;
  }
  Seconds all;
  for (const Span& exchange : times.exchanges[last]) all += exchange.end - exchange.begin;
  return all;
}

/// Simulated with every message, in a child process. With many workers without the path.
Explanation traced(const Point& point, const PayloadTable& payloads) {
  const Json found = Json::parse(run_in_child([&] {
    MessageLog log;
    Setup setup = make_setup(point.scenario, payloads);
    setup.keep_spans = true;
    if (point.scenario.workers <= most_workers_traced) {
      setup.log = &log;
      setup.repeats = Repeats::literal;
    }
    const Times times = simulate(setup);
    Json pieces = Json::array();
    if (setup.log != nullptr) {
      for (const PathPiece& piece : critical_path(times, log.deliveries(), setup.network.eager_limit()))
        pieces.push_back(piece_json(piece));
    }
    return Json{{"times", times_json(times)}, {"path", pieces}, {"exchanging", exchanging_of_last(times).value}}.dump();
  }));
  Explanation all{.point = point, .times = read_times(found["times"]), .path = {}, .elasticities = {}};
  for (const Json& piece : found["path"]) all.path.push_back(read_piece(piece));
  all.exchanging = Seconds(found["exchanging"].get<double>());
  return all;
}

}  // namespace

int explain(const ExplainArguments& arguments) {
  const Study study = study_of(arguments);
  refuse_searches(study, "explain");
  const std::size_t number = fastest_of(study, asked_points(study, arguments.point));
  PayloadCache cache = PayloadCache::of_user();
  PayloadStage stage(study, {number}, usable_cores(), cache, [](std::uint64_t, std::uint64_t) {});
  const auto batch = stage.next();
  const Point& point = study.points[number];
  Explanation all = traced(point, *batch->tables.front());
  all.elasticities = elasticities_of(point.scenario, *batch->tables.front(), all.times);
  if (arguments.format == "csv") print_data(explanation_csv(all));
  if (arguments.format == "json") print_data(explanation_json(all).dump(2) + "\n");
  if (arguments.format == "table") print_lines(explanation_text(all));
  return 0;
}

}  // namespace simrun
