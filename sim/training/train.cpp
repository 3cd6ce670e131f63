#include "sim/training/train.hpp"

#include <cstdio>
#include <filesystem>
#include <map>
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
#include "sim/training/adversary.hpp"
#include "sim/training/curves.hpp"
#include "sim/training/round_time.hpp"
#include "sim/training/run_store.hpp"
#include "sim/write_file.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

void say(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

std::string runs(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " run" : " runs");
}

std::string digest_of(const std::string& text) {
  return hexadecimal(digest(std::as_bytes(std::span(text))));
}

/// What a run has at least of vectors as long as the model: parameters, what the workers agreed on, a gradient a
/// thread; for each worker its residual, its momentum, and a payload that is not compressed.
Bytes least_memory(const Scenario& scenario, unsigned threads) {
  const MethodTraining& method = scenario.training->method;
  const bool dense = scenario.method.codec->make({}, nullptr)->combining() == Combining::sum;
  const bool momentum = method.momentum.factor > 0 && method.momentum.place == Momentum::Place::worker;
  const int a_worker = (scenario.method.error_feedback ? 1 : 0) + (momentum ? 1 : 0) + (dense ? 1 : 0);
  return Bytes(4.0 * static_cast<double>(scenario.elements()) *
               (2.0 + threads + a_worker * static_cast<double>(scenario.workers)));
}

void check_batch(const Scenario& scenario, const Dataset& data) {
  const auto samples = static_cast<std::int64_t>(data.train.size());
  if (scenario.batch_per_worker > samples)
    Where{scenario.file, "batch_per_worker"}.fail(
        std::to_string(scenario.batch_per_worker) + " samples of " + std::to_string(samples) + " to train on",
        "accepted: at most " + std::to_string(samples));
}

/// A share that changes nothing is a mistake.
void check_adversaries(const Scenario& scenario) {
  const Adversaries& adversaries = scenario.training->adversaries;
  if (adversaries.share == 0 || count_adversaries(adversaries, static_cast<std::size_t>(scenario.workers)) > 0) return;
  Where{scenario.file, "training.adversaries.share"}.fail(
      show(adversaries.share) + " of " + std::to_string(scenario.workers) + " workers is none of them",
      "accepted: 0, or what makes one at least");
}

/// Data sets by folder, each read once.
class Datasets {
 public:
  struct Entry {
    Dataset data;
    std::string digest;
  };

  const Entry& of(const Scenario& scenario) {
    const Where where{scenario.file, "training.data"};
    const std::string folder =
        find_dataset(scenario.training->data, fs::path(scenario.file).parent_path().string(), where);
    const auto [known, is_new] = entries_.try_emplace(folder);
    if (is_new) {
      known->second.data = read_dataset(folder, where);
      DigestStream contents;
      for (const Samples* samples : {&known->second.data.train, &known->second.data.test}) {
        contents.add(std::as_bytes(std::span(samples->pixels)));
        contents.add(std::as_bytes(std::span(samples->labels)));
      }
      known->second.digest = hexadecimal(contents.digest());
    }
    return known->second;
  }

  Json json() const {
    Json all = Json::array();
    for (const auto& [folder, entry] : entries_)
      all.push_back({{"folder", folder},
                     {"digest", entry.digest},
                     {"train", entry.data.train.size()},
                     {"test", entry.data.test.size()},
                     {"classes", entry.data.classes}});
    return all;
  }

 private:
  std::map<std::string, Entry> entries_;
};

/// Keys of points by what training them depends on: not the list of seeds, nor the target.
std::vector<std::string> training_keys(Study study) {
  for (Point& point : study.points) {
    point.scenario.resolved["training"].erase("seeds");
    point.scenario.resolved["training"].erase("target_accuracy");
  }
  return point_keys(study);
}

/// Trains the runs of a study one after another.
class TrainingSession {
 public:
  TrainingSession(const Study& study, const TrainArguments& arguments)
      : study_(study), arguments_(arguments), keys_(training_keys(study)), store_(arguments.out + "/runs") {
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
      make_trainer(run);
    }
  }

  const std::vector<TrainingRun>& runs() const { return runs_; }
  Json data() const { return datasets_.json(); }
  std::size_t taken_over() const { return taken_over_; }

  void run(const InterruptionWatch& watch) {
    make_folder(store_.folder());
    for (std::size_t i = 0; i < runs_.size() && watch.signal() == 0; ++i) {
      TrainingRun& run = runs_[i];
      const std::string key =
          digest_of(keys_[run.point] + datasets_.of(scenario_of(run)).digest + std::to_string(run.seed));
      if (auto curve = arguments_.fresh ? std::nullopt : store_.finished(key)) {
        run.curve = std::move(*curve);
        ++taken_over_;
        continue;
      }
      const std::string place =
          runs_.size() == 1 ? "" : std::to_string(i + 1) + "/" + std::to_string(runs_.size()) + " ";
      ProgressBar bar(place + run_name(study_, run.point, run.seed));
      try {
        train(run, key, bar, watch);
      } catch (const NonFiniteError&) {
        run.failure = "diverged after round " + std::to_string(run.curve.empty() ? 0 : run.curve.back().round) +
                      "; a smaller learning_rate may help";
      } catch (const ChildFailure& failure) {
        run.failure = std::string("its time cannot be simulated: ") + failure.what();
      }
    }
  }

 private:
  const Scenario& scenario_of(const TrainingRun& run) const { return study_.points[run.point].scenario; }

  std::unique_ptr<Trainer> make_trainer(const TrainingRun& run) {
    const Scenario& scenario = scenario_of(run);
    const auto round_time = [&scenario](const PayloadTable& payloads) { return simulate_round(scenario, payloads); };
    return std::make_unique<Trainer>(scenario, datasets_.of(scenario).data, run.seed, arguments_.threads, round_time,
                                     Where{scenario.file, ""});
  }

  void train(TrainingRun& run, const std::string& key, ProgressBar& bar, const InterruptionWatch& watch) {
    const std::unique_ptr<Trainer> trainer = make_trainer(run);
    trainer->save_gradients_with([&](std::int64_t round, std::size_t worker, std::span<const float> gradient) {
      const std::string folder = gradients_folder(run, round);
      make_folder(folder);
      write_file(folder + "/" + gradient_file(worker), npy_of(gradient));
    });
    const auto begun = arguments_.fresh ? std::nullopt : store_.state(key);
    if (begun) trainer->restore(*begun);
    const auto before = static_cast<std::size_t>(trainer->round());
    const std::int64_t rounds = scenario_of(run).training->rounds;
    const std::int64_t between_states = std::max<std::int64_t>(1, rounds / 10);
    while (!trainer->is_done()) {
      run.curve = trainer->curve();
      if (watch.signal() != 0) return store_.keep_state(key, trainer->state());
      trainer->step();
      if (trainer->round() % between_states == 0 && !trainer->is_done()) store_.keep_state(key, trainer->state());
      bar.show({.done = static_cast<std::size_t>(trainer->round()),
                .total = static_cast<std::size_t>(rounds),
                .before = before,
                .note = note(*trainer)});
    }
    run.curve = trainer->curve();
    store_.keep_finished(key, run.curve);
  }

  /// gradients/0012-top-k-seed1-round100: number of the point, its method, seed and round.
  std::string gradients_folder(const TrainingRun& run, std::int64_t round) const {
    std::string number = std::to_string(run.point);
    number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
    return arguments_.out + "/gradients/" + number + "-" + std::string(scenario_of(run).method.method->name) + "-seed" +
           std::to_string(run.seed) + "-round" + std::to_string(round);
  }

  static std::string note(const Trainer& trainer) {
    return trainer.curve().empty() ? "" : "accuracy " + percent(trainer.curve().back().test_accuracy);
  }

  const Study& study_;
  const TrainArguments& arguments_;
  std::vector<std::string> keys_;
  RunStore store_;
  Datasets datasets_;
  std::vector<TrainingRun> runs_;
  std::size_t taken_over_ = 0;
};

void check_training(const Study& study, unsigned threads) {
  if (!study.points.front().scenario.training)
    Where{study.file, "training"}.fail("is missing", "required by simrun train");
  Bytes most;
  for (const Point& point : study.points) most = std::max(most, least_memory(point.scenario, threads));
  const Bytes available = available_memory();
  if (available.value > 0 && most > available)
    Where{study.file, "model"}.fail("training it takes at least " + show(most) + " of memory",
                                    "accepted: what fits, this machine has " + show(available) + " free");
}

void write_report(const TrainingReport& report, const Json& data, const std::string& out) {
  write_file(out + "/curves.csv", report.curves_csv());
  write_file(out + "/summary.csv", report.summary_csv());
  write_file(out + "/training.json", report.json(data).dump(2) + "\n");
}

void print(const TrainingReport& report, const Json& data, const std::string& format) {
  const std::string text = format == "csv"    ? report.curves_csv()
                           : format == "json" ? report.json(data).dump(2) + "\n"
                                              : report.table();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void say_notes(const Study& study) {
  for (const std::string& note : study.notes) say("note: " + note);
}

int run_session(const Study& study, const TrainArguments& arguments) {
  TrainingSession session(study, arguments);
  session.check();
  if (arguments.dry_run) {
    for (const TrainingRun& run : session.runs()) std::printf("%s\n", run_name(study, run.point, run.seed).c_str());
    say_notes(study);
    return 0;
  }
  make_folder(arguments.out);
  const FolderLock lock(arguments.out, FolderLock::Kind::alone);
  const InterruptionWatch watch;
  session.run(watch);
  const TrainingReport report(study, session.runs());
  write_report(report, session.data(), arguments.out);
  if (watch.signal() != 0) {
    say("simrun: interrupted; the rows so far are in " + arguments.out + "/curves.csv, the same command goes on");
    return 128 + watch.signal();
  }
  print(report, session.data(), arguments.format);
  say_notes(study);
  for (const std::string& line : report.failures()) say("failed: " + line);
  say("results in " + arguments.out + ": " + runs(session.runs().size()) +
      (session.taken_over() > 0 ? ", " + std::to_string(session.taken_over()) + " of them from before" : ""));
  return report.failures().empty() ? 0 : 1;
}

}  // namespace

int train(const TrainArguments& arguments) {
  TrainArguments resolved = arguments;
  resolved.scenario = find_file(arguments.scenario, "").value_or(arguments.scenario);
  if (resolved.out.empty()) resolved.out = "results/" + fs::path(resolved.scenario).stem().string() + "-trained";
  const Study study = read_study(resolved.scenario, parse_overrides(arguments.set));
  check_training(study, resolved.threads);
  return run_session(study, resolved);
}

}  // namespace simrun
