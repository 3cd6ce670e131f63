#include "sim/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <thread>

#include "sim/calibrate.hpp"
#include "sim/data_path.hpp"
#include "sim/error.hpp"
#include "sim/experiment.hpp"
#include "sim/listing.hpp"
#include "sim/progress_bar.hpp"
#include "sim/report.hpp"
#include "sim/report_page.hpp"
#include "sim/trace.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

struct RunArguments {
  std::string scenario;
  std::string out;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::string> set;
  std::string format = "table";
  bool dry_run = false;
  bool trace = false;
};

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void note(const std::string& kind, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::fprintf(stderr, "%s: %s\n", kind.c_str(), line.c_str());
}

std::vector<Override> overrides(const std::vector<std::string>& set) {
  std::vector<Override> all;
  for (const std::string& text : set) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw InputError("command line", "--set", "\"" + text + "\" is no override",
                       "accepted: PATH=VALUE, like workers=64");
    all.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return all;
}

void print_points(const Study& study) {
  std::string text;
  for (const Point& point : study.points) {
    text += label(point.scenario.method) + ", " + std::to_string(point.scenario.workers) + " workers";
    for (const auto& [key, value] : point.swept) text += key == "workers" ? "" : ", " + key + " " + brief(value);
    text += "\n";
  }
  print(text + std::to_string(study.points.size()) + " points\n");
}

std::string make_folder(const std::string& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    throw InputError("command line", "--out", "the folder " + folder + " cannot be made: " + failed.message(),
                     "a folder that can be written");
  return folder;
}

void print_report(const Report& report, const std::string& format) {
  if (format == "csv") print(report.csv());
  if (format == "json") print(report.json().dump(2) + "\n");
  if (format == "table") print(report.table());
}

int run_scenario(const RunArguments& arguments) {
  if (arguments.scenario.empty())
    throw InputError("command line", "arguments", "no scenario given", "see simrun --help");
  // An installed simrun finds the scenarios that it came with from any folder.
  const std::string file = find_file(arguments.scenario, "").value_or(arguments.scenario);
  const Study study = read_study(file, overrides(arguments.set));
  if (arguments.dry_run) {
    print_points(study);
    note("note", study.notes);
    return 0;
  }
  std::vector<std::size_t> todo(study.points.size());
  std::iota(todo.begin(), todo.end(), std::size_t{0});
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  ProgressBar payload_bar("payloads");
  PayloadStage payloads(study, todo, threads,
                        [&](std::size_t done, std::size_t total) { payload_bar.show(done, total); });
  const std::string out =
      make_folder(arguments.out.empty() ? "results/" + fs::path(file).stem().string() : arguments.out);
  fs::remove_all(out + "/trace");  // another run's
  RunOptions options{.jobs = arguments.jobs, .trace_folder = {}};
  if (arguments.trace) options.trace_folder = make_folder(out + "/trace");
  std::vector<PointResult> results(study.points.size());
  {
    ProgressBar bar("points");
    std::size_t done = 0;
    run_points(study, payloads, options, [&](std::size_t point, PointResult result) {
      results[point] = std::move(result);
      bar.show(++done, todo.size());
    });
  }
  const Report report(study, std::move(results));
  write_file(out + "/points.csv", report.csv());
  write_file(out + "/report.json", report.json().dump(2) + "\n");
  print_report(report, arguments.format);
  std::fflush(stdout);
  note("note", study.notes);
  note("warning", report.warnings());
  note("failed", report.failures());
  std::fprintf(stderr, "results in %s\n", out.c_str());
  return report.failures().empty() ? 0 : 1;
}

void add_run_options(CLI::App& app, RunArguments& arguments) {
  app.add_option("scenario", arguments.scenario, "scenario to run, a JSON file")->type_name("SCENARIO.json");
  app.add_option("-o,--out", arguments.out, "results folder (default: results/<scenario file's stem>)")
      ->type_name("DIR");
  app.add_option("-j,--jobs", arguments.jobs, "points side by side (default: one a core)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  app.add_option("--set", arguments.set,
                 "override a field by its dotted path, like workers=64 or methods.1.density=0.01; repeatable")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  app.add_option("--format", arguments.format, "what goes to stdout: table, csv or json (default: table)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  app.add_flag("--dry-run", arguments.dry_run, "validate, list the points, run none");
  app.add_flag("--trace", arguments.trace, "also write a trace a point, which Perfetto opens");
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Simulates distributed training with gradient compression on a cluster.", "simrun");
  app.footer("A scenario whose name is that of a command is given as a path: ./list");
  app.set_version_flag("--version", std::string("simrun ") + SIMRUN_VERSION + ", SimGrid " + simgrid_version());
  RunArguments run;
  add_run_options(app, run);
  std::string kind = "all";
  auto* list = app.add_subcommand("list", "methods, codecs, collectives, models, devices, networks: one line each");
  list->add_option("kind", kind, "one kind only")
      ->check(CLI::IsMember({"all", "methods", "codecs", "collectives", "models", "devices", "networks"}));
  auto* schema = app.add_subcommand("schema", "print the JSON Schema of a scenario");
  CalibrateArguments calibration;
  auto* calibrate_command = app.add_subcommand(
      "calibrate", "measure the codecs on this machine's GPU or processor and write a device profile");
  calibrate_command
      ->add_option("--device", calibration.device, "what to measure (default: cuda where a GPU can be used, else cpu)")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  calibrate_command->add_option("-o,--out", calibration.out, "profile to write (default: this machine's cache)")
      ->type_name("FILE");
  calibrate_command->add_flag("--quick", calibration.quick, "coarse grid, about a minute");
  ReportPageArguments page;
  auto* report_command = app.add_subcommand(
      "report",
      "write a results folder as one HTML page to send around: plots, table, provenance; nothing else needed");
  report_command->add_option("results", page.results, "folder that a run wrote")->type_name("RESULTS")->required();
  report_command->add_option("-o,--out", page.out, "page to write (default: RESULTS/report.html)")->type_name("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& error) {
    throw InputError("command line", "arguments", error.what(), "see simrun --help");
  }
  int status = 0;
  if (list->parsed()) {
    print(listing(kind));
  } else if (schema->parsed()) {
    print(scenario_schema().dump(2) + "\n");
  } else if (calibrate_command->parsed()) {
    calibrate(calibration);
  } else if (report_command->parsed()) {
    write_report_page(page);
  } else {
    status = run_scenario(run);
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw std::runtime_error("cannot write to standard output");
  return status;
}

}  // namespace simrun
