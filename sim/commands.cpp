#include "sim/commands.hpp"

#include <CLI/CLI.hpp>

#include "kernels/payload.hpp"
#include "sim/devices/device_choice.hpp"
#include "sim/listing.hpp"
#include "sim/scenario/scenario_schema.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// -o DIR.
void add_out(CLI::App& app, std::string& out, const std::string& fallback) {
  app.add_option("-o,--out", out, "results folder (default: " + fallback + ")")
      ->type_name("DIR")
      ->check(CLI::Validator([](const std::string& name) { return name.empty() ? "names no folder" : ""; }, ""));
}

CLI::Option* add_scenario(CLI::App& app, std::string& scenario, const char* help) {
  return app.add_option("scenario", scenario, help)->type_name("SCENARIO.json");
}

void add_jobs(CLI::App& app, unsigned& jobs, const char* help) {
  app.add_option("-j,--jobs", jobs, help)->type_name("N")->check(CLI::Range(1, 1024));
}

void add_set(CLI::App& app, std::vector<std::string>& set,
             const char* help = "override a field by its dotted path; repeatable") {
  app.add_option("--set", set, help)->type_name("PATH=VALUE")->allow_extra_args(false);
}

void add_format(CLI::App& app, std::string& format) {
  app.add_option("--format", format, "what goes to stdout: table, csv or json (default: table)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "csv", "json"}));
}

void add_list(CLI::App& app, Arguments& arguments) {
  app.add_option("kind", arguments.kind, "one kind only")
      ->check(CLI::IsMember({"all", "methods", "codecs", "collectives", "models", "devices", "networks"}));
}

int run_list(const Arguments& given) {
  print_lines(listing(given.kind));
  return 0;
}

void add_nothing(CLI::App&, Arguments&) {}

int run_schema(const Arguments&) {
  print_data(scenario_schema().dump(2) + "\n");
  return 0;
}

void add_calibrate(CLI::App& app, Arguments& arguments) {
  CalibrateArguments& calibrate = arguments.calibrate;
  app.add_option("--device", calibrate.device, "what to measure (default: cuda where a GPU can be used, else cpu)")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--implementation", calibrate.implementation,
                 "whose operations: simrun, or pytorch for those of an installed PyTorch (default: simrun)")
      ->check(CLI::IsMember(
          std::vector<std::string>(measurable_implementations.begin(), measurable_implementations.end())));
  app.add_option("--python", calibrate.python,
                 "Python that has PyTorch (default: python3, else /usr/bin/python3, whichever has it)")
      ->type_name("FILE");
  app.add_option_function<std::string>(
         "--precision", [&](const std::string& word) { calibrate.precision = *precision_of(word); },
         "of the gradients that are encoded: fp32, or on a GPU fp16 or bf16 (default: fp32)")
      ->check(CLI::IsMember({"fp32", "fp16", "bf16"}));
  app.add_option("-o,--out", calibrate.out, "profile to write (default: this machine's cache)")->type_name("FILE");
  app.add_flag("--quick", calibrate.quick, "coarse grid, budget of 60 seconds (with pytorch 120)");
  app.add_option("--budget", calibrate.budget,
                 "end within so many seconds, with what is measured by then, and say what was left out")
      ->type_name("SECONDS")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
  app.add_option(
         "--most-elements", calibrate.most_elements,
         "of the largest array (default: 33554432 on a processor, 536870912 on a GPU, 8388608 with --quick; with "
         "pytorch 8388608, 536870912 and 1048576)")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, Payload::most_elements));
}

int run_calibrate(const Arguments& given) {
  return calibrate(given.calibrate);
}

void add_report(CLI::App& app, Arguments& arguments) {
  ReportPageArguments& report = arguments.report;
  app.add_option("results", report.results, "folder that a run, simrun train or simrun plan wrote")
      ->type_name("RESULTS")
      ->required();
  app.add_option("-o,--out", report.out, "page to write (default: RESULTS/report.html)")->type_name("FILE");
}

int run_report(const Arguments& given) {
  write_report_page(given.report);
  return 0;
}

void add_measure(CLI::App& app, Arguments& arguments) {
  MeasureArguments& measure = arguments.measure;
  add_scenario(app, measure.scenario, "scenario to measure, a JSON file")->required();
  add_out(app, measure.out, "results/<scenario file's stem>-measured");
  add_set(app, measure.set);
  app.add_option("--iterations", measure.iterations, "iterations that count (default: 20)")->type_name("N");
  app.add_option("--warmup", measure.warmup, "iterations before those, 1 or more (default: 3)")->type_name("N");
}

int run_measure(const Arguments& given) {
  return measure(given.measure);
}

void add_train(CLI::App& app, Arguments& arguments) {
  TrainArguments& train = arguments.train;
  add_scenario(app, train.scenario, "scenario to train, a JSON file")->required();
  add_out(app, train.out, "results/<scenario file's stem>-trained");
  add_jobs(app, train.threads, "threads (default: one a core)");
  add_set(app, train.set);
  add_format(app, train.format);
  app.add_flag("--dry-run", train.dry_run, "validate, list the runs, train none");
  app.add_flag("--fresh", train.fresh, "train again what the results folder has");
}

int run_train(const Arguments& given) {
  return train(given.train);
}

void add_schedule(CLI::App& app, Arguments& arguments) {
  ScheduleArguments& schedule = arguments.schedule;
  add_scenario(app, schedule.scenario, "scenario whose groupings are compared, a JSON file")->required();
  add_out(app, schedule.out, "results/<scenario file's stem>-schedule");
  add_jobs(app, schedule.jobs, "simulations side by side (default: one a core)");
  add_set(app, schedule.set);
  add_format(app, schedule.format);
  app.add_option("--max-groups", schedule.max_groups, "of the best grouping (default: any number)")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000));
}

int run_schedule(const Arguments& given) {
  return schedule(given.schedule);
}

void add_plan(CLI::App& app, Arguments& arguments) {
  PlanArguments& plan = arguments.plan;
  add_scenario(app, plan.scenario, "scenario of the cluster, a JSON file; its part `plan` says what is looked for")
      ->required();
  add_out(app, plan.out, "results/<scenario file's stem>-plan");
  add_jobs(app, plan.jobs, "simulations side by side (default: one a core)");
  add_set(app, plan.set);
  add_format(app, plan.format);
}

int run_plan(const Arguments& given) {
  return plan(given.plan);
}

void add_explain(CLI::App& app, Arguments& arguments) {
  ExplainArguments& explain = arguments.explain;
  app.add_option("results", explain.results, "folder that a run wrote, or a scenario")
      ->type_name("RESULTS|SCENARIO.json")
      ->required();
  app.add_option("point", explain.point,
                 "its number in points.csv, from 1, or a part of its label (default: the fastest)")
      ->type_name("POINT");
  add_set(app, explain.set);
  add_format(app, explain.format);
}

int run_explain(const Arguments& given) {
  return explain(given.explain);
}

void add_fidelity(CLI::App& app, Arguments& arguments) {
  FidelityArguments& fidelity = arguments.fidelity;
  add_scenario(app, fidelity.scenario, "scenario whose methods encode a gradient, a JSON file")->required();
  add_jobs(app, fidelity.jobs, "threads (default: one a core)");
  add_set(app, fidelity.set);
  add_format(app, fidelity.format);
}

int run_fidelity(const Arguments& given) {
  return fidelity(given.fidelity);
}

void add_compare(CLI::App& app, Arguments& arguments) {
  CompareArguments& compare = arguments.compare;
  const char* kind = "RESULTS|SCENARIO.json";
  app.add_option("first", compare.first, "folder that a run wrote, or a scenario")->type_name(kind)->required();
  app.add_option("second", compare.second, "what it is held against, likewise (default with --set: the first, changed)")
      ->type_name(kind);
  add_jobs(app, compare.jobs, "simulations side by side (default: one a core)");
  add_set(app, compare.set, "override a field of the second, a scenario, by its dotted path; repeatable");
  add_format(app, compare.format);
}

int run_compare(const Arguments& given) {
  return compare(given.compare);
}

void add_merge(CLI::App& app, Arguments& arguments) {
  MergeArguments& merge = arguments.merge;
  add_scenario(app, merge.scenario, "scenario that was run, a JSON file")->required();
  app.add_option("results", merge.results, "folders that runs of it wrote (default: the results folder alone)")
      ->type_name("RESULTS");
  add_out(app, merge.out, "results/<scenario file's stem>");
  add_set(app, merge.set);
  add_format(app, merge.format);
}

int run_merge(const Arguments& given) {
  return merge(given.merge);
}

constexpr Command all_commands[] = {
    {"plan", "find the fastest way to train on a cluster, and what would turn it",
     "simrun plan scenarios/32gpu_1gbe.json\n"
     "simrun plan my.json --set plan.methods=scenario\n"
     "simrun plan my.json --set 'plan={\"target\": {\"efficiency\": 0.9}}'",
     add_plan, run_plan},
    {"compare", "say what differs between two runs, and what explains it",
     "simrun compare results/before results/after\n"
     "simrun compare my.json --set network.bandwidth=\"10 Gbps\"\n"
     "simrun compare scenarios/sweep_k_m.json scenarios/sweep_k_m_10gbe.json --format csv",
     add_compare, run_compare},
    {"explain", "say who waits for what in an iteration, and what would shorten it",
     "simrun explain results/32gpu_1gbe\n"
     "simrun explain scenarios/32gpu_1gbe.json gtop-k",
     add_explain, run_explain},
    {"fidelity", "say how many bits each method sends, and what of a gradient is lost",
     "simrun fidelity scenarios/mergecomp_8gpu.json\n"
     "simrun fidelity my.json --set model=resnet20-cifar10 --format csv",
     add_fidelity, run_fidelity},
    {"list", "methods, codecs, collectives, models, devices, networks: one line each",
     "simrun list methods\n"
     "simrun list devices",
     add_list, run_list},
    {"schema", "print the JSON Schema of a scenario",
     "simrun schema\n"
     "simrun schema > scenario.schema.json",
     add_nothing, run_schema},
    {"calibrate", "measure this machine's GPU or processor, and write a device profile",
     "simrun calibrate --quick\n"
     "simrun calibrate --implementation pytorch -o my_gpu.json",
     add_calibrate, run_calibrate},
    {"report", "write a results folder as one HTML page: plots, table, provenance",
     "simrun report results/32gpu_1gbe\n"
     "simrun report results/sweep_k_m -o sweep.html",
     add_report, run_report},
    {"measure", "run a scenario's exchanges between real processes, by mpirun",
     "mpirun -np 9 simrun measure my.json\n"
     "mpirun -np 9 --hostfile hosts simrun measure my.json --iterations 50",
     add_measure, run_measure, refuse_to_measure},
    {"train", "train a scenario's model on real data: accuracy by round and time",
     "simrun train scenarios/train_fashion_mnist.json\n"
     "simrun train scenarios/train_fashion_mnist.json --set training.rounds=50 -o results/short",
     add_train, run_train},
    {"merge", "take the points of shards into one folder, with its report; runs none",
     "simrun merge my_sweep.json -o results/my_sweep\n"
     "simrun merge my_sweep.json shard-1 shard-2 shard-3 -o results/my_sweep",
     add_merge, run_merge},
    {"schedule", "compare groupings of a scenario's tensors, and find the best there is",
     "simrun schedule scenarios/mergecomp_8gpu.json\n"
     "simrun schedule scenarios/mergecomp_8gpu.json --max-groups 2 --format csv",
     add_schedule, run_schedule},
};

}  // namespace

std::span<const Command> commands() {
  return all_commands;
}

void add_run(CLI::App& app, RunArguments& run) {
  add_scenario(app, run.scenario, "scenario to run, a JSON file");
  add_out(app, run.out, "results/<scenario file's stem>");
  add_jobs(app, run.jobs, "points side by side (default: one a core)");
  add_set(app, run.set, "override a field by its dotted path, like workers=64 or methods.1.density=0.01; repeatable");
  add_format(app, run.format);
  app.add_flag("--dry-run", run.dry_run, "validate, list the points, run none");
  app.add_flag("--trace", run.trace, "also write a trace a point, which Perfetto opens");
  app.add_flag("--break-even", run.break_even,
               "also where a point has several groups or rounds, find the longest encoding with which it is as fast "
               "as sgd, by a few simulations");
  app.add_option("--shard", run.shard,
                 "run the I-th of N shares of the points; all into the same results folder, in any order")
      ->type_name("I/N");
  app.add_flag("--fresh", run.fresh, "run all points again, also those that the results folder has");
}

}  // namespace simrun
