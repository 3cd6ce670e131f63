#include "sim/study/sweep_run.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "sim/study/break_even.hpp"
#include "sim/study/fastest.hpp"
#include "sim/study/long_points.hpp"
#include "sim/study/point_key.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/progress_bar.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {

SweepRun::SweepRun(const Study& study, SweepOptions options)
    : study_(study),
      options_(std::move(options)),
      keys_(point_keys(study)),
      share_(options_.merge ? std::vector<std::size_t>{} : points_of(options_.shard.value_or(Shard{}), study)),
      store_(folder_of_points(options_.out), keys_),
      groups_(folder_of_groups(options_.out), options_.found.keys),
      traces_(options_.out + "/trace", study, keys_),
      results_(study.points.size()) {
  // Whoever must wait should know at once; but nothing is written before the payloads are known to be sound.
  if (FolderLock::was_made_in(options_.out)) lock();
}

void SweepRun::lock() {
  lock_.emplace(options_.out, options_.shard ? FolderLock::Kind::shared : FolderLock::Kind::alone,
                "a folder of its own, or --shard with every run that shares the folder");
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
  if (options_.fresh) {
    PointStore(store_.folder(), {}).remove_others();
    GroupStore(groups_.folder(), {}).remove_others();
  }
  if (options_.found.keys.empty()) return;
  make_folder(groups_.folder());
  groups_.keep(options_.found.groups);
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
    if (const auto warning = warn_of_long_points(study_, todo)) say("note: " + *warning);
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
  if (options_.break_even && (!options_.shard || is_complete())) search_break_evens();
}

/// Points whose break-even only simulating tells.
std::vector<std::size_t> SweepRun::without_closed_form() const {
  std::vector<std::size_t> points;
  for (std::size_t point = 0; point < results_.size(); ++point) {
    const auto sgd = break_even_with(study_, results_, point);
    if (!sgd || results_[point].times->encode.value == 0) continue;
    if (!break_even(*results_[point].times, results_[*sgd].times->iteration)) points.push_back(point);
  }
  return points;
}

/// Where those points are kept as they are at their break-evens.
PointStore SweepRun::break_evens(const std::vector<std::size_t>& points) const {
  std::vector<std::string> keys;
  for (const std::size_t point : points)
    keys.push_back(comparison_key(keys_[point], keys_[*fastest_sgd(study_, results_, point)]));
  return {store_.folder(), std::move(keys)};
}

void SweepRun::search_break_evens() {
  const std::vector<std::size_t> points = without_closed_form();
  const PointStore store = break_evens(points);
  std::vector<std::optional<PointResult>> found(points.size());
  if (!options_.fresh) found = store.read();
  std::map<std::size_t, std::size_t> missing;  // from point to number in the store
  std::vector<std::size_t> todo;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (found[i]) {
      results_[points[i]].break_even = found[i]->times->encode;
    } else {
      missing[points[i]] = i;
      todo.push_back(points[i]);
    }
  }
  if (todo.empty()) return;
  PayloadCache cache = PayloadCache::of_user();
  PayloadStage payloads(study_, todo, options_.jobs, cache, [](std::uint64_t, std::uint64_t) {});
  ProgressBar bar("break-evens");
  std::size_t done = 0;
  run_at_break_even(study_, results_, payloads, {.jobs = options_.jobs}, [&](std::size_t point, PointResult result) {
    if (result.times) {
      store.keep(missing.at(point), result);
      results_[point].break_even = result.times->encode;
    } else {
      results_[point].failure = "break-even: " + result.failure;
      ++failed_;
    }
    bar.show({.done = ++done, .total = todo.size(), .failed = failed_});
  });
}

void SweepRun::tidy_up() const {
  if (options_.shard || !lock_->is_held()) return;
  std::vector<std::string> kept = keys_;
  const PointStore found = break_evens(without_closed_form());
  kept.insert(kept.end(), found.keys().begin(), found.keys().end());
  PointStore(store_.folder(), std::move(kept)).remove_others();
  groups_.remove_others();
  traces_.remove_others();
  remove_leftovers(options_.out);
}

}  // namespace simrun
