#include "sim/answers/compare.hpp"

#include "sim/answers/comparison.hpp"
#include "sim/answers/results_folder.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/version.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

Parts parts_of_row(const Json& row) {
  const auto seconds = [&](const char* column) { return Seconds(row.at(column).get<double>()); };
  return {seconds("iteration_s"),     seconds("compute_s"), seconds("encode_s"),
          seconds("communication_s"), seconds("decode_s"),  seconds("staging_s")};
}

Parts parts_of_times(const Times& times) {
  return {times.iteration, times.compute, times.encode, times.communication, times.decode, times.staging};
}

ComparedRun run_of_folder(const std::string& name) {
  ResultsFolder folder = read_results_folder(name);
  refuse_searches(folder.study, "compare");
  ComparedRun run{.name = name,
                  .version = folder.version,
                  .study = std::move(folder.study),
                  .parts = {},
                  .contents = std::move(folder.contents),
                  .is_measured = folder.is_measured};
  for (const Json& row : folder.rows)
    run.parts.push_back(row.is_null() ? std::nullopt : std::optional(parts_of_row(row)));
  return run;
}

ComparedRun run_of_scenario(const std::string& name, const std::vector<Override>& changes, unsigned jobs) {
  const std::string file = find_file(name, "").value_or(name);
  ComparedRun run{
      .name = name, .version = SIMRUN_VERSION, .study = read_study(file, changes), .parts = {}, .contents = {}};
  refuse_searches(run.study, "compare");
  run.contents = contents_of(run.study);
  for (const PointResult& result : KeptPoints("", jobs).run(run.study, "points")) {
    run.parts.push_back(result.times ? std::optional(parts_of_times(*result.times)) : std::nullopt);
    if (!result.times) say("failed: " + result.failure);
  }
  return run;
}

}  // namespace

int compare(const CompareArguments& arguments) {
  const auto run_of = [&](const std::string& name, const std::vector<Override>& changes) {
    return is_results_folder(name) ? run_of_folder(name) : run_of_scenario(name, changes, arguments.jobs);
  };
  const std::vector<Override> changes = parse_overrides(arguments.set);
  if (arguments.second.empty() && changes.empty())
    throw InputError("command line", "arguments", "second is required", "accepted: RESULTS, SCENARIO.json, or --set");
  const std::string& second = arguments.second.empty() ? arguments.first : arguments.second;
  if (!changes.empty() && is_results_folder(second))
    throw InputError("command line", "--set", "does not go with a results folder",
                     "accepted: with a scenario as second");
  ComparedRun first = run_of(arguments.first, {});
  Comparison all = compared(std::move(first), run_of(second, changes));
  if (all.pairs.empty())
    throw InputError("command line", "SECOND", "\"" + second + "\" has no point that \"" + arguments.first + "\" has",
                     "accepted: runs of the same methods and values of K/N");
  KeptPoints kept("", arguments.jobs);
  explain_by_inputs(all, kept);
  if (arguments.format == "csv") print_data(comparison_csv(all));
  if (arguments.format == "json") print_data(comparison_json(all).dump(2) + "\n");
  if (arguments.format == "table") print_lines(comparison_text(all));
  if (const std::string alone = points_alone(all); !alone.empty()) say("note: left out, without a pair: " + alone);
  return 0;
}

}  // namespace simrun
