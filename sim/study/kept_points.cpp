#include "sim/study/kept_points.hpp"

#include "sim/study/point_key.hpp"
#include "sim/study/point_store.hpp"
#include "sim/system/progress_bar.hpp"

namespace simrun {

KeptPoints::KeptPoints(std::string results, unsigned jobs)
    : results_(std::move(results)), folder_(results_.empty() ? "" : folder_of_points(results_)), jobs_(jobs) {
  // Whoever must wait should know at once; but no folder is made before the payloads are known to be sound.
  if (!results_.empty() && FolderLock::was_made_in(results_)) lock_.emplace(results_, FolderLock::Kind::alone);
}

void KeptPoints::open_folder() {
  if (results_.empty()) return;
  make_folder(results_);
  if (!lock_) lock_.emplace(results_, FolderLock::Kind::alone);
  make_folder(folder_);
}

std::vector<PointResult> KeptPoints::run(const Study& study, const char* what) {
  const PointStore store(folder_, point_keys(study));
  std::vector<PointResult> results(study.points.size());
  std::vector<std::optional<PointResult>> stored(study.points.size());
  if (!folder_.empty()) stored = store.read();
  std::vector<std::size_t> todo;
  for (std::size_t point = 0; point < stored.size(); ++point) {
    if (!stored[point]) {
      todo.push_back(point);
      continue;
    }
    results[point] = std::move(*stored[point]);
    if (own_.insert(store.keys()[point]).second) ++taken_over_;
  }
  if (todo.empty()) return results;
  PayloadStage payloads(
      study, todo, jobs_, cache_, [](std::uint64_t, std::uint64_t) {}, &sizes_);
  open_folder();
  std::optional<ProgressBar> bar;
  if (*what != '\0') bar.emplace(what);
  std::size_t done = 0;
  run_points(study, payloads, {.jobs = jobs_}, [&](std::size_t point, PointResult result) {
    if (result.times && !folder_.empty()) store.keep(point, result);
    results[point] = std::move(result);
    own_.insert(store.keys()[point]);
    ++simulated_;
    if (bar) bar->show({.done = ++done, .total = todo.size()});
  });
  return results;
}

std::optional<Times> KeptPoints::at_break_even(const Point& point, const Point& other, double share) {
  Study both;
  both.file = point.scenario.file;
  both.points = {point, other};
  both.points[0].sgd = {1};
  std::vector<PointResult> results = run(both);
  if (!results[0].times || !results[1].times || results[0].times->encode.value == 0) return std::nullopt;
  results[1].times->iteration = share * results[1].times->iteration;
  const std::vector<std::string> keys = point_keys(both);
  const PointStore store(folder_, {comparison_key(keys[0], keys[1], share)});
  const auto stored = folder_.empty() ? std::nullopt : store.read().front();
  if (stored) {
    if (own_.insert(store.keys().front()).second) ++taken_over_;
    return stored->times;
  }
  PayloadStage payloads(
      both, {0}, jobs_, cache_, [](std::uint64_t, std::uint64_t) {}, &sizes_);
  std::optional<Times> found;
  run_at_break_even(both, results, payloads, {.jobs = jobs_}, [&](std::size_t, PointResult result) {
    if (result.times && !folder_.empty()) store.keep(0, result);
    found = result.times;
    own_.insert(store.keys().front());
    ++simulated_;
  });
  return found;
}

}  // namespace simrun
