#include "sim/training/train.hpp"

#include "sim/scenario/sweep.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/folder_lock.hpp"
#include "sim/system/interruption.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/terminal.hpp"
#include "sim/training/curves.hpp"
#include "sim/training/feasible.hpp"
#include "sim/training/session.hpp"

namespace simrun {
namespace {

std::string runs(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " run" : " runs");
}

void check_training(const Study& study, unsigned threads) {
  if (!study.points.front().scenario.training)
    Where{study.file, "training"}.fail("is missing", "required by simrun train");
  check_memory(study, threads);
}

/// Where the samples are from.
Json data_of(const Datasets& datasets) {
  Json all = Json::array();
  for (const auto& [folder, entry] : datasets.all())
    all.push_back({{"folder", folder},
                   {"digest", entry.digest},
                   {"train", entry.data.train.size()},
                   {"test", entry.data.test.size()},
                   {"classes", entry.data.classes}});
  return all;
}

void write_report(const TrainingReport& report, const Json& data, const std::string& out) {
  write_file(out + "/curves.csv", report.curves_csv());
  write_file(out + "/summary.csv", report.summary_csv());
  write_file(out + "/steps.csv", report.steps_csv());
  write_file(out + "/training.json", report.json(data).dump(2) + "\n");
}

void print(const TrainingReport& report, const Json& data, const std::string& format) {
  if (format == "csv") print_data(report.curves_csv());
  if (format == "json") print_data(report.json(data).dump(2) + "\n");
  if (format == "table") print_lines(report.table());
}

void say_notes(const Study& study) {
  for (const std::string& note : study.notes) say("note: " + note);
}

int run_session(const Study& study, const TrainArguments& arguments) {
  TrainingSession session(study, arguments);
  session.check();
  if (arguments.dry_run) {
    for (const std::string& name : session.names()) print_lines(visible(name) + "\n");
    say_notes(study);
    return 0;
  }
  for (const char* file : {"curves.csv", "summary.csv", "steps.csv", "training.json"})
    check_replaceable(arguments.out + "/" + file);
  make_folder(arguments.out);
  const FolderLock lock(arguments.out, FolderLock::Kind::alone);
  const InterruptionWatch watch;
  session.run(watch);
  const TrainingReport report(study, session.runs());
  write_report(report, data_of(session.datasets()), arguments.out);
  if (lock.is_held()) remove_leftovers(arguments.out);
  if (watch.signal() != 0) {
    say("simrun: interrupted; the rows so far are in " + arguments.out + "/curves.csv, the same command goes on");
    return 128 + watch.signal();
  }
  print(report, data_of(session.datasets()), arguments.format);
  say_notes(study);
  if (const std::string edges = report.edges(); !edges.empty()) say("note: " + edges);
  for (const std::string& line : report.failures()) say("failed: " + line);
  say("results in " + arguments.out + ": " + runs(session.runs().size()) +
      (session.taken_over() > 0 ? ", " + std::to_string(session.taken_over()) + " of them from before" : "") +
      (session.shared() > 0 ? ", " + std::to_string(session.shared()) + " of them trained with another" : ""));
  return report.failures().empty() ? 0 : 1;
}

}  // namespace

int train(const TrainArguments& arguments) {
  TrainArguments resolved = arguments;
  resolved.scenario = find_file(arguments.scenario, "").value_or(arguments.scenario);
  if (resolved.out.empty()) resolved.out = "results/" + name_of_scenario(resolved.scenario) + "-trained";
  const Study study = read_study(resolved.scenario, parse_overrides(arguments.set));
  refuse_searches(study, "train");
  check_training(study, resolved.threads);
  return run_session(study, resolved);
}

}  // namespace simrun
