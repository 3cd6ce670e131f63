#include "sim/steady_state.hpp"

#include <algorithm>

namespace simrun {
namespace {

constexpr double tolerance = 1e-9;

}  // namespace

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
  if (is_steady(current)) {
    period_ = complete_ == 1 ? current.last : current.last - lasts_[lasts_.size() - 2];
    return true;
  }
  if (complete_ == limit_) {
    const std::size_t half = lasts_.size() / 2;
    period_ = (lasts_.back() - lasts_[half - 1]) / static_cast<double>(lasts_.size() - half);
    return true;
  }
  previous_.clear();
  for (const IterationRecord& record : current.records) previous_.push_back(record.finish);
  iterations_.pop_front();
  return false;
}

bool SteadyState::is_steady(const Iteration& now) const {
  const Seconds first = now.records.front().finish;
  if (complete_ == 1)
    return std::all_of(now.records.begin(), now.records.end(),
                       [&](const auto& r) { return nearly_equal(r.finish, first); });
  const Seconds step = first - previous_.front();
  for (std::size_t r = 0; r < now.records.size(); ++r) {
    if (!nearly_equal(now.records[r].finish - previous_[r], step)) return false;
  }
  return true;
}

int SteadyState::last_rank() const {
  const auto& all = records();
  const Seconds last = iterations_.front().last;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& r) { return last.value - r.finish.value <= tolerance * last.value; });
  return static_cast<int>(found - all.begin());
}

}  // namespace simrun
