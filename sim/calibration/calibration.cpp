#include "sim/calibration/calibration.hpp"

#include <algorithm>
#include <random>
#include <tuple>
#include <utility>

#include "sim/calibration/calibration_case.hpp"
#include "sim/calibration/grid_rounds.hpp"
#include "sim/calibration/measured_grid.hpp"
#include "sim/devices/quantile.hpp"
#include "sim/system/version.hpp"

namespace simrun {
namespace {

constexpr std::size_t copies_at_once = 5;

/// A point of one of the grids.
struct GridPoint {
  MeasuredGrid* grid;
  std::size_t number;
  std::size_t round;

  std::string text() const {
    const std::vector<double> place = place_on_grid(grid->axes, number);
    std::string text = grid->operation->name;
    for (std::size_t i = 0; i < place.size(); ++i)
      text += (i == 0 ? " at " : ", ") + std::string(name_of(grid->axes[i].axis)) + " " + show(place[i]);
    return text;
  }
};

/// The middle of the grid of a layout's encoding stands for the device's speed at the time.
bool is_reference(const GridPoint& point) {
  if (point.grid->operation->stage != Stage::encode || is_of_codec(*point.grid->operation)) return false;
  std::vector<double> middle;
  for (const CostTable::GridAxis& axis : point.grid->axes) middle.push_back(axis.values[axis.values.size() / 2]);
  return place_on_grid(point.grid->axes, point.number) == middle;
}

std::vector<GridPoint> points_of(std::vector<MeasuredGrid>& grids) {
  std::vector<GridPoint> points;
  for (MeasuredGrid& grid : grids) {
    const std::vector<std::size_t> rounds = rounds_of_points(grid.axes);
    for (std::size_t number = 0; number < rounds.size(); ++number) points.push_back({&grid, number, rounds[number]});
  }
  return points;
}

/// Coarse grids one after another, then round by round, of layouts and of indices before those of codecs.
void put_in_order(std::vector<GridPoint>& points, std::uint64_t seed) {
  std::shuffle(points.begin(), points.end(), std::mt19937_64(seed));
  const auto place = [](const GridPoint& point) {
    return std::tuple(point.round, is_of_codec(*point.grid->operation), point.round == 0 ? point.grid : nullptr);
  };
  std::stable_sort(points.begin(), points.end(),
                   [&](const GridPoint& a, const GridPoint& b) { return place(a) < place(b); });
}

/// One calibration.
class Calibration {
 public:
  Calibration(CalibrationTarget& target, const CalibrationOptions& options, const ReadClock& now,
              const std::function<void(std::size_t, std::size_t)>& progress)
      : target_(target),
        options_(options),
        now_(now),
        progress_(progress),
        begin_(now()),
        grids_(make_grids(options.grid)) {
    for (const GridPoint& point : points_of(grids_)) (is_reference(point) ? references_ : others_).push_back(point);
    put_in_order(others_, options.seed);
    options_.rule.budget = options.sampling / static_cast<double>(samples());
    drift_.push_back({"copy bandwidth, bytes a second", {}});
    for (const GridPoint& reference : references_) drift_.push_back({reference.text(), {}});
  }

  std::size_t samples() const { return others_.size() + 3 * references_.size(); }

  void measure() {
    try {
      measure_all();
    } catch (const TargetLost& error) {
      lost_ = error.what();
    }
  }

  Calibrated result() {
    FinishedTimes finished = finished_times(grids_);
    if (finished.operations.empty()) return {std::nullopt, std::move(finished.left_out), lost_};
    DeviceProfile profile = describe(finished.left_out);
    profile.operations = std::move(finished.operations);
    profile.measurement->error = finished.error;
    return {std::move(profile), std::move(finished.left_out), lost_};
  }

 private:
  void measure_all() {
    const Seconds time = options_.end - begin_;
    const Seconds end = options_.end - 0.02 * time;  // the profile has to be written, too
    measure_references(end);
    // Room for the last look, and for a point that is begun in time and whose data take long to make.
    const Seconds end_of_others = end - 1.5 * (now_() - begin_) - 0.05 * time;
    const Seconds half = begin_ + 0.5 * (end_of_others - begin_);
    bool has_looked = false;
    for (std::size_t i = 0; i < others_.size() && !is_over(end_of_others); ++i) {
      if (!has_looked && (i >= others_.size() / 2 || now_() >= half)) {
        measure_references(end);
        has_looked = true;
      }
      measure(others_[i], end_of_others);
    }
    measure_references(end);
  }

  bool is_over(Seconds end) const { return options_.is_interrupted() || now_() >= end; }

  /// Nothing where that is the end of it.
  std::optional<Sample> measure(const GridPoint& point, Seconds end) {
    const auto is_over_then = [&] { return is_over(end); };
    if (is_over_then()) return std::nullopt;
    try {
      const auto prepared = target_.prepare(*point.grid->operation, place_on_grid(point.grid->axes, point.number));
      const std::optional<Sample> taken = sample(*prepared, options_.rule, now_, is_over_then);
      if (!taken) return std::nullopt;
      // What is measured again later does not replace the first.
      Sample& kept = point.grid->samples[point.number];
      if (kept.n == 0) kept = *taken;
      progress_(++done_, samples());
      return taken;
    } catch (const CalibrationError& error) {
      throw CalibrationError(point.text() + ": " + error.what());
    }
  }

  void measure_references(Seconds end) {
    if (is_over(end)) return;
    std::vector<double> copies;
    for (std::size_t i = 0; i < copies_at_once; ++i) copies.push_back(target_.copy_bandwidth().value);
    copies_.insert(copies_.end(), copies.begin(), copies.end());
    std::sort(copies.begin(), copies.end());
    drift_.front().values.push_back(quantile(copies, 0.5));
    for (std::size_t i = 0; i < references_.size(); ++i) {
      if (const std::optional<Sample> taken = measure(references_[i], end))
        drift_[i + 1].values.push_back(taken->median);
    }
  }

  /// All but times and errors.
  DeviceProfile describe(const std::string& left_out) {
    const DeviceFacts facts = target_.facts();
    DeviceProfile profile;
    std::sort(copies_.begin(), copies_.end());
    profile.name = facts.name;
    profile.device = facts.device;
    profile.uuid = facts.uuid;
    profile.software = std::string("simrun ") + SIMRUN_VERSION + ", " + facts.software;
    profile.commit = simrun_commit();
    profile.implementation = facts.implementation;
    profile.precision = facts.precision;
    profile.model = facts.model;
    profile.provenance = "measured";
    profile.source = "simrun calibrate";
    if (facts.implementation != "simrun") profile.source += " --implementation " + facts.implementation;
    if (facts.precision != Precision::fp32) profile.source += std::string(" --precision ") + name_of(facts.precision);
    if (options_.grid.quick) profile.source += " --quick";
    if (!left_out.empty()) profile.source += ", which was ended and left out " + left_out;
    profile.bandwidth = BytesPerSecond(quantile(copies_, 0.5));
    profile.conditions = facts.conditions;
    profile.measurement = measurement(facts);
    return profile;
  }

  Measurement measurement(const DeviceFacts& facts) const {
    const SamplingRule& rule = options_.rule;
    Measurement made;
    made.timer = facts.timer;
    made.caches = facts.caches;
    made.samples = "after runs to warm up, for " + show(rule.warm_up) + ": at least " + std::to_string(rule.enough) +
                   " and until the 95 % interval of the median is within " + show(100 * rule.precision) +
                   " % of it, or for " + show(rule.budget) + ", but never fewer than " + std::to_string(rule.fewest) +
                   " nor more than " + std::to_string(rule.most);
    made.order =
        "coarse grids, one operation after another, then rounds of what lies between, each for the operations of "
        "layouts and indices together, then for those of codecs; random in each of these, but for what is listed "
        "under drift";
    made.data = CalibrationData::description();
    made.bandwidth_p5 = BytesPerSecond(quantile(copies_, 0.05));
    made.bandwidth_p95 = BytesPerSecond(quantile(copies_, 0.95));
    made.bandwidth_n = static_cast<std::int64_t>(copies_.size());
    made.drift = drift_;
    std::erase_if(made.drift, [](const Drift& drift) { return drift.values.empty(); });
    return made;
  }

  CalibrationTarget& target_;
  CalibrationOptions options_;
  const ReadClock& now_;
  const std::function<void(std::size_t, std::size_t)>& progress_;
  Seconds begin_;
  std::vector<MeasuredGrid> grids_;
  std::vector<GridPoint> references_;
  std::vector<GridPoint> others_;
  std::vector<double> copies_;  ///< bytes a second
  std::vector<Drift> drift_;    ///< the copies, then the references
  std::size_t done_ = 0;
  std::string lost_;
};

}  // namespace

std::size_t points_to_measure(const GridOptions& options) {
  std::size_t points = 0;
  for (const MeasuredGrid& grid : make_grids(options)) points += grid.samples.size();
  return points;
}

Calibrated measure_profile(CalibrationTarget& target, const CalibrationOptions& options, const ReadClock& now,
                           const std::function<void(std::size_t done, std::size_t total)>& progress) {
  Calibration calibration(target, options, now, progress);
  calibration.measure();
  return calibration.result();
}

}  // namespace simrun
