#include "sim/training/train.hpp"

#include <algorithm>
#include <memory>
#include <span>

#include "sim/child_process.hpp"
#include "sim/data_path.hpp"
#include "sim/digest.hpp"
#include "sim/folder_lock.hpp"
#include "sim/gradients.hpp"
#include "sim/interruption.hpp"
#include "sim/npy.hpp"
#include "sim/point_key.hpp"
#include "sim/progress_bar.hpp"
#include "sim/run.hpp"
#include "sim/table.hpp"
#include "sim/terminal.hpp"
#include "sim/training/curves.hpp"
#include "sim/training/datasets.hpp"
#include "sim/training/feasible.hpp"
#include "sim/training/multiply.hpp"
#include "sim/training/round_time.hpp"
#include "sim/training/run_store.hpp"
#include "sim/write_file.hpp"

namespace simrun {
namespace {

std::string runs(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " run" : " runs");
}

std::string digest_of(const std::string& text) {
  return hexadecimal(digest(std::as_bytes(std::span(text))));
}

/// Keys of points by what training them depends on: not the list of seeds, nor the target.
std::vector<std::string> training_keys(Study study) {
  for (Point& point : study.points) {
    point.scenario.resolved["training"].erase("seeds");
    point.scenario.resolved["training"].erase("target_accuracy");
  }
  return point_keys(study);
}

/// What a training goes by: everything but what only times its rounds. Points of which it is the same learn the same.
std::string what_is_trained(const Scenario& scenario) {
  Json all = scenario.resolved;
  for (const char* key : {"name", "compute", "device", "host", "network", "gradients"}) all.erase(key);
  all["training"].erase("seeds");
  all["training"].erase("target_accuracy");
  return all.dump();
}

/// Trains the runs of a study one after another; those that differ in nothing but their clocks at once.
class TrainingSession {
 public:
  TrainingSession(const Study& study, const TrainArguments& arguments)
      : study_(study), arguments_(arguments), keys_(training_keys(study)), store_(arguments.out + "/runs") {
    for (const Point& point : study.points) trainings_.push_back(what_is_trained(point.scenario));
    for (std::size_t point = 0; point < study.points.size(); ++point) {
      for (const std::uint64_t seed : study.points[point].scenario.training->seeds)
        runs_.push_back({.point = point, .seed = seed, .curve = {}, .failure = {}});
    }
  }

  /// Throws InputError where a run cannot be begun.
  void check() {
    for (const TrainingRun& run : runs_) {
      check_adversaries(scenario_of(run));
      check_batch(scenario_of(run), datasets_.of(scenario_of(run)).data);
      make_trainer(run, {});
    }
  }

  const std::vector<TrainingRun>& runs() const { return runs_; }
  const Datasets& datasets() const { return datasets_; }

  /// Runs that were finished before, and runs that were trained with another one.
  std::size_t taken_over() const { return taken_over_; }
  std::size_t shared() const { return shared_; }

  void run(const InterruptionWatch& watch) {
    make_folder(store_.folder());
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (!take_over(runs_[i])) left.push_back(i);
    }
    while (!left.empty() && watch.signal() == 0) {
      const std::size_t first = left.front();
      std::vector<TrainingRun*> alike;
      std::erase_if(left, [&](std::size_t i) {
        const bool same = runs_[i].seed == runs_[first].seed && training_of_run(i) == training_of_run(first);
        if (same) alike.push_back(&runs_[i]);
        return same;
      });
      shared_ += alike.size() - 1;
      const std::string place =
          runs_.size() == 1 ? "" : std::to_string(first + 1) + "/" + std::to_string(runs_.size()) + " ";
      ProgressBar bar(place + run_name(study_, alike.front()->point, alike.front()->seed) +
                      (alike.size() > 1 ? ", on " + std::to_string(alike.size()) + " clocks" : ""));
      try {
        train(alike, bar, watch);
      } catch (const NonFiniteError&) {
        for (TrainingRun* run : alike) {
          if (!run->failure.empty()) continue;
          run->failure = "diverged after round " + std::to_string(run->curve.empty() ? 0 : run->curve.back().round) +
                         "; a smaller learning_rate may help";
        }
      }
    }
    if (watch.signal() == 0) store_.drop_states();
  }

 private:
  using Runs = std::vector<TrainingRun*>;

  const Scenario& scenario_of(const TrainingRun& run) const { return study_.points[run.point].scenario; }
  const std::string& training_of_run(std::size_t run) const { return trainings_[runs_[run].point]; }

  std::string key_of(const TrainingRun& run) {
    return digest_of(keys_[run.point] + datasets_.of(scenario_of(run)).digest + vectors_of_multiply() +
                     std::to_string(run.seed));
  }

  /// True if the run was finished before.
  bool take_over(TrainingRun& run) {
    if (arguments_.fresh) return false;
    auto curve = store_.finished(key_of(run));
    if (!curve) return false;
    run.curve = std::move(*curve);
    ++taken_over_;
    return true;
  }

  std::unique_ptr<Trainer> make_trainer(const TrainingRun& run, std::vector<RoundTime> clocks) {
    const Scenario& scenario = scenario_of(run);
    return std::make_unique<Trainer>(scenario, datasets_.of(scenario).data, run.seed, arguments_.threads,
                                     std::move(clocks), Where{scenario.file, ""});
  }

  /// A cluster that cannot be simulated makes its own run fail, no other.
  RoundTime clock_of(TrainingRun& run) const {
    return [this, &run](const PayloadTable& payloads) {
      try {
        if (run.failure.empty()) return simulate_round(scenario_of(run), payloads);
      } catch (const ChildFailure& failure) {
        run.failure = std::string("its time cannot be simulated: ") + failure.what();
      }
      return Seconds(0);
    };
  }

  static bool has_failed(const TrainingRun* run) { return !run->failure.empty(); }

  static void take_curves(const Trainer& trainer, const Runs& alike) {
    for (std::size_t i = 0; i < alike.size(); ++i) {
      alike[i]->curve = has_failed(alike[i]) ? std::vector<CurvePoint>() : trainer.curve(i);
    }
  }

  std::unique_ptr<Trainer> make_trainer_of_all(const Runs& alike) {
    std::vector<RoundTime> clocks;
    for (TrainingRun* run : alike) clocks.push_back(clock_of(*run));
    auto trainer = make_trainer(*alike.front(), std::move(clocks));
    trainer->save_gradients_with([=, this](std::int64_t round, std::size_t worker, std::span<const float> gradient) {
      for (const TrainingRun* run : alike) {
        const std::string folder = arguments_.out + "/gradients/" + round_name(study_, run->point, run->seed, round);
        make_folder(folder);
        write_file(folder + "/" + gradient_file(worker), npy_of(gradient));
      }
    });
    return trainer;
  }

  void train(const Runs& alike, ProgressBar& bar, const InterruptionWatch& watch) {
    const std::unique_ptr<Trainer> trainer = make_trainer_of_all(alike);
    std::string keys;
    for (const TrainingRun* run : alike) keys += key_of(*run);
    const std::string key = alike.size() == 1 ? keys : digest_of(keys);
    const auto begun = arguments_.fresh ? std::nullopt : store_.state(key);
    if (begun) trainer->restore(*begun);
    const auto before = static_cast<std::size_t>(trainer->round());
    const std::int64_t rounds = scenario_of(*alike.front()).training->rounds;
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
    for (const TrainingRun* run : alike) {
      if (!has_failed(run)) store_.keep_finished(key_of(*run), run->curve);
    }
    store_.drop_state(key);
  }

  static std::string note(const Trainer& trainer) {
    return trainer.curve().empty() ? "" : "accuracy " + percent(trainer.curve().back().test_accuracy);
  }

  const Study& study_;
  const TrainArguments& arguments_;
  std::vector<std::string> keys_;       ///< by point
  std::vector<std::string> trainings_;  ///< by point
  RunStore store_;
  Datasets datasets_;
  std::vector<TrainingRun> runs_;
  std::size_t taken_over_ = 0;
  std::size_t shared_ = 0;
};

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
    for (const TrainingRun& run : session.runs()) print_lines(visible(run_name(study, run.point, run.seed)) + "\n");
    say_notes(study);
    return 0;
  }
  for (const char* file : {"curves.csv", "summary.csv", "training.json"}) check_replaceable(arguments.out + "/" + file);
  make_folder(arguments.out);
  const FolderLock lock(arguments.out, FolderLock::Kind::alone);
  const InterruptionWatch watch;
  session.run(watch);
  const TrainingReport report(study, session.runs());
  write_report(report, data_of(session.datasets()), arguments.out);
  if (watch.signal() != 0) {
    say("simrun: interrupted; the rows so far are in " + arguments.out + "/curves.csv, the same command goes on");
    return 128 + watch.signal();
  }
  print(report, data_of(session.datasets()), arguments.format);
  say_notes(study);
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
  check_training(study, resolved.threads);
  return run_session(study, resolved);
}

}  // namespace simrun
