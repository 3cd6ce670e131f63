#include "sim/calibrate.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>

#include "sim/calibration.hpp"
#include "sim/device_choice.hpp"
#include "sim/error.hpp"
#include "sim/profile_text.hpp"
#include "sim/progress_bar.hpp"
#include "sim/write_file.hpp"

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

/// Better now than after minutes of measuring. Leaves nothing behind.
void check_place(const std::string& file) {
  const auto fail = [&](const std::string& wrong) {
    throw InputError("command line", "--out", "\"" + file + "\" " + wrong, "accepted: a file that can be written");
  };
  if (file.empty()) fail("names no file");
  std::error_code failed;
  const fs::file_status status = fs::status(file, failed);
  if (fs::is_directory(status)) fail("is a folder");
  if (fs::exists(status) && !fs::is_regular_file(status)) fail("is not a regular file");
  const fs::path parent = fs::path(file).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (!fs::is_directory(folder, failed)) fail("cannot be written: there is no folder " + folder);
  const std::string trial = file + "." + std::to_string(::getpid()) + ".part";  // as write_file does it
  std::FILE* made = std::fopen(trial.c_str(), "wbx");
  if (made == nullptr) fail(std::string("cannot be written: ") + std::strerror(errno));
  std::fclose(made);
  std::remove(trial.c_str());
}

Seconds read_clock() {
  return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

void print_findings(const DeviceProfile& profile, const std::string& file) {
  const Measurement& measurement = *profile.measurement;
  for (const Drift& drift : measurement.drift) {
    if (drift.worst() <= drift_to_warn_of) continue;
    std::fprintf(stderr, "warning: %s changed by %.1f %% while measuring; is the machine busy?\n", drift.what.c_str(),
                 100 * drift.worst());
  }
  std::fprintf(stderr, "memory bandwidth %s; interpolation error median %.1f %%, worst %.1f %%\nwrote %s\n",
               show(profile.bandwidth).c_str(), 100 * measurement.error.median, 100 * measurement.error.worst,
               file.c_str());
}

}  // namespace

void calibrate(const CalibrateArguments& arguments) {
  const Choice choice = choose(arguments.device);
  const std::string file = arguments.out.value_or(choice.file);
  std::error_code failed;
  if (!arguments.out) fs::create_directories(fs::path(file).parent_path(), failed);  // check_place says why not
  check_place(file);
  if (!choice.note.empty()) std::fprintf(stderr, "note: %s\n", choice.note.c_str());
  // Making data takes time, too.
  const std::uint64_t most_elements = arguments.quick ? 1 << 23 : std::numeric_limits<std::uint64_t>::max();
  write_calibration(*choice.make(choice.gpu, most_elements), file, arguments.quick);
}

void write_calibration(CalibrationTarget& target, const std::string& file, bool quick) {
  CalibrationOptions options;
  options.grid = {.most_elements = target.most_elements(), .sizes = {}, .quick = quick};
  if (quick) {
    options.budget = Seconds(25);
  } else {
    options.grid.sizes = sizes_of_shipped_models();
    options.budget = Seconds(180);
  }
  std::fprintf(stderr, "measuring %s: %zu points, about %s\n", target.facts().device.c_str(),
               points_to_measure(options.grid), quick ? "a minute" : "8 minutes");
  const DeviceProfile profile = [&] {
    ProgressBar bar("calibrating");
    return measure_profile(target, options, read_clock,
                           [&](std::size_t done, std::size_t total) { bar.show({.done = done, .total = total}); });
  }();
  write_file(file, profile_text(profile));
  print_findings(profile, file);
}

}  // namespace simrun
