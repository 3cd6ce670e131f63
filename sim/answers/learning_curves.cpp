#include "sim/answers/learning_curves.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "sim/text/csv_reader.hpp"
#include "sim/text/error.hpp"
#include "sim/text/json.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr std::size_t most_bytes = 1'000'000'000;

std::string file_of_curves(const std::string& name) {
  std::error_code ignored;
  return std::filesystem::is_directory(name, ignored) ? name + "/curves.csv" : name;
}

/// The first of these columns that the row has.
std::optional<double> first_number(const CsvTable& table, std::size_t row, const std::vector<std::string>& columns) {
  for (const std::string& column : columns) {
    if (const auto value = table.number(row, column)) return value;
  }
  return std::nullopt;
}

RoundsToTarget over_seeds(std::vector<double> rounds) {
  std::ranges::sort(rounds);
  const std::size_t half = rounds.size() / 2;
  const double median = rounds.size() % 2 == 1 ? rounds[half] : (rounds[half - 1] + rounds[half]) / 2;
  const auto reached = static_cast<std::size_t>(std::ranges::count_if(rounds, [](double r) { return r < never; }));
  return {median, rounds.front(), reached > 0 ? rounds[reached - 1] : never, rounds.size(), reached};
}

/// Columns that tell trainings from each other: all but what came out, and what has a place of its own.
std::vector<std::string> columns_of_choice(const CsvTable& table) {
  const std::set<std::string> others = {"method",
                                        "density",
                                        "k",
                                        "workers",
                                        "seed",
                                        "round",
                                        "accuracy",
                                        "test_accuracy",
                                        "loss",
                                        "train_loss",
                                        "uplink_bytes",
                                        "downlink_bytes",
                                        "simulated_s",
                                        "validation_accuracy",
                                        "diverged",
                                        "best",
                                        "estimated_share"};
  std::vector<std::string> columns;
  for (const std::string& column : table.columns()) {
    if (!others.contains(column)) columns.push_back(column);
  }
  return columns;
}

constexpr double most_rounds = 1e9;

/// The round of a row.
double round_of(const CsvTable& table, std::size_t row) {
  const auto round = table.number(row, "round");
  const char* accepted = "accepted: a whole number of rounds";
  if (!round) table.fail(row, "round is missing", accepted);
  if (*round < 0 || *round > most_rounds || *round != std::floor(*round))
    table.fail(row, "round is " + *table.text(row, "round"), accepted);
  return *round;
}

/// The row's method; what sparsifies says how much it keeps.
const MethodEntry& method_of_row(const CsvTable& table, std::size_t row) {
  const auto name = table.text(row, "method");
  const MethodEntry* method = name ? find_method(*name) : nullptr;
  if (method == nullptr)
    table.fail(row, name ? "there is no method \"" + shown_name(*name) + "\"" : "method is missing",
               "accepted: a method, see simrun list methods");
  const bool needs_k = find_codec(method->codec())->sparsifies;
  if (needs_k && !table.number(row, "density") && !table.number(row, "k"))
    table.fail(row, *name + " has neither density nor k", "accepted: one of the two columns");
  return *method;
}

}  // namespace

LearningCurves::LearningCurves(const std::string& name, const PlanTarget& target)
    : file_(file_of_curves(name)), target_(target) {
  const CsvTable table(file_, read_text(file_, "file", most_bytes));
  const std::vector<std::string> columns = target.accuracy ? std::vector<std::string>{"accuracy", "test_accuracy"}
                                                           : std::vector<std::string>{"loss", "train_loss"};
  if (!table.has(columns[0]) && !table.has(columns[1]))
    throw InputError(file_, "line 1", "there is no " + columns[0],
                     "accepted: a column " + columns[0] + " or " + columns[1]);
  const std::vector<std::string> choices = columns_of_choice(table);
  std::map<std::vector<std::string>, std::size_t> known;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const MethodEntry& method = method_of_row(table, row);
    const double round = round_of(table, row);
    if (table.text(row, "best").value_or("true") == "false") continue;
    std::string choice;
    for (const std::string& column : choices) choice += table.text(row, column).value_or("") + "\n";
    std::vector<std::string> key = {choice};
    for (const char* column : {"method", "density", "k", "workers", "seed"})
      key.push_back(table.text(row, column).value_or(""));
    const auto [at, is_new] = known.try_emplace(key, curves_.size());
    if (is_new)
      curves_.push_back({.method = std::string(method.name),
                         .density = table.number(row, "density"),
                         .k = table.number(row, "k"),
                         .workers = table.number(row, "workers"),
                         .choice = choice});
    Curve& curve = curves_[at->second];
    const auto value = first_number(table, row, columns);
    if (!value) continue;
    if (target.accuracy && (*value < 0 || *value > 1))
      table.fail(row, "the accuracy is " + show(*value), "accepted: a share from 0 to 1");
    if (!curve.values.try_emplace(round, *value).second)
      table.fail(row, "round " + *table.text(row, "round") + " of this training stands there twice",
                 "accepted: a column that tells trainings apart, like seed");
  }
}

bool LearningCurves::is_of(const Curve& curve, const Scenario& scenario) const {
  if (curve.method != scenario.method.method->name) return false;
  if (curve.workers && *curve.workers != scenario.workers) return false;
  if (!scenario.method.kept) return true;
  const double density = scenario.method.kept->density(scenario.elements());
  if (curve.density) return std::abs(*curve.density - density) <= 1e-6 * density;
  return curve.k && *curve.k == static_cast<double>(scenario.entries());
}

double LearningCurves::first_round(const Curve& curve) const {
  for (const auto& [round, value] : curve.values) {
    if (target_.accuracy ? value >= *target_.accuracy : value <= *target_.loss) return std::max(1.0, round);
  }
  return never;
}

std::optional<RoundsToTarget> LearningCurves::rounds(const Scenario& scenario) const {
  std::map<std::string, std::vector<double>> by_choice;
  for (const Curve& curve : curves_) {
    if (!curve.values.empty() && is_of(curve, scenario)) by_choice[curve.choice].push_back(first_round(curve));
  }
  std::optional<RoundsToTarget> best;
  for (auto& [choice, rounds] : by_choice) {
    const RoundsToTarget found = over_seeds(std::move(rounds));
    if (!best || found.median < best->median) best = found;
  }
  return best;
}

std::vector<double> LearningCurves::densities() const {
  std::set<double> found;
  for (const Curve& curve : curves_) {
    if (curve.density && *curve.density < 1) found.insert(*curve.density);
  }
  return {found.begin(), found.end()};
}

}  // namespace simrun
