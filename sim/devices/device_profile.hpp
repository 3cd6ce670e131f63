#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/devices/band.hpp"
#include "sim/devices/cost_table.hpp"
#include "sim/devices/operations.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// How far an interpolation is off, as a share of the time: see leave_one_out.
struct InterpolationError {
  double median = 0;
  double worst = 0;
};

/// What is known of a table's times where they were measured; lists in the order of the table's times, which are
/// medians.
struct TimeSpread {
  std::vector<double> p5;
  std::vector<double> p25;
  std::vector<double> p75;
  std::vector<double> p95;
  std::vector<double> n;  ///< samples
  InterpolationError error;
  std::uint64_t verified_bytes = 0;  ///< of results, compared with the CPU back end's or held against laws
};

/// The times of one operation, and how they are known.
struct OperationTimes {
  std::string provenance;  ///< measured, published, scaled or modelled
  std::string source;
  CostTable table;                   ///< empty where they are modelled
  std::optional<TimeSpread> spread;  ///< where they were measured
  Band range = {};                   ///< where they were not, and it is stated
  KernelWork kernels = {};           ///< where they are modelled
};

/// A value that is not known well: it is thought to lie between the others nine times of ten.
struct Estimate {
  double low;
  double typical;
  double high;
};

/// What operations take whose times are not known, see KernelWork:
///
///     launches * launch + cycles * serial / clock + max(bytes / (share * memory's bandwidth),
///                                                       cycles * shared / (clock * multiprocessors))
///
/// Without multiprocessors no cycles count. Unless a profile says otherwise, the estimates are assumed.
struct KernelModel {
  Estimate launch = {2e-6, 3e-6, 5e-6};  ///< seconds from one kernel's end to the next one's
  Estimate share = {0.5, 0.7, 0.9};      ///< of the memory's bandwidth
  std::optional<Multiprocessors> multiprocessors = {};
  Estimate cycles = {0.7, 1, 2};  ///< those of this GPU over those seen on an H200
};

/// Something that was measured first, half-way and last.
struct Drift {
  std::string what;
  std::vector<double> values;  ///< three; one or two where measuring was ended early

  /// The larger of the two later deviations from the first, as a share of it.
  double worst() const;

  /// The logarithm of the largest over the smallest, 0 of one value: of three values of a normal distribution, the
  /// expected range is 1.69 standard deviations, as far as its 5 % and 95 % quantiles (1.64) lie from its mean.
  double range() const;
};

/// How a profile was measured.
struct Measurement {
  std::string timer;
  std::string caches;
  std::string samples;
  std::string order;
  std::string data;
  BytesPerSecond bandwidth_p5;
  BytesPerSecond bandwidth_p95;
  std::int64_t bandwidth_n = 0;
  std::vector<Drift> drift;
  InterpolationError error;  ///< over all operations
};

/// How long the operations take on one device, and how that is known.
struct DeviceProfile {
  static constexpr std::int64_t current_format = 2;

  std::string name;
  std::string device;
  std::string uuid;  ///< of a GPU that was measured
  std::string software;
  std::string implementation = "simrun";  ///< whose kernels: "simrun", or "pytorch"
  Precision precision = Precision::fp32;  ///< of the gradients whose encoding was timed
  std::string commit;                     ///< of the simrun that measured; empty where unknown
  std::string provenance;                 ///< of most operations: measured, published or scaled
  std::string source;
  std::string scaled_processor;  ///< the profile of a measured processor that this one was scaled from; often none
  BytesPerSecond bandwidth;      ///< of memory, read and write together
  std::vector<std::pair<std::string, std::string>> conditions;  ///< key and text
  std::optional<Measurement> measurement;
  KernelModel model;
  std::map<std::string, OperationTimes> operations;  ///< all of profile_operations() and some of codec_operations()

  /// One time of that operation, by its table or by the model. On the grid and between its points it is the table's
  /// time. Beyond the grid, where the table only continues in proportion, it is at least what the operation's fewest
  /// bytes take at the memory's bandwidth: the last points may have fitted in a cache. (Between points the bound would
  /// change nothing if it holds at them, because in log-log the fewest bytes are a convex function; and where it does
  /// not hold, what was measured is right.)
  Seconds seconds(const Step& step) const;

  /// Of a piece of work on this device: the codec's own operation and coding of indices, where the profile has one;
  /// else steps_of.
  std::vector<Step> steps(const Work& work) const;

  /// All of them.
  Seconds seconds(const Work& work) const;

  /// How far one time of a measured operation may be off on another day: from the spread of its runs at the nearest
  /// grid point, from the interpolation error, of which the median is known, where it lies between grid points, and
  /// from the drift of the device's speed, added in quadrature as logarithms. Of a modelled one, from the model's
  /// estimates; of others, the range that is stated, if any.
  Band band(const Step& step) const;

  /// True for a processor that was measured, and one scaled from it; other profiles are of GPUs.
  bool is_of_processor() const;

  /// Gives the model's times to all operations that simrun's kernels have and the profile does not.
  void add_modelled();

 private:
  Seconds modelled(const OperationTimes& times, const Step& step, double launch, double share, double cycles) const;
};

/// The name of a profile of that device: "nvidia-h200" of "NVIDIA H200".
std::string profile_name(const std::string& device);

/// The name of one with gradients of that precision: "nvidia-h200-fp16". That with fp32 has the plain one.
std::string with_precision(const std::string& name, Precision precision);

/// The same device with another name and memory bandwidth: all times scaled by the ratio of the bandwidths, but for
/// launches of kernels in modelled ones.
DeviceProfile scaled_to(const DeviceProfile& profile, const std::string& name, BytesPerSecond bandwidth);

}  // namespace simrun
