#include "sim/calibration/calibration.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "sim/calibration/calibration_case.hpp"
#include "sim/devices/quantile.hpp"
#include "sim/system/version.hpp"

namespace simrun {
namespace {

constexpr std::size_t copies_at_once = 5;

/// A grid that is being filled.
struct Grid {
  const OperationEntry* operation;
  std::vector<CostTable::GridAxis> axes;
  std::vector<Sample> samples;
};

/// A point of one of the grids.
struct GridPoint {
  Grid* grid;
  std::size_t number;

  std::string text() const {
    const std::vector<double> place = place_on_grid(grid->axes, number);
    std::string text = grid->operation->name;
    for (std::size_t i = 0; i < place.size(); ++i)
      text += (i == 0 ? " at " : ", ") + std::string(name_of(grid->axes[i].axis)) + " " + show(place[i]);
    return text;
  }
};

/// The middle of an encoding's grid stands for the device's speed at the time.
bool is_reference(const GridPoint& point) {
  if (point.grid->operation->stage != Stage::encode) return false;
  std::vector<double> middle;
  for (const CostTable::GridAxis& axis : point.grid->axes) middle.push_back(axis.values[axis.values.size() / 2]);
  return place_on_grid(point.grid->axes, point.number) == middle;
}

std::vector<Grid> make_grids(const GridOptions& options) {
  std::vector<Grid> grids;
  for (const OperationEntry& operation : profile_operations()) {
    std::vector<CostTable::GridAxis> axes = calibration_axes(operation, options);
    const std::size_t points = points_of_grid(axes);
    grids.push_back({&operation, std::move(axes), std::vector<Sample>(points)});
  }
  return grids;
}

InterpolationError error_of(std::vector<double> errors) {
  if (errors.empty()) return {};
  std::sort(errors.begin(), errors.end());
  return {quantile(errors, 0.5), errors.back()};
}

OperationTimes times_of(const Grid& grid) {
  std::vector<double> medians;
  TimeSpread spread;
  for (const Sample& sample : grid.samples) {
    medians.push_back(sample.median);
    spread.p5.push_back(sample.p5);
    spread.p25.push_back(sample.p25);
    spread.p75.push_back(sample.p75);
    spread.p95.push_back(sample.p95);
    spread.n.push_back(static_cast<double>(sample.n));
    spread.verified_bytes += sample.verified_bytes;
  }
  OperationTimes times{"measured", grid.operation->includes, CostTable(grid.axes, std::move(medians)), {}};
  spread.error = error_of(leave_one_out(times.table));
  times.spread = std::move(spread);
  return times;
}

/// One calibration.
class Calibration {
 public:
  Calibration(CalibrationTarget& target, const CalibrationOptions& options, const ReadClock& now,
              const std::function<void(std::size_t, std::size_t)>& progress)
      : target_(target),
        rule_(options.rule),
        is_quick_(options.grid.quick),
        now_(now),
        progress_(progress),
        grids_(make_grids(options.grid)) {
    for (Grid& grid : grids_) {
      for (std::size_t number = 0; number < grid.samples.size(); ++number) {
        const GridPoint point{&grid, number};
        (is_reference(point) ? references_ : others_).push_back(point);
      }
    }
    std::shuffle(others_.begin(), others_.end(), std::mt19937_64(options.seed));
    rule_.budget = options.budget / static_cast<double>(samples());
    drift_.push_back({"copy bandwidth, bytes a second", {}});
    for (const GridPoint& reference : references_) drift_.push_back({reference.text(), {}});
  }

  std::size_t samples() const { return others_.size() + 3 * references_.size(); }

  void measure() {
    const std::size_t half = others_.size() / 2;
    measure_references();
    for (std::size_t i = 0; i < half; ++i) measure(others_[i]);
    measure_references();
    for (std::size_t i = half; i < others_.size(); ++i) measure(others_[i]);
    measure_references();
  }

  DeviceProfile profile() {
    const DeviceFacts facts = target_.facts();
    std::sort(copies_.begin(), copies_.end());
    DeviceProfile profile;
    profile.name = facts.name;
    profile.device = facts.device;
    profile.uuid = facts.uuid;
    profile.software = std::string("simrun ") + SIMRUN_VERSION + ", " + facts.software;
    profile.commit = simrun_commit();
    profile.provenance = "measured";
    profile.source = is_quick_ ? "simrun calibrate --quick" : "simrun calibrate";
    profile.bandwidth = BytesPerSecond(quantile(copies_, 0.5));
    profile.conditions = facts.conditions;
    profile.measurement = measurement(facts);
    std::vector<double> errors;
    for (const Grid& grid : grids_) {
      const OperationTimes& times = profile.operations[grid.operation->name] = times_of(grid);
      const std::vector<double> more = leave_one_out(times.table);
      errors.insert(errors.end(), more.begin(), more.end());
    }
    profile.measurement->error = error_of(std::move(errors));
    return profile;
  }

 private:
  Sample measure(const GridPoint& point) {
    try {
      const auto prepared = target_.prepare(*point.grid->operation, place_on_grid(point.grid->axes, point.number));
      const Sample taken = sample(*prepared, rule_, now_);
      // What is measured again later does not replace the first.
      Sample& kept = point.grid->samples[point.number];
      if (kept.n == 0) kept = taken;
      progress_(++done_, samples());
      return taken;
    } catch (const CalibrationError& error) {
      throw CalibrationError(point.text() + ": " + error.what());
    }
  }

  void measure_references() {
    std::vector<double> copies;
    for (std::size_t i = 0; i < copies_at_once; ++i) copies.push_back(target_.copy_bandwidth().value);
    copies_.insert(copies_.end(), copies.begin(), copies.end());
    std::sort(copies.begin(), copies.end());
    drift_.front().values.push_back(quantile(copies, 0.5));
    for (std::size_t i = 0; i < references_.size(); ++i) drift_[i + 1].values.push_back(measure(references_[i]).median);
  }

  Measurement measurement(const DeviceFacts& facts) const {
    Measurement made;
    made.timer = facts.timer;
    made.caches = facts.caches;
    made.samples = "after " + std::to_string(rule_.warm_up) + " runs to warm up: at least " +
                   std::to_string(rule_.enough) + " and until the 95 % interval of the median is within " +
                   show(100 * rule_.precision) + " % of it, or for " + show(rule_.budget) + ", but never fewer than " +
                   std::to_string(rule_.fewest) + " nor more than " + std::to_string(rule_.most);
    made.order = "random, but for what is listed under drift";
    made.data = CalibrationData::description();
    made.bandwidth_p5 = BytesPerSecond(quantile(copies_, 0.05));
    made.bandwidth_p95 = BytesPerSecond(quantile(copies_, 0.95));
    made.bandwidth_n = static_cast<std::int64_t>(copies_.size());
    made.drift = drift_;
    return made;
  }

  CalibrationTarget& target_;
  SamplingRule rule_;
  bool is_quick_;
  const ReadClock& now_;
  const std::function<void(std::size_t, std::size_t)>& progress_;
  std::vector<Grid> grids_;
  std::vector<GridPoint> references_;
  std::vector<GridPoint> others_;
  std::vector<double> copies_;  ///< bytes a second
  std::vector<Drift> drift_;    ///< the copies, then the references
  std::size_t done_ = 0;
};

}  // namespace

std::size_t points_to_measure(const GridOptions& options) {
  std::size_t points = 0;
  for (const Grid& grid : make_grids(options)) points += grid.samples.size();
  return points;
}

DeviceProfile measure_profile(CalibrationTarget& target, const CalibrationOptions& options, const ReadClock& now,
                              const std::function<void(std::size_t done, std::size_t total)>& progress) {
  Calibration calibration(target, options, now, progress);
  calibration.measure();
  return calibration.profile();
}

}  // namespace simrun
