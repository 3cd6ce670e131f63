#include "sim/simulation/steady_state.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace simrun {
namespace {

constexpr double tolerance = 1e-9;

constexpr std::array busy_times = {&IterationRecord::compute, &IterationRecord::encode, &IterationRecord::decode,
                                   &IterationRecord::staging, &IterationRecord::exchanging};

}  // namespace

Watch watch_jitter(int workers) {
  constexpr int warm_up = 4;
  const int counted = std::clamp(2000 / workers, 10, 50);
  return {.limit = warm_up + counted, .warm_up = warm_up, .may_settle = false, .jitters = true};
}

Watch watch_cycle(int iterations) {
  constexpr int warm_up = 2;
  return {.limit = warm_up + iterations, .warm_up = warm_up, .may_settle = false};
}

bool SteadyState::record(int rank, IterationRecord iteration) {
  const auto r = static_cast<std::size_t>(rank);
  const std::size_t index = next_[r]++ - static_cast<std::size_t>(complete_);
  if (index == iterations_.size())
    iterations_.push_back({std::vector<IterationRecord>(static_cast<std::size_t>(workers_)), 0, {}});
  Iteration& current = iterations_[index];
  current.last = std::max(current.last, iteration.finish);
  current.records[r] = std::move(iteration);
  if (++current.recorded < workers_) return false;

  // Ranks pass iterations in order, so this is the front one.
  ++complete_;
  lasts_.push_back(current.last);
  if (watch_.may_settle && is_steady(current)) {
    has_settled_ = true;
    period_ = complete_ == 1 ? current.last : current.last - lasts_[lasts_.size() - 2];
    return true;
  }
  if (!watch_.may_settle && complete_ > watch_.warm_up) add_busy_times(current.records);
  if (complete_ == watch_.limit) {
    const auto warm_up = static_cast<std::size_t>(watch_.warm_up);
    period_ = (lasts_.back() - lasts_[warm_up - 1]) / static_cast<double>(lasts_.size() - warm_up);
    if (!watch_.may_settle) show_means(current.records);
    return true;
  }
  previous_.clear();
  for (const IterationRecord& record : current.records) previous_.push_back(record.finish);
  iterations_.pop_front();
  return false;
}

void SteadyState::shorten(int limit) {
  if (watch_.jitters || limit >= watch_.limit) return;
  watch_.limit = limit;
  watch_.warm_up = limit / 2;
}

bool SteadyState::is_steady(const Iteration& now) {
  const Seconds first = now.records.front().finish;
  if (complete_ == 1)
    return watch_.first_may && std::all_of(now.records.begin(), now.records.end(),
                                           [&](const auto& r) { return nearly_equal(r.finish, first); });
  const Seconds step = first - previous_.front();
  const std::optional<Seconds> before = std::exchange(step_, std::nullopt);
  for (std::size_t r = 0; r < now.records.size(); ++r) {
    if (!nearly_equal(now.records[r].finish - previous_[r], step)) return false;
  }
  step_ = step;
  return !watch_.twice || (before && nearly_equal(*before, step));
}

void SteadyState::add_busy_times(const std::vector<IterationRecord>& records) {
  sums_.resize(records.size());
  for (std::size_t r = 0; r < records.size(); ++r) {
    for (const auto part : busy_times) sums_[r].*part += records[r].*part;
  }
}

void SteadyState::show_means(std::vector<IterationRecord>& records) const {
  for (std::size_t r = 0; r < records.size(); ++r) {
    for (const auto part : busy_times) records[r].*part = sums_[r].*part / (watch_.limit - watch_.warm_up);
  }
}

std::vector<double> SteadyState::durations() const {
  std::vector<double> all;
  for (std::size_t i = static_cast<std::size_t>(watch_.warm_up); i < lasts_.size(); ++i)
    all.push_back((lasts_[i] - lasts_[i - 1]).value);
  std::sort(all.begin(), all.end());
  return all;
}

int SteadyState::last_rank() const {
  const auto& all = records();
  const Seconds last = iterations_.front().last;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& r) { return last.value - r.finish.value <= tolerance * last.value; });
  return static_cast<int>(found - all.begin());
}

}  // namespace simrun
