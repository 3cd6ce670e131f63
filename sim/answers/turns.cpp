#include "sim/answers/turns.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "sim/payloads/payload_job.hpp"
#include "sim/study/long_points.hpp"
#include "sim/text/error.hpp"
#include "sim/text/fields.hpp"
#include "sim/text/table.hpp"

namespace simrun {
namespace {

constexpr Seconds too_long_for_fastest(10);  ///< to simulate a point
constexpr Seconds too_long_for_rivals(2);

std::vector<std::size_t> first_numbers(std::size_t count, std::size_t from = 0) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), from);
  return all;
}

std::vector<double> values_of(const ClusterAxis& axis) {
  std::vector<double> all = axis.below;
  all.insert(all.end(), axis.above.begin(), axis.above.end());
  return all;
}

/// What the alternative's iteration takes at least with another value of an axis: what its worker's device is busy
/// with, and what its link takes for its bytes. Nothing is said of workers that jitter.
Seconds least_iteration(const Scenario& scenario, const Times& times, const ClusterAxis& axis, double value) {
  if (scenario.compute.pace.jitters()) return {};
  const bool same_workers = axis.path != "workers";
  Seconds busy = times.compute + times.encode;
  // What is decoded while the host is busy counts as the host's time, which the network moves.
  if (same_workers && !scenario.host) busy += times.decode;
  // A server may be on a worker's own host, and what stays on a host takes no link. Only SimGrid knows a file's links.
  const bool is_file = std::holds_alternative<PlatformFile>(scenario.network.topology);
  if (scenario.method.collective->has_server || scenario.network.gpus_per_host > 1 || is_file) return busy;
  double bits = 8 * static_cast<double>(std::max(times.sent_bytes, times.received_bytes));
  // Among more workers the busiest link has as many and more; half leaves room for other parts. Among fewer it depends.
  if (!same_workers) bits *= value > axis.now ? 0.5 : 0;
  const double rate = axis.path == "network.bandwidth" ? value : 8 * scenario.network.bandwidth.value;
  return std::max(busy, Seconds(bits / rate));
}

/// The fastest is not simulated at a value, for this reason.
struct NotSimulated {
  std::string why;
};

}  // namespace

TurnSearch::TurnSearch(const std::vector<Point>& points, const std::vector<Standing>& standings,
                       const std::vector<Standing>& ways, KeptPoints& kept)
    : points_(points), standings_(standings), ways_(ways), kept_(kept), variants_(points.front().scenario.file) {}

std::span<const Standing> TurnSearch::ways_of(std::size_t number) const {
  return number == 0 ? std::span(ways_) : std::span(standings_).subspan(number, 1);
}

/// None where that would take long. Throws InputError where the value does not fit the scenario.
std::optional<Point> TurnSearch::varied(const ClusterAxis& axis, double value, const Standing& way, bool is_fastest) {
  const Point& point = points_[way.point];
  Point other = variants_.at(point, axis.path, axis.json(value));
  // Rivals for whom gradients are made anew would take as long as all others together.
  const bool is_short =
      is_fastest ? time_to_simulate(other.scenario) <= too_long_for_fastest
                 : time_to_simulate(other.scenario) <= too_long_for_rivals &&
                       (other.scenario.workers <= point.scenario.workers || elements_of_gradients(other.scenario) == 0);
  if (is_short) return other;
  leave_out(way, is_fastest);
  return std::nullopt;
}

/// The fastest has other ways; where it has none, that is told.
void TurnSearch::leave_out(const Standing& way, bool is_fastest) {
  if (!is_fastest) left_out_.insert(std::string(points_[way.point].scenario.method.method->name));
}

/// Throws NotSimulated.
TurnSearch::AtValue TurnSearch::at(const ClusterAxis& axis, double value, const std::vector<std::size_t>& which) {
  Study study;
  study.file = points_.front().scenario.file;
  std::vector<std::size_t> numbers;
  std::string why = "it would take long to simulate";  // the fastest is not, in any of its ways
  for (const std::size_t number : which) {
    for (const Standing& way : ways_of(number)) {
      try {
        if (auto point = varied(axis, value, way, number == 0)) {
          study.points.push_back(std::move(*point));
          numbers.push_back(number);
        }
      } catch (const InputError& error) {
        leave_out(way, number == 0);
        if (number == 0) why = error.what();
      }
    }
  }
  std::vector<PointResult> results;
  try {
    results = kept_.run(study);
  } catch (const InputError& error) {  // payloads that do not fit in memory
    throw NotSimulated{error.what()};
  }
  AtValue all;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!results[i].times) {
      leave_out(standings_[numbers[i]], numbers[i] == 0);
      if (numbers[i] == 0) why = "it fails: " + results[i].failure;
      continue;
    }
    const Standing here{i, *results[i].times, {}, standings_[numbers[i]].rounds};
    const auto [at, is_first] = all.emplace(numbers[i], here);
    if (!is_first && here.value() < at->second.value()) at->second = here;
  }
  if (std::ranges::find(which, 0U) != which.end() && !all.contains(0)) throw NotSimulated{why};
  return all;
}

/// All values that are looked at in any case, at once: payloads are then made once.
void TurnSearch::simulate_ahead(const std::vector<ClusterAxis>& axes, const std::vector<std::size_t>& which) {
  Study study;
  study.file = points_.front().scenario.file;
  for (const ClusterAxis& axis : axes) {
    for (const double value : values_of(axis)) {
      for (const std::size_t number : which) {
        if (is_slower(axis, value, number)) continue;
        for (const Standing& way : ways_of(number)) {
          try {
            if (auto point = varied(axis, value, way, number == 0)) study.points.push_back(std::move(*point));
          } catch (const InputError&) {  // whoever asks for this value says so
          }
        }
      }
    }
  }
  try {
    kept_.run(study, "what would turn it");
  } catch (const InputError&) {  // likewise
  }
}

void TurnSearch::note_fastest(const std::vector<ClusterAxis>& axes) {
  for (const ClusterAxis& axis : axes) {
    for (const double value : values_of(axis)) {
      try {
        fastest_[{axis.path, value}] = at(axis, value, {0}).at(0).value();
      } catch (const NotSimulated&) {  // whoever asks for this value says so
      }
    }
  }
}

/// True if the alternative cannot be faster there than the fastest, which has been simulated.
bool TurnSearch::is_slower(const ClusterAxis& axis, double value, std::size_t which) const {
  constexpr double rounding = 1e-6;
  const auto fastest = fastest_.find({axis.path, value});
  if (which == 0 || fastest == fastest_.end()) return false;
  const Standing& own = standings_[which];
  const double rounds = own.rounds ? own.rounds->median : 1;
  const Seconds least = least_iteration(points_[own.point].scenario, own.times, axis, value);
  return rounds * least > (1 + rounding) * fastest->second;
}

Turn TurnSearch::one_way(const ClusterAxis& axis, bool above) {
  Turn turn{.axis = axis.name, .now = axis.shown(axis.now), .above = above};
  double looked_at = axis.now;
  left_out_.clear();
  const Holds faster = [&](double value, const std::vector<std::size_t>& among) {
    std::vector<std::size_t> which = {0};
    std::ranges::copy_if(among, std::back_inserter(which),
                         [&](std::size_t number) { return !is_slower(axis, value, number); });
    const AtValue all = at(axis, value, which);
    looked_at = value;
    std::vector<std::size_t> who;
    for (const std::size_t number : among) {
      if (all.contains(number) && all.at(number).value() < all.at(0).value()) who.push_back(number);
    }
    std::ranges::stable_sort(who, {}, [&](std::size_t number) { return all.at(number).value(); });
    return who;
  };
  const std::string way = above ? "up to " : "down to ";
  try {
    const std::vector<double>& values = above ? axis.above : axis.below;
    if (const auto found = find_onset(axis, axis.now, values, first_numbers(standings_.size() - 1, 1), faster)) {
      turn.value = found->value;
      turn.shown = axis.shown(found->value);
      turn.by = standings_[found->who.front()].point;
    } else {
      turn.reason = "nothing is faster " + way + axis.shown(looked_at);
    }
  } catch (const NotSimulated& stop) {
    turn.reason = looked_at == axis.now ? "" : "nothing is faster " + way + axis.shown(looked_at) + "; ";
    turn.reason += "beyond, " + stop.why;
  }
  turn.left_out = {left_out_.begin(), left_out_.end()};
  return turn;
}

std::vector<ClusterAxis> TurnSearch::axes() const {
  const Scenario& scenario = points_.front().scenario;
  std::vector<ClusterAxis> all = {bandwidth_axis(scenario), latency_axis(scenario)};
  // Rounds are those of this many workers.
  if (!standings_.front().rounds) all.push_back(workers_axis(scenario));
  return all;
}

std::vector<Turn> TurnSearch::turns() {
  std::vector<Turn> all;
  if (standings_.size() < 2) return all;
  const std::vector<ClusterAxis> possible = axes();
  // The fastest first: much of the others need not be simulated then.
  simulate_ahead(possible, {0});
  note_fastest(possible);
  simulate_ahead(possible, first_numbers(standings_.size() - 1, 1));
  for (const ClusterAxis& axis : possible) {
    if (!axis.below.empty()) all.push_back(one_way(axis, false));
    if (!axis.above.empty()) all.push_back(one_way(axis, true));
  }
  return all;
}

std::vector<Turn> TurnSearch::turns_of_encoding() {
  std::vector<Turn> both;
  if (standings_.size() < 2) return both;
  for (const bool is_best : {true, false}) {
    const Standing& own = standings_[is_best ? 0 : 1];
    const Standing& other = standings_[is_best ? 1 : 0];
    if (own.times.encode.value == 0) continue;
    Turn turn{.axis = "encoding of " + std::string(points_[own.point].scenario.method.method->name),
              .now = show(own.times.encode),
              .above = is_best};
    const double share = own.rounds ? other.rounds->median / own.rounds->median : 1;
    const auto times = kept_.at_break_even(points_[own.point], points_[other.point], share);
    if (!times) continue;
    const Seconds as_fast = share * other.times.iteration;
    // A free encoding that is still slower.
    if (times->iteration > (1 + 1e-6) * as_fast) {
      turn.reason =
          "even an encoding that takes no time leaves it " + percent(times->iteration / as_fast - 1) + " slower";
    } else {
      turn.value = times->encode.value;
      turn.shown = show(times->encode);
      turn.by = is_best ? other.point : own.point;
    }
    both.push_back(std::move(turn));
  }
  return both;
}

Turn TurnSearch::least_bandwidth(double efficiency) {
  const ClusterAxis axis = bandwidth_axis(points_.front().scenario);
  Turn turn{.axis = axis.name, .now = axis.shown(axis.now)};
  std::vector<double> values(axis.below.rbegin(), axis.below.rend());
  values.push_back(axis.now);
  values.insert(values.end(), axis.above.begin(), axis.above.end());
  left_out_.clear();
  simulate_ahead({axis}, first_numbers(standings_.size()));
  double best = 0;
  const Holds reach = [&](double value, const std::vector<std::size_t>& among) {
    std::vector<std::size_t> who;
    for (const auto& [number, standing] : at(axis, value, among)) {
      const double reached = points_.front().scenario.computing() / standing.times.iteration;
      best = std::max(best, reached);
      if (reached >= efficiency) who.push_back(number);
    }
    return who;
  };
  try {
    if (const auto found = find_onset(axis, values.front(), values, first_numbers(standings_.size()), reach)) {
      turn.value = found->value;
      turn.shown = axis.shown(found->value) + (found->value == values.front() ? " or less" : "");
      turn.by = standings_[found->who.front()].point;
      turn.left_out = {left_out_.begin(), left_out_.end()};
      return turn;
    }
    turn.reason = "even with " + axis.shown(values.back()) + " no method has more than " + percent(best) +
                  ", since encoding, decoding and latency stay";
  } catch (const NotSimulated& stop) {
    turn.reason = stop.why;
  }
  return turn;
}

}  // namespace simrun
