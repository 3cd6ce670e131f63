#include "sim/run.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "sim/report/report.hpp"
#include "sim/scenario/point_label.hpp"
#include "sim/scheduling/schedule.hpp"
#include "sim/study/fastest.hpp"
#include "sim/study/long_points.hpp"
#include "sim/study/sweep_run.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/error.hpp"
#include "sim/text/json.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

void note(const std::string& kind, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) say(kind + ": " + line);
}

std::string points(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " point" : " points");
}

void print_points(const Study& study, const Shard& shard) {
  std::map<std::string, int> counts;
  for (const Point& point : study.points) ++counts[full_name(point)];
  std::string text;
  const std::vector<std::size_t> share = points_of(shard, study);
  for (const std::size_t number : share) {
    const std::string line = full_name(study.points[number]);
    // Entries may differ in what no label has, like what they do in training.
    text += line + (counts[line] > 1 ? ", methods." + std::to_string(study.points[number].method) : "") + "\n";
  }
  print_lines(text + points(share.size()) + "\n");
}

void print_report(const Report& report, const std::string& format) {
  if (format == "csv") print_data(report.csv());
  if (format == "json") print_data(report.json().dump(2) + "\n");
  if (format == "table") print_lines(report.table());
}

void write_report(const Report& report, const std::string& out) {
  write_file(out + "/points.csv", report.csv());
  write_file(out + "/report.json", report.json().dump(2) + "\n");
}

/// What is said where points are still to be done.
void say_what_is_missing(const SweepRun& sweep, const SweepOptions& options) {
  const std::string there =
      std::to_string(sweep.done()) + " of " + points(sweep.results().size()) + " are in " + options.out;
  const std::string former =
      std::filesystem::exists(options.out + "/report.json") ? " (the report.json there is of an earlier run)" : "";
  if (options.merge) {
    say("merge: " + there + "; a run into this folder does the others" + former);
    return;
  }
  say("shard " + std::to_string(options.shard->number) + "/" + std::to_string(options.shard->count) + ": " +
      (sweep.failed() > 0 ? points(sweep.failed()) + " failed; " : "done; ") + there +
      "; the other shards, or the same command without --shard, finish" + former);
}

/// Runs the sweep; returns the exit status.
int run_sweep(const Study& asked, SweepOptions options, const std::string& format) {
  const std::string known = options.fresh ? "" : folder_of_groups(options.out);
  const auto [study, found] = with_searched_groups(asked, options.jobs, known);
  options.found = found;
  SweepRun sweep(study, options);
  sweep.run();
  const Report report(study, sweep.results());
  const bool is_for_all = sweep.is_complete() || (!options.shard && !options.merge);
  if (is_for_all) {
    write_report(report, options.out);
    if (sweep.is_complete()) sweep.tidy_up();
    print_report(report, format);
  }
  note("note", study.notes);
  note("note", sweep.notes());
  if (is_for_all) note("warning", report.warnings());
  note("failed", report.failures());
  if (!is_for_all) {
    say_what_is_missing(sweep, options);
  } else {
    for (const std::string& line : fastest_methods(study, sweep.results())) say(line);
    say("results in " + options.out + ": " + points(sweep.done()) +
        (sweep.taken_over() > 0 ? ", " + std::to_string(sweep.taken_over()) + " of them from before" : ""));
  }
  return sweep.failed() > 0 || (options.merge && !sweep.is_complete()) ? 1 : 0;
}

int run_sweep_and_say_what_stays(const Study& asked, const SweepOptions& options, const std::string& format) {
  try {
    return run_sweep(asked, options, format);
  } catch (const WriteError& error) {
    throw WriteError(std::string(error.what()) +
                     "; the points that are done stay, the same command goes on from there");
  }
}

/// An installed simrun finds the scenarios that it came with from any folder.
std::string scenario_file(const std::string& name) {
  return find_file(name, "").value_or(name);
}

std::string folder_of_results(const std::string& out, const std::string& file) {
  return out.empty() ? "results/" + name_of_scenario(file) : out;
}

void check_holds_points(const std::string& where, const std::string& folder) {
  if (!std::filesystem::is_directory(folder_of_points(folder)))
    throw InputError("command line", where, "there are no points in \"" + folder + "\"",
                     "accepted: a folder that a run of simrun wrote");
}

/// Takes over what the folders have of any study.
void join_results(const std::vector<std::string>& results, const std::string& out) {
  make_folder(out);
  const FolderLock lock(out, FolderLock::Kind::alone);
  for (const auto& folder_in : {folder_of_points, folder_of_groups}) {
    std::vector<std::string> from;
    for (const std::string& folder : results) from.push_back(folder_in(folder));
    if (!std::ranges::any_of(from, [](const std::string& folder) { return std::filesystem::is_directory(folder); }))
      continue;
    make_folder(folder_in(out));
    join_records(from, folder_in(out));
  }
}

}  // namespace

int run_scenario(const RunArguments& arguments) {
  if (arguments.scenario.empty())
    throw InputError("command line", "arguments", "no scenario given", "see simrun --help");
  SweepOptions options{.out = arguments.out,
                       .jobs = arguments.jobs,
                       .shard = std::nullopt,
                       .fresh = arguments.fresh,
                       .trace = arguments.trace,
                       .break_even = arguments.break_even};
  if (arguments.shard) options.shard = parse_shard(*arguments.shard);
  if (options.shard && options.fresh)
    throw InputError("command line", "--fresh",
                     "does not go with --shard: a shard cannot tell old points from those of others",
                     "accepted: --shard into an empty folder");
  const std::string file = scenario_file(arguments.scenario);
  const Study study = read_study(file, parse_overrides(arguments.set));
  if (arguments.dry_run && arguments.format != "table")
    throw InputError("command line", "--format", "does not go with --dry-run", "leave it out");
  if (arguments.dry_run) {
    const Shard shard = options.shard.value_or(Shard{});
    print_points(study, shard);
    note("note", study.notes);
    if (const auto warning = warn_of_long_points(study, points_of(shard, study))) note("note", {*warning});
    return 0;
  }
  options.out = folder_of_results(arguments.out, file);
  return run_sweep_and_say_what_stays(study, options, arguments.format);
}

int merge(const MergeArguments& arguments) {
  const std::string file = scenario_file(arguments.scenario);
  const Study study = read_study(file, parse_overrides(arguments.set));
  SweepOptions options;
  options.out = folder_of_results(arguments.out, file);
  options.merge = true;
  if (arguments.results.empty()) check_holds_points("--out", options.out);
  for (const std::string& folder : arguments.results) check_holds_points("RESULTS", folder);
  join_results(arguments.results, options.out);
  return run_sweep_and_say_what_stays(study, options, arguments.format);
}

}  // namespace simrun
