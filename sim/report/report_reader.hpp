#pragma once

#include <string>

#include "sim/text/csv_reader.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// Who wrote a folder of results.
enum class ResultsKind { run, training, plan };

/// Throws InputError where there is no such folder, or nothing in it that simrun writes.
ResultsKind results_kind(const std::string& results);

/// What the run that wrote the folder `results` reported: its report.json, with every key and column that a reader may
/// rely on, of the right kind. Throws InputError: no such folder, no report.json in it, one that simrun did not write.
Json read_report(const std::string& results);

/// Likewise what `simrun train` reported, its training.json, and the rows of its curves.csv.
Json read_training(const std::string& results);
CsvTable read_curves(const std::string& results);

/// Likewise what `simrun plan` found, its plan.json.
Json read_plan(const std::string& results);

}  // namespace simrun
