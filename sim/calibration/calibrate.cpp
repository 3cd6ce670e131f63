#include "sim/calibration/calibrate.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>

#include "sim/calibration/calibration.hpp"
#include "sim/devices/device_choice.hpp"
#include "sim/devices/profile_text.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/progress_bar.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/error.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

constexpr double drift_to_warn_of = 0.05;

/// What is to be measured, and where its profile goes if nobody says otherwise.
struct Choice {
  std::unique_ptr<CalibrationTarget> (*make)(const CudaDevice& gpu, std::uint64_t most_elements);
  CudaDevice gpu;
  std::string file;
  std::string note;
};

Choice choose(const std::string& device) {
  const auto cpu = [](const CudaDevice&, std::uint64_t most) { return make_cpu_calibration_target(most); };
  if (device == "cpu") return {cpu, {}, cpu_calibration_file(), {}};
  const Gpus gpus = find_gpus();
  if (!gpus.devices.empty())
    return {make_cuda_calibration_target, gpus.devices.front(), gpu_calibration_file(gpus.devices.front()), {}};
  const std::string why = "no GPU can be used: " + gpus.why_none;
  if (device == "cuda") throw InputError("command line", "--device", why, "accepted here: cpu");
  return {cpu, {}, cpu_calibration_file(), why + "; measuring the processor"};
}

Seconds read_clock() {
  return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

void print_findings(const DeviceProfile& profile, const std::string& file) {
  const Measurement& measurement = *profile.measurement;
  for (const Drift& drift : measurement.drift) {
    if (drift.worst() <= drift_to_warn_of) continue;
    say("warning: " + drift.what + " changed by " + percent(drift.worst()) + " while measuring; is the machine busy?");
  }
  say("memory bandwidth " + show(profile.bandwidth) + "; interpolation error median " +
      percent(measurement.error.median) + ", worst " + percent(measurement.error.worst));
  say("wrote " + file);
}

}  // namespace

void calibrate(const CalibrateArguments& arguments) {
  const Choice choice = choose(arguments.device);
  if (!arguments.out && !cache_place())
    throw InputError("command line", "--out", "neither HOME nor XDG_CACHE_HOME names a folder for profiles",
                     "accepted: --out and a file");
  const std::string file = arguments.out.value_or(choice.file);
  std::error_code failed;
  if (!arguments.out) fs::create_directories(fs::path(file).parent_path(), failed);  // what follows says why not
  check_writable(file);  // better now than after minutes of measuring
  if (!choice.note.empty()) say("note: " + choice.note);
  // Making data takes time, too.
  const std::uint64_t most_elements = arguments.quick ? 1 << 23 : std::numeric_limits<std::uint64_t>::max();
  write_calibration(*choice.make(choice.gpu, most_elements), file,
                    arguments.quick ? CalibrationGrid::coarse : CalibrationGrid::fine);
}

void write_calibration(CalibrationTarget& target, const std::string& file, CalibrationGrid grid) {
  const bool quick = grid == CalibrationGrid::coarse;
  CalibrationOptions options;
  options.grid = {.most_elements = target.most_elements(), .sizes = {}, .quick = quick};
  if (quick) {
    options.budget = Seconds(25);
  } else {
    options.grid.sizes = sizes_of_shipped_models();
    options.budget = Seconds(180);
  }
  say("measuring " + target.facts().device + ": " + std::to_string(points_to_measure(options.grid)) +
      " points, about " + (quick ? "a minute" : "8 minutes"));
  const DeviceProfile profile = [&] {
    ProgressBar bar("calibrating");
    return measure_profile(target, options, read_clock,
                           [&](std::size_t done, std::size_t total) { bar.show({.done = done, .total = total}); });
  }();
  write_file(file, profile_text(profile));
  print_findings(profile, file);
}

}  // namespace simrun
