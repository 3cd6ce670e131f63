#include "sim/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "sim/calibration/calibrate.hpp"
#include "sim/listing.hpp"
#include "sim/mpi/measure.hpp"
#include "sim/report/report_page.hpp"
#include "sim/run.hpp"
#include "sim/scenario/scenario_schema.hpp"
#include "sim/simgrid/cluster.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"
#include "sim/training/train.hpp"

namespace simrun {
namespace {

/// -o DIR.
void add_out(CLI::App& app, std::string& out, const std::string& fallback) {
  app.add_option("-o,--out", out, "results folder (default: " + fallback + ")")
      ->type_name("DIR")
      ->check(CLI::Validator([](const std::string& name) { return name.empty() ? "names no folder" : ""; }, ""));
}

void add_run_options(CLI::App& app, RunArguments& arguments) {
  app.add_option("scenario", arguments.scenario, "scenario to run, a JSON file")->type_name("SCENARIO.json");
  add_out(app, arguments.out, "results/<scenario file's stem>");
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
  app.add_flag("--break-even", arguments.break_even,
               "also search for the break-evens of encoding where groups overlap; a few simulations a point");
  app.add_option("--shard", arguments.shard,
                 "run the I-th of N shares of the points; all into the same results folder, in any order")
      ->type_name("I/N");
  app.add_flag("--fresh", arguments.fresh, "run all points again, also those that the results folder has");
}

CLI::App* add_measure_command(CLI::App& app, MeasureArguments& arguments) {
  auto* command = app.add_subcommand(
      "measure", "run a scenario's exchanges between real processes: mpirun -np RANKS simrun measure SCENARIO.json");
  command->add_option("scenario", arguments.scenario, "scenario to measure, a JSON file")
      ->type_name("SCENARIO.json")
      ->required();
  add_out(*command, arguments.out, "results/<scenario file's stem>-measured");
  command->add_option("--set", arguments.set, "override a field by its dotted path; repeatable")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_option("--iterations", arguments.iterations, "iterations that count (default: 20)")->type_name("N");
  command->add_option("--warmup", arguments.warmup, "iterations before those, 1 or more (default: 3)")->type_name("N");
  return command;
}

CLI::App* add_train_command(CLI::App& app, TrainArguments& arguments) {
  auto* command = app.add_subcommand(
      "train", "train a scenario's model with its methods on real data: accuracy by round, bytes and simulated time");
  command->add_option("scenario", arguments.scenario, "scenario to train, a JSON file")
      ->type_name("SCENARIO.json")
      ->required();
  add_out(*command, arguments.out, "results/<scenario file's stem>-trained");
  command->add_option("-j,--jobs", arguments.threads, "threads (default: one a core)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command->add_option("--set", arguments.set, "override a field by its dotted path; repeatable")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_option("--format", arguments.format, "what goes to stdout: table, csv or json (default: table)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  command->add_flag("--dry-run", arguments.dry_run, "validate, list the runs, train none");
  command->add_flag("--fresh", arguments.fresh, "train again what the results folder has");
  return command;
}

/// Options of a run do nothing beside a command.
void check_commands(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  if (commands.empty()) return;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() > 0)
      throw InputError("command line", option->get_name(), "does not go with " + commands.front()->get_name(),
                       "see simrun --help");
  }
}

/// What is given goes into JSON and messages.
void check_utf8(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (!is_utf8(argv[i]))
      throw InputError("command line", "arguments", "\"" + shown_name(argv[i]) + "\" is no UTF-8", "accepted: UTF-8");
  }
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Simulates distributed training with gradient compression on a cluster.", "simrun");
  app.require_subcommand(0, 1);
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
  MeasureArguments measurement;
  auto* measure_command = add_measure_command(app, measurement);
  TrainArguments training;
  auto* train_command = add_train_command(app, training);
  app.footer(
      "Example: simrun scenarios/32gpu_1gbe.json --set workers=64\n"
      "A scenario whose name is that of a command is given as a path: ./list");
  const auto refuse = [&](const InputError& mistake) {
    if (!measure_command->parsed()) throw mistake;
    return refuse_to_measure(mistake);
  };
  try {
    app.parse(argc, argv);
    check_commands(app);
    check_utf8(argc, argv);
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& error) {
    return refuse(InputError("command line", "arguments", error.what(), "see simrun --help"));
  } catch (const InputError& mistake) {
    return refuse(mistake);
  }
  int status = 0;
  if (list->parsed()) {
    print_lines(listing(kind));
  } else if (schema->parsed()) {
    print_data(scenario_schema().dump(2) + "\n");
  } else if (calibrate_command->parsed()) {
    calibrate(calibration);
  } else if (report_command->parsed()) {
    write_report_page(page);
  } else if (measure_command->parsed()) {
    status = measure(measurement);
  } else if (train_command->parsed()) {
    status = train(training);
  } else {
    status = run_scenario(run);
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw std::runtime_error("cannot write to standard output");
  return status;
}

}  // namespace simrun
