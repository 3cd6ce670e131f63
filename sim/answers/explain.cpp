#include "sim/answers/explain.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "sim/answers/alternatives.hpp"
#include "sim/answers/explain_report.hpp"
#include "sim/answers/results_folder.hpp"
#include "sim/payloads/payload_stage.hpp"
#include "sim/scenario/point_label.hpp"
#include "sim/study/kept_points.hpp"
#include "sim/study/long_points.hpp"
#include "sim/study/point_setup.hpp"
#include "sim/study/times_text.hpp"
#include "sim/system/child_process.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/processor.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

constexpr double change = 0.01;
constexpr int most_workers_traced = 256;  ///< all messages of some iterations are kept
constexpr Seconds longest_traced(20);     ///< to simulate

/// The points of a results folder, with what it has of them, or of a scenario.
struct Asked {
  Study study;
  std::vector<std::optional<Seconds>> iterations = {};  ///< by point, none where it failed; empty: not known
};

Asked read_asked(const ExplainArguments& arguments) {
  if (!is_results_folder(arguments.results)) {
    const std::string file = find_file(arguments.results, "").value_or(arguments.results);
    return {.study = read_study(file, parse_overrides(arguments.set))};
  }
  if (!arguments.set.empty())
    throw InputError("command line", "--set", "does not go with a results folder", "accepted: with a scenario");
  ResultsFolder folder = read_results_folder(arguments.results);
  if (folder.is_measured)
    throw InputError("command line", "RESULTS", "\"" + arguments.results + "\" was measured, not simulated",
                     "accepted: a folder of a simulated run, or a scenario");
  Asked asked{.study = std::move(folder.study)};
  for (const Json& row : folder.rows)
    asked.iterations.push_back(row.is_null() ? std::nullopt : std::optional(Seconds(row["iteration_s"].get<double>())));
  return asked;
}

std::string listed(const Study& study) {
  std::string text;
  constexpr std::size_t most = 12;
  for (std::size_t i = 0; i < study.points.size() && i < most; ++i)
    text += (i == 0 ? "" : "; ") + std::to_string(i + 1) + " " + full_name(study.points[i]);
  return text + (study.points.size() > most ? "; and more" : "");
}

/// The points that were asked for: one by number, or all that have the text in their name; all if nothing was said.
std::vector<std::size_t> asked_points(const Study& study, const std::string& asked) {
  const bool is_number = !asked.empty() && std::ranges::all_of(asked, [](char c) { return c >= '0' && c <= '9'; });
  std::vector<std::size_t> found;
  std::vector<std::size_t> exact;
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    const Point& point = study.points[i];
    const std::array names = {point.label, name_of_alternative(point), full_name(point)};
    const auto has_it = [&](const std::string& name) { return name.find(asked) != std::string::npos; };
    if (is_number ? std::to_string(i + 1) == asked : std::ranges::any_of(names, has_it)) found.push_back(i);
    if (std::ranges::find(names, asked) != names.end() || point.scenario.method.method->name == asked)
      exact.push_back(i);
  }
  if (!exact.empty()) return exact;
  if (found.empty())
    throw InputError("command line", "POINT", "there is no point \"" + asked + "\"", "accepted: " + listed(study));
  return found;
}

using Iterations = std::vector<std::optional<Seconds>>;

Iterations simulated_iterations(const Study& study, const std::vector<std::size_t>& points) {
  Iterations all(study.points.size());
  const std::vector<PointResult> results = KeptPoints("", usable_cores()).run(with_points(study, points), "points");
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (results[i].times) all[points[i]] = results[i].times->iteration;
  }
  return all;
}

/// The fastest of the points.
std::size_t fastest_of(const Asked& asked, const std::vector<std::size_t>& points) {
  if (points.size() == 1) return points.front();
  const Iterations iterations = asked.iterations.empty() ? simulated_iterations(asked.study, points) : asked.iterations;
  std::optional<std::size_t> best;
  for (const std::size_t point : points) {
    if (iterations[point] && (!best || *iterations[point] < *iterations[*best])) best = point;
  }
  if (!best) throw std::runtime_error("none of the points can be simulated");
  return *best;
}

Scenario with_compute(Scenario scenario, double factor) {
  Compute& compute = scenario.compute;
  for (Seconds* part : {&compute.forward, &compute.backward, &compute.update}) *part = factor * *part;
  for (Seconds& part : compute.backward_by_tensor) part = factor * part;
  return scenario;
}

/// Hosts' links, or all of a platform file, with so many times the bandwidth and the latency.
Network with_links(Network network, double bandwidth, double latency) {
  if (auto* file = std::get_if<PlatformFile>(&network.topology)) {
    file->bandwidth_factor *= bandwidth;
    file->latency_factor *= latency;
    return network;
  }
  network.bandwidth = bandwidth * network.bandwidth;
  network.latency = latency * network.latency;
  return network;
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
  const std::string of_links =
      std::holds_alternative<PlatformFile>(scenario.network.topology) ? " of the platform's links" : "";
  all.push_back({"1 % more bandwidth" + of_links, "bandwidth",
                 [](Scenario& other) { other.network = with_links(std::move(other.network), 1 + change, 1); }});
  all.push_back({"1 % less latency" + of_links, "latency",
                 [](Scenario& other) { other.network = with_links(std::move(other.network), 1, 1 - change); }});
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

/// A step's share of the exchange of all fragments.
Seconds exchanging_a_step(const Times& times, const LocalSteps& local) {
  return static_cast<double>(local.fragments) / static_cast<double>(local.steps) * *times.exchange;
}

/// All exchanges of the rank that ends last, without what is combined and copied in them.
Seconds exchanging_of_last(const Times& times) {
  std::size_t last = 0;
  for (std::size_t rank = 0; rank < times.spans.size(); ++rank) {
    if (!times.spans[rank].empty() && times.spans[rank].back().end > times.spans[last].back().end) last = rank;
  }
  Seconds all;
  for (const Span& exchange : times.exchanges[last]) all += on_the_network(exchange, times.spans[last]);
  return all;
}

/// Why messages are not followed; empty where they are.
std::string why_not_followed(const Scenario& scenario, const Setup& setup) {
  if (setup.plan.local.is_local()) return "messages are not followed over local steps";
  if (scenario.workers > most_workers_traced)
    return "messages are followed among at most " + std::to_string(most_workers_traced) + " workers";
  if (time_to_follow(scenario) > longest_traced) return "to follow each message would take long";
  // No path is as long as the mean of what differs.
  return varies(setup) ? "iterations differ from each other" : "";
}

/// Simulated with every message, in a child process. With many workers without the path.
Explanation traced(const Point& point, const PayloadTable& payloads) {
  const Json found = Json::parse(run_in_child([&] {
    MessageLog log;
    Setup setup = make_setup(point.scenario, payloads);
    setup.keep_spans = !setup.plan.local.is_local();
    std::string why_no_path = why_not_followed(point.scenario, setup);
    if (why_no_path.empty()) {
      setup.log = &log;
      setup.repeats = Repeats::literal;
    }
    const Times times = simulate(setup);
    Json pieces = Json::array();
    if (setup.log != nullptr && !times.unsettled) {
      for (const PathPiece& piece : critical_path(times, log, setup.network.eager_limit()))
        pieces.push_back(piece_json(piece));
    }
    if (times.unsettled) why_no_path = "iterations do not settle";
    return Json{{"times", times_json(times)},
                {"path", pieces},
                {"why_no_path", why_no_path},
                {"exchanging",
                 (setup.keep_spans ? exchanging_of_last(times) : exchanging_a_step(times, setup.plan.local)).value}}
        .dump();
  }));
  Explanation all{.point = point,
                  .times = read_times(found["times"]),
                  .path = {},
                  .why_no_path = found["why_no_path"].get<std::string>(),
                  .elasticities = {}};
  for (const Json& piece : found["path"]) all.path.push_back(read_piece(piece));
  all.exchanging = Seconds(found["exchanging"].get<double>());
  return all;
}

}  // namespace

int explain(const ExplainArguments& arguments) {
  const Asked asked = read_asked(arguments);
  const Study& study = asked.study;
  refuse_searches(study, "explain");
  const std::vector<std::size_t> points = asked_points(study, arguments.point);
  const std::size_t number = fastest_of(asked, points);
  PayloadCache cache = PayloadCache::of_user();
  PayloadStage stage(study, {number}, usable_cores(), cache, [](std::uint64_t, std::uint64_t) {});
  const auto batch = stage.next();
  const Point& point = study.points[number];
  Explanation all = traced(point, *batch->tables.front());
  all.among = points.size();
  // As in a run: with messages that are skipped fewer or more iterations may count.
  all.times = simulate_point(point.scenario, *batch->tables.front());
  all.elasticities = elasticities_of(point.scenario, *batch->tables.front(), all.times);
  if (!asked.iterations.empty() && asked.iterations[number]) {
    const double off = all.times.iteration / *asked.iterations[number] - 1;
    if (std::abs(off) > 1e-6)
      say("warning: " + arguments.results + " has " + show(*asked.iterations[number]) +
          " for this point, and now it takes " + show(all.times.iteration) +
          ": files that the scenario names, or simrun, have changed since");
  }
  if (arguments.format == "csv") print_data(explanation_csv(all));
  if (arguments.format == "json") print_data(explanation_json(all).dump(2) + "\n");
  if (arguments.format == "table") print_lines(explanation_text(all));
  return 0;
}

}  // namespace simrun
