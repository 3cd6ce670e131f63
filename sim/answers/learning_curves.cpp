#include "sim/answers/learning_curves.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "sim/text/csv_reader.hpp"
#include "sim/text/error.hpp"
#include "sim/text/json.hpp"

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
  return {median, rounds.front(), rounds.back(), rounds.size()};
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
  std::map<std::vector<std::string>, std::size_t> known;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto method = table.text(row, "method");
    const auto round = table.number(row, "round");
    if (!method || find_method(*method) == nullptr)
      table.fail(row, method ? "there is no method \"" + *method + "\"" : "method is missing",
                 "accepted: a method, see simrun list methods");
    if (!round) table.fail(row, "round is missing", "accepted: a number of rounds");
    if (table.text(row, "best").value_or("true") == "false") continue;
    std::vector<std::string> key;
    for (const char* column : {"method", "density", "k", "workers", "learning_rate", "entry", "seed"})
      key.push_back(table.text(row, column).value_or(""));
    const auto [at, is_new] = known.try_emplace(key, curves_.size());
    if (is_new)
      curves_.push_back({.method = *method,
                         .density = table.number(row, "density"),
                         .k = table.number(row, "k"),
                         .workers = table.number(row, "workers"),
                         .choice = key[4] + "|" + key[5],
                         .seed = key[6]});
    Curve& curve = curves_[at->second];
    if (const auto value = first_number(table, row, columns)) curve.values[*round] = *value;
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
    if (target_.accuracy ? value >= *target_.accuracy : value <= *target_.loss) return round;
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
