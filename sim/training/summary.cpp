#include "sim/training/summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "sim/text/json.hpp"

namespace simrun {
namespace {

using Runs = std::vector<const TrainingRun*>;

const Training& training_at(const Study& study, std::size_t point) {
  return *study.points[point].scenario.training;
}

/// The runs of a point with one step size and these seeds that have ended.
Runs ended_runs(const Study& study, std::size_t point, double step, const std::vector<std::uint64_t>& seeds,
                const std::vector<TrainingRun>& runs) {
  Runs found;
  for (const TrainingRun& run : runs) {
    if (run.point == point && run.step == step && run.failure.empty() &&
        std::find(seeds.begin(), seeds.end(), run.seed) != seeds.end() &&
        run.has_ended(training_at(study, point).rounds))
      found.push_back(&run);
  }
  return found;
}

/// `runs`: not empty.
StepSummary summary_of(const Runs& runs) {
  StepSummary all{.point = runs.front()->point, .step = runs.front()->step, .seeds = runs.size()};
  const double n = static_cast<double>(runs.size());
  for (const TrainingRun* run : runs) {
    const CurvePoint last = run->curve.empty() ? CurvePoint{} : run->curve.back();
    const double known = run->overflowed ? std::numeric_limits<double>::quiet_NaN() : 1;
    all.accuracy += known * last.test_accuracy / n;
    all.validation += known * last.validation_accuracy / n;
    all.diverged += run->has_diverged() ? 1 : 0;
  }
  if (runs.size() == 1) return all;
  double square = 0;
  for (const TrainingRun* run : runs)
    square += std::pow((run->curve.empty() ? 0 : run->curve.back().test_accuracy) - all.accuracy, 2);
  all.deviation = std::sqrt(square / (n - 1));
  return all;
}

/// The larger, the better: what did not diverge comes first, then accuracy decides, where it is known.
std::pair<bool, double> rank(const StepSummary& of) {
  return {of.diverged == 0, std::isnan(of.validation) ? -1 : of.validation};
}

/// The mean over the seeds of the first row with that accuracy; none where one of them has none.
std::optional<CurvePoint> first_with(double accuracy, const Runs& runs) {
  CurvePoint mean;
  double rounds = 0;
  const double share = 1 / static_cast<double>(runs.size());
  for (const TrainingRun* run : runs) {
    const auto found = std::find_if(run->curve.begin(), run->curve.end(),
                                    [&](const CurvePoint& row) { return row.test_accuracy >= accuracy; });
    if (run->overflowed || found == run->curve.end()) return std::nullopt;
    rounds += share * static_cast<double>(found->round);
    mean.uplink_bytes += share * found->uplink_bytes;
    mean.downlink_bytes += share * found->downlink_bytes;
    mean.simulated_s += share * found->simulated_s;
  }
  mean.round = std::llround(rounds);
  return mean;
}

/// True if `a` is nowhere worse than `b` and somewhere better.
bool dominates(const CurvePoint& a, const CurvePoint& b) {
  const double bytes_a = a.uplink_bytes + a.downlink_bytes;
  const double bytes_b = b.uplink_bytes + b.downlink_bytes;
  return bytes_a <= bytes_b && a.simulated_s <= b.simulated_s && (bytes_a < bytes_b || a.simulated_s < b.simulated_s);
}

void mark_fronts(const Study& study, std::vector<TrainingSummary>& all) {
  std::map<std::string, std::vector<const TrainingSummary*>> rivals;
  const auto question = [&](const TrainingSummary& of) { return question_of(study.points[of.point].scenario).dump(); };
  for (const TrainingSummary& summary : all) {
    if (summary.target) rivals[question(summary)].push_back(&summary);
  }
  for (TrainingSummary& summary : all) {
    const auto& others = rivals[question(summary)];
    summary.on_front = summary.target && std::none_of(others.begin(), others.end(), [&](const TrainingSummary* other) {
                         return dominates(*other->target, *summary.target);
                       });
  }
}

}  // namespace

Json question_of(const Scenario& scenario) {
  const Json& all = *scenario.resolved;
  Json question = Json::array();
  for (const char* key : {"model", "compute", "device", "host", "network"}) question.push_back(all.value(key, Json()));
  for (const char* key : {"data", "split", "adversaries", "target_accuracy"})
    question.push_back(all["training"].value(key, Json()));
  return question;
}

std::vector<std::uint64_t> tuning_seeds(const Training& training) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(training.tuning_seeds, training.seeds.size()));
  return {training.seeds.begin(), training.seeds.begin() + count};
}

std::optional<double> best_step(const Study& study, std::size_t point, const std::vector<TrainingRun>& runs) {
  const Training& training = training_at(study, point);
  const std::vector<double>& steps = training.method.learning_rate.sizes;
  if (steps.size() == 1) return steps.front();
  const std::vector<std::uint64_t> seeds = tuning_seeds(training);
  std::optional<StepSummary> best;
  for (const double step : steps) {
    const Runs ended = ended_runs(study, point, step, seeds, runs);
    if (ended.size() < seeds.size()) return std::nullopt;
    const StepSummary summary = summary_of(ended);
    if (!best || rank(summary) > rank(*best)) best = summary;
  }
  return best->step;
}

std::vector<StepSummary> summarise_steps(const Study& study, const std::vector<TrainingRun>& runs) {
  std::vector<StepSummary> all;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    const std::optional<double> best = best_step(study, point, runs);
    if (!best) continue;
    const Training& training = training_at(study, point);
    for (const double step : training.method.learning_rate.sizes) {
      const Runs ended = ended_runs(study, point, step, tuning_seeds(training), runs);
      if (ended.empty()) continue;
      all.push_back(summary_of(ended));
      all.back().is_best = step == *best;
    }
  }
  return all;
}

std::vector<TrainingSummary> summarise(const Study& study, const std::vector<TrainingRun>& runs) {
  std::vector<TrainingSummary> all;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    const std::optional<double> best = best_step(study, point, runs);
    if (!best) continue;
    const Training& training = training_at(study, point);
    const Runs ended = ended_runs(study, point, *best, training.seeds, runs);
    if (ended.size() < training.seeds.size()) continue;
    TrainingSummary summary;
    static_cast<StepSummary&>(summary) = summary_of(ended);
    summary.is_best = true;
    summary.target = first_with(training.target_accuracy, ended);
    all.push_back(summary);
  }
  mark_fronts(study, all);
  return all;
}

}  // namespace simrun
