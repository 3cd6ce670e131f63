#pragma once

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

/// Prints as usual, and keeps the median time of every case.
class Medians : public benchmark::ConsoleReporter {
 public:
  Medians() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.aggregate_name == "median") seconds_[run.run_name.str()] = run.GetAdjustedRealTime() * 1e-3;
    }
  }

  /// Seconds of the case "name" or "name/argument"; NaN if it was not run.
  double of(const std::string& name) const {
    for (const auto& [key, value] : seconds_) {
      if (key.rfind(name + "/", 0) == 0 || key == name) return value;
    }
    return NAN;
  }

 private:
  std::map<std::string, double> seconds_;  // by name
};

/// A line of the summary: a figure beside its limits.
inline void print_figure(const char* what, double figure, const char* unit, const char* limits = "") {
  std::printf("%-74s %8.2f %-9s %s\n", what, figure, unit, limits);
}
