#pragma once

#include <span>
#include <string>

#include "sim/answers/compare.hpp"
#include "sim/answers/explain.hpp"
#include "sim/answers/fidelity.hpp"
#include "sim/answers/plan.hpp"
#include "sim/calibration/calibrate.hpp"
#include "sim/mpi/measure.hpp"
#include "sim/report/report_page.hpp"
#include "sim/run.hpp"
#include "sim/scheduling/schedule.hpp"
#include "sim/text/error.hpp"
#include "sim/training/train.hpp"

namespace CLI {
class App;
}

namespace simrun {

/// What the command line gave, of a run and of every command.
struct Arguments {
  RunArguments run;
  std::string kind = "all";
  CalibrateArguments calibrate;
  ReportPageArguments report;
  MeasureArguments measure;
  TrainArguments train;
  ScheduleArguments schedule;
  PlanArguments plan;
  ExplainArguments explain;
  FidelityArguments fidelity;
  CompareArguments compare;
  MergeArguments merge;
};

/// A command: what stands in the help, what it takes, and what runs it and returns the exit status.
struct Command {
  const char* name;
  const char* help;
  const char* examples;
  void (*add)(CLI::App& app, Arguments& arguments);
  int (*run)(const Arguments& arguments);
  int (*refuse)(const InputError& mistake) = nullptr;  ///< what is done about a wrong command line; null: it is thrown
};

/// Every command, in the order in which the help lists them. Without one, simrun runs a scenario.
std::span<const Command> commands();

/// Declares what a run takes.
void add_run(CLI::App& app, RunArguments& run);

}  // namespace simrun
