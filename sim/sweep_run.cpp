#include "sim/sweep_run.hpp"

#include <algorithm>
#include <iterator>

#include "sim/data_path.hpp"
#include "sim/point_key.hpp"
#include "sim/progress_bar.hpp"
#include "sim/write_file.hpp"

namespace simrun {

SweepRun::SweepRun(const Study& study, SweepOptions options)
    : study_(study),
      options_(std::move(options)),
      keys_(point_keys(study)),
      share_(points_of(options_.shard.value_or(Shard{}), study)),
      store_(options_.out + "/points", keys_),
      traces_(options_.out + "/trace", study, keys_),
      results_(study.points.size()) {
  // Whoever must wait should know at once; but nothing is written before the payloads are known to be sound.
  if (FolderLock::was_made_in(options_.out)) lock();
}

void SweepRun::lock() {
  lock_.emplace(options_.out, options_.shard ? FolderLock::Kind::shared : FolderLock::Kind::alone);
}

std::size_t SweepRun::done() const {
  return static_cast<std::size_t>(
      std::count_if(results_.begin(), results_.end(), [](const PointResult& result) { return result.times; }));
}

void SweepRun::take_over() {
  std::vector<std::optional<PointResult>> stored = store_.read();
  for (std::size_t point = 0; point < stored.size(); ++point) {
    if (stored[point] && !results_[point].times) results_[point] = std::move(*stored[point]);
  }
}

std::vector<std::size_t> SweepRun::missing() const {
  std::vector<std::size_t> todo;
  std::copy_if(share_.begin(), share_.end(), std::back_inserter(todo),
               [&](std::size_t point) { return !results_[point].times || (options_.trace && !traces_.has(point)); });
  return todo;
}

void SweepRun::open_folder() {
  make_folder(options_.out);
  make_folder(store_.folder());
  if (options_.trace) make_folder(traces_.folder());
  if (!lock_) lock();
  notice_.emplace("simrun: interrupted; the points that are done stay in " + store_.folder() +
                  ", the same command goes on from there");
}

void SweepRun::add(std::size_t point, PointResult result) {
  if (result.times) {
    store_.keep(point, result);
    ++ran_;
  } else {
    ++failed_;
  }
  results_[point] = std::move(result);
}

void SweepRun::run() {
  if (!options_.fresh) take_over();
  const std::vector<std::size_t> todo = missing();
  store_.check();
  for (const char* file : {"points.csv", "report.json"}) check_replaceable(options_.out + "/" + file);
  PayloadCache cache = PayloadCache::of_user();
  constexpr std::uint64_t million = 1'000'000;
  ProgressBar gradients("gradients, million elements");
  std::optional<PayloadStage> payloads;
  if (!todo.empty()) {
    payloads.emplace(study_, todo, options_.jobs, cache, [&](std::uint64_t done, std::uint64_t total) {
      gradients.show({.done = done / million, .total = (total + million - 1) / million});
    });
  }
  open_folder();
  if (payloads) {
    notes_ = payloads->notes();
    ProgressBar bar("points");
    const std::size_t before = share_.size() - todo.size();
    run_points(
        study_, *payloads, {.jobs = options_.jobs, .traces = options_.trace ? &traces_ : nullptr},
        [&](std::size_t point, PointResult result) {
          add(point, std::move(result));
          bar.show({.done = before + ran_ + failed_, .total = share_.size(), .failed = failed_, .before = before});
        });
  }
  for (const std::string& note : cache.notes()) notes_.push_back(note);
  if (options_.shard) take_over();  // what others have done meanwhile
}

void SweepRun::tidy_up() const {
  if (options_.shard || !lock_->is_held()) return;
  store_.remove_others();
  traces_.remove_others();
  remove_leftovers(options_.out);
}

}  // namespace simrun
