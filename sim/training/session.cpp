#include "sim/training/session.hpp"

#include <algorithm>
#include <span>

#include "sim/study/point_key.hpp"
#include "sim/system/child_process.hpp"
#include "sim/system/digest.hpp"
#include "sim/system/folder_lock.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/json.hpp"
#include "sim/text/table.hpp"
#include "sim/training/curves.hpp"
#include "sim/training/feasible.hpp"
#include "sim/training/multiply.hpp"
#include "sim/training/round_time.hpp"
#include "sim/workload/gradients.hpp"
#include "sim/workload/npy.hpp"

namespace simrun {
namespace {

/// Erases what tells runs of a point apart, and what is only done with their curves.
void erase_choices(Json& resolved) {
  for (const char* key : {"seeds", "tuning_seeds", "target_accuracy", "learning_rate"}) resolved["training"].erase(key);
  Json& method = resolved["methods"].front();
  if (!method.contains("training")) return;
  method["training"].erase("learning_rate");
  if (method["training"].empty()) method.erase("training");
}

/// Keys of points by what training them depends on, but for seed and step size.
std::vector<std::string> training_keys(Study study) {
  for (Point& point : study.points) {
    Json resolved = *point.scenario.resolved;
    erase_choices(resolved);
    point.scenario.resolved = std::move(resolved);
  }
  return point_keys(study);
}

/// What a training goes by: everything but what only times its rounds. Points of which it is the same learn the same.
std::string what_is_trained(const Scenario& scenario) {
  Json all = *scenario.resolved;
  for (const char* key : {"name", "compute", "device", "host", "network"}) all.erase(key);
  all["gradients"] = all["gradients"]["precision"];  // the others are of gradients that are not trained with
  erase_choices(all);
  return all.dump();
}

bool has_failed(const TrainingRun* run) {
  return !run->failure.empty();
}

void take_curves(const Trainer& trainer, const std::vector<TrainingRun*>& alike) {
  for (std::size_t i = 0; i < alike.size(); ++i) {
    alike[i]->curve = has_failed(alike[i]) ? std::vector<CurvePoint>() : trainer.curve(i);
  }
}

std::string note(const Trainer& trainer) {
  return trainer.curve().empty() ? "" : "accuracy " + percent(trainer.curve().back().test_accuracy);
}

}  // namespace

TrainingSession::TrainingSession(const Study& study, const TrainArguments& arguments)
    : study_(study), arguments_(arguments), keys_(training_keys(study)), store_(arguments.out + "/runs") {
  for (const Point& point : study.points) trainings_.push_back(what_is_trained(point.scenario));
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    const std::vector<double>& steps = training_of(point).method.learning_rate.sizes;
    const bool chooses = steps.size() > 1;
    for (const std::uint64_t seed : chooses ? tuning_seeds(training_of(point)) : training_of(point).seeds) {
      for (const double step : steps) runs_.push_back({.point = point, .seed = seed, .step = step});
    }
  }
}

void TrainingSession::check() {
  for (std::size_t point = 0; point < study_.points.size(); ++point) {
    const Scenario& scenario = study_.points[point].scenario;
    check_adversaries(scenario);
    check_rounds(scenario);
    check_batch(scenario, datasets_.of(scenario).data);
    for (const std::uint64_t seed : training_of(point).seeds)
      make_trainer({.point = point, .seed = seed, .step = training_of(point).method.learning_rate.sizes.front()}, {});
  }
}

std::vector<std::string> TrainingSession::names() const {
  std::vector<std::string> all;
  for (std::size_t point = 0; point < study_.points.size(); ++point) {
    for (const TrainingRun& run : runs_) {
      if (run.point == point) all.push_back(run_name(study_, point, run.seed, run.step));
    }
    if (training_of(point).method.learning_rate.sizes.size() == 1) continue;
    for (std::size_t i = training_of(point).tuning_seeds; i < training_of(point).seeds.size(); ++i)
      all.push_back(run_name(study_, point, training_of(point).seeds[i], std::nullopt));
  }
  return all;
}

void TrainingSession::run(const InterruptionWatch& watch) {
  make_folder(store_.folder());
  train_from(0, watch);
  if (watch.signal() != 0) return;
  const std::size_t first = runs_.size();
  add_runs_of_best_steps();
  train_from(first, watch);
  std::stable_sort(runs_.begin(), runs_.end(), [](const auto& a, const auto& b) { return a.point < b.point; });
  if (watch.signal() == 0) store_.drop_states();
}

bool TrainingSession::learns_the_same(const TrainingRun& a, const TrainingRun& b) const {
  return a.seed == b.seed && a.step == b.step && trainings_[a.point] == trainings_[b.point];
}

std::string TrainingSession::key_of(const TrainingRun& run) {
  return digest_of(keys_[run.point] + datasets_.of(scenario_of(run)).digest + vectors_of_multiply() +
                   std::to_string(run.seed) + "," + Json(run.step).dump());
}

std::size_t TrainingSession::count_all_runs() const {
  return names().size();
}

void TrainingSession::add_runs_of_best_steps() {
  for (std::size_t point = 0; point < study_.points.size(); ++point) {
    const Training& training = training_of(point);
    if (training.method.learning_rate.sizes.size() == 1) continue;
    const std::optional<double> best = best_step(study_, point, runs_);
    for (std::size_t i = training.tuning_seeds; best && i < training.seeds.size(); ++i)
      runs_.push_back({.point = point, .seed = training.seeds[i], .step = *best});
  }
}

/// Trains the runs from this one on that the folder does not have.
void TrainingSession::train_from(std::size_t first_run, const InterruptionWatch& watch) {
  const std::size_t all = count_all_runs();
  std::vector<std::size_t> left;
  for (std::size_t i = first_run; i < runs_.size(); ++i) {
    if (!take_over(runs_[i])) left.push_back(i);
  }
  while (!left.empty() && watch.signal() == 0) {
    const std::size_t first = left.front();
    Runs alike;
    std::erase_if(left, [&](std::size_t i) {
      const bool same = learns_the_same(runs_[i], runs_[first]);
      if (same) alike.push_back(&runs_[i]);
      return same;
    });
    shared_ += alike.size() - 1;
    const TrainingRun& run = *alike.front();
    const std::string place = all == 1 ? "" : std::to_string(first + 1) + "/" + std::to_string(all) + " ";
    ProgressBar bar(place + run_name(study_, run.point, run.seed, run.step) +
                    (alike.size() > 1 ? ", on " + std::to_string(alike.size()) + " clocks" : ""));
    try {
      train(alike, bar, watch);
    } catch (const NonFiniteError&) {
      for (TrainingRun* overflowed : alike) overflowed->overflowed = !has_failed(overflowed);
      finish(alike);
    }
  }
}

/// True if the run was finished before.
bool TrainingSession::take_over(TrainingRun& run) {
  if (arguments_.fresh) return false;
  auto curve = store_.finished(key_of(run));
  if (!curve) return false;
  run.curve = std::move(*curve);
  run.overflowed = run.curve.empty() || run.curve.back().round < training_of(run.point).rounds;
  ++taken_over_;
  return true;
}

std::unique_ptr<Trainer> TrainingSession::make_trainer(const TrainingRun& run, std::vector<RoundTime> clocks) {
  const Scenario& scenario = scenario_of(run);
  return std::make_unique<Trainer>(scenario, datasets_.of(scenario).data,
                                   TrainingId{.seed = run.seed, .step = run.step}, arguments_.threads,
                                   std::move(clocks), Where{scenario.file, ""});
}

/// A cluster that cannot be simulated makes its own run fail, no other.
RoundTime TrainingSession::clock_of(TrainingRun& run) const {
  return [this, &run](const PayloadTable& payloads) {
    try {
      if (run.failure.empty()) return simulate_round(scenario_of(run), payloads);
    } catch (const ChildFailure& failure) {
      run.failure = std::string("its time cannot be simulated: ") + failure.what();
    }
    return Seconds(0);
  };
}

std::unique_ptr<Trainer> TrainingSession::make_trainer_of_all(const Runs& alike) {
  std::vector<RoundTime> clocks;
  for (TrainingRun* run : alike) clocks.push_back(clock_of(*run));
  auto trainer = make_trainer(*alike.front(), std::move(clocks));
  trainer->save_gradients_with([=, this](std::int64_t round, std::size_t worker, std::span<const float> gradient) {
    for (const TrainingRun* run : alike) {
      const std::string folder = arguments_.out + "/gradients/" + round_name(study_, *run, round);
      make_folder(folder);
      write_file(folder + "/" + gradient_file(worker), npy_of(gradient));
    }
  });
  return trainer;
}

/// Throws NonFiniteError where they overflow; their rows are those so far.
void TrainingSession::train(const Runs& alike, ProgressBar& bar, const InterruptionWatch& watch) {
  const std::unique_ptr<Trainer> trainer = make_trainer_of_all(alike);
  std::string keys;
  for (const TrainingRun* run : alike) keys += key_of(*run);
  const std::string key = alike.size() == 1 ? keys : digest_of(keys);
  const auto begun = arguments_.fresh ? std::nullopt : store_.state(key);
  if (begun) trainer->restore(*begun);
  const auto before = static_cast<std::size_t>(trainer->round());
  const std::int64_t rounds = training_of(alike.front()->point).rounds;
  const std::int64_t between_states = std::max<std::int64_t>(1, rounds / 10);
  const auto keep_state = [&] {  // not with a time that is wrong
    if (std::none_of(alike.begin(), alike.end(), has_failed)) store_.keep_state(key, trainer->state());
  };
  while (!trainer->is_done()) {
    take_curves(*trainer, alike);
    if (std::all_of(alike.begin(), alike.end(), has_failed)) return;
    if (watch.signal() != 0) return keep_state();
    trainer->step();
    if (trainer->round() % between_states == 0 && !trainer->is_done()) keep_state();
    bar.show({.done = static_cast<std::size_t>(trainer->round()),
              .total = static_cast<std::size_t>(rounds),
              .before = before,
              .note = note(*trainer)});
  }
  take_curves(*trainer, alike);
  finish(alike);
  store_.drop_state(key);
}

/// Keeps the rows of runs that have ended.
void TrainingSession::finish(const Runs& alike) {
  for (const TrainingRun* run : alike) {
    if (!has_failed(run)) store_.keep_finished(key_of(*run), run->curve);
  }
}

}  // namespace simrun
