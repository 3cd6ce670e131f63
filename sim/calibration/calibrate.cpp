#include "sim/calibration/calibrate.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>

#include "sim/calibration/calibration.hpp"
#include "sim/calibration/pytorch_calibration.hpp"
#include "sim/devices/device_choice.hpp"
#include "sim/devices/profile_text.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/interruption.hpp"
#include "sim/system/progress_bar.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/error.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

constexpr double drift_to_warn_of = 0.05;
constexpr double seconds_between_lines = 10;

/// What is to be measured, and where its profile goes if nobody says otherwise.
struct Choice {
  std::function<std::unique_ptr<CalibrationTarget>(std::optional<std::uint64_t> most_elements)> make;
  std::string file;
  std::string note;
};

Choice choose_pytorch(const CalibrateArguments& arguments) {
  auto found = std::make_shared<PytorchDevice>(find_pytorch(arguments.python, arguments.device));
  const std::optional<CudaDevice> gpu = found->gpu();
  const auto make = [found](std::optional<std::uint64_t> most) {
    return make_pytorch_calibration_target(std::move(*found), most);
  };
  if (gpu) return {make, gpu_calibration_file(*gpu, "pytorch"), {}};
  const std::string note = arguments.device.empty() ? "PyTorch finds no GPU; measuring the processor" : "";
  return {make, cpu_calibration_file("pytorch"), note};
}

/// Only simrun's kernels on a GPU read gradients of 16 bits.
[[noreturn]] void refuse_precision(const std::string& why, const std::string& accepted) {
  throw InputError("command line", "--precision", why, "accepted: " + accepted);
}

Choice choose(const CalibrateArguments& arguments) {
  const bool is_narrow = arguments.precision != Precision::fp32;
  if (arguments.implementation == "pytorch") {
    if (is_narrow) refuse_precision("PyTorch's operations are measured with fp32 gradients", "fp32");
    return choose_pytorch(arguments);
  }
  if (arguments.python)
    throw InputError("command line", "--python", "simrun's own operations need no Python",
                     "accepted: with --implementation pytorch");
  if (arguments.device == "cpu" && is_narrow)
    refuse_precision("the CPU back end encodes fp32 gradients alone", "fp32, or --device cuda");
  if (arguments.device == "cpu") return {make_cpu_calibration_target, cpu_calibration_file(), {}};
  const Gpus gpus = find_gpus();
  if (!gpus.devices.empty()) {
    const CudaDevice gpu = gpus.devices.front();
    const auto make = [gpu, precision = arguments.precision](std::optional<std::uint64_t> most) {
      return make_cuda_calibration_target(gpu, most, precision);
    };
    return {make, gpu_calibration_file(gpu, "simrun", arguments.precision), {}};
  }
  const std::string why = "no GPU can be used: " + gpus.why_none;
  if (arguments.device == "cuda") throw InputError("command line", "--device", why, "accepted here: cpu");
  if (is_narrow) refuse_precision("the CPU back end encodes fp32 gradients alone, and " + why, "fp32");
  return {make_cpu_calibration_target, cpu_calibration_file(), why + "; measuring the processor"};
}

std::string whole_seconds(Seconds time) {
  return std::to_string(std::lround(std::max(0.0, time.value))) + " s";
}

Seconds read_clock() {
  return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

CalibrationOptions options_of(const CalibrationTarget& target, const CalibrationPlan& plan) {
  const bool quick = plan.grid == CalibrationGrid::coarse;
  CalibrationOptions options;
  options.grid = {
      .most_elements = target.most_elements(), .sizes = {}, .quick = quick, .operations = target.operations()};
  options.sampling = Seconds(quick ? 20 : 300);
  if (plan.budget) {
    options.end = plan.begin + *plan.budget;
    options.sampling = std::min(options.sampling, 0.4 * *plan.budget);
  }
  if (quick) return options;
  const std::string models = data_root() + "/scenarios/models";
  options.grid.sizes = sizes_of_models(models);
  if (options.grid.sizes.empty())
    say("note: there are no models in " + models + ": the grid has no points at their sizes");
  return options;
}

Calibrated measure_with_progress(CalibrationTarget& target, const CalibrationPlan& plan,
                                 const InterruptionWatch& watch) {
  CalibrationOptions options = options_of(target, plan);
  options.is_interrupted = [&] { return watch.signal() != 0; };
  const std::string points = std::to_string(points_to_measure(options.grid)) + " points";
  say("measuring " + target.facts().device + ": " + points +
      (plan.budget ? ", within " + whole_seconds(*plan.budget) : ""));
  ProgressBar bar("calibrating", seconds_between_lines);
  return measure_profile(target, options, read_clock, [&](std::size_t done, std::size_t total) {
    WorkDone work{.done = done, .total = total};
    if (plan.budget) work.note = "the budget ends in " + whole_seconds(options.end - read_clock());
    bar.show(work);
  });
}

/// Where a profile goes that may not be whole.
std::string place_of_ended(const std::string& file) {
  std::error_code ignored;
  return fs::exists(file, ignored) ? file + ".ended" : file;
}

/// What ends it before all is measured, if anything does.
struct Ending {
  std::string why;
  int status;
};

Ending ending_of(const Calibrated& measured, int signal, const CalibrationPlan& plan) {
  if (!measured.lost.empty()) return {measured.lost, 1};
  if (signal != 0) return {"interrupted", 128 + signal};
  return {"the budget of " + whole_seconds(plan.budget.value_or(Seconds(0))) + " is over", 0};
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

int calibrate(const CalibrateArguments& arguments) {
  const Seconds begin = read_clock();
  const Choice choice = choose(arguments);
  if (!arguments.out && !cache_place())
    throw InputError("command line", "--out", "neither HOME nor XDG_CACHE_HOME names a folder for profiles",
                     "accepted: --out and a file");
  const std::string file = arguments.out.value_or(choice.file);
  std::error_code failed;
  if (!arguments.out) fs::create_directories(fs::path(file).parent_path(), failed);  // what follows says why not
  check_writable(file);  // better now than after minutes of measuring
  if (!choice.note.empty()) say("note: " + choice.note);
  CalibrationPlan plan{.begin = begin};
  const bool is_pytorch = arguments.implementation == "pytorch";
  if (is_pytorch) plan.budget = Seconds(480);  // on a processor its selections take seconds
  std::optional<std::uint64_t> most_elements = arguments.most_elements;
  if (arguments.quick) {
    plan.grid = CalibrationGrid::coarse;
    plan.budget = Seconds(is_pytorch ? 120 : 60);
    if (!most_elements) most_elements = is_pytorch ? 1 << 20 : 1 << 23;  // making data takes time, too
  }
  if (arguments.budget) plan.budget = Seconds(static_cast<double>(*arguments.budget));
  const auto target = choice.make(most_elements);
  if (arguments.most_elements && target->most_elements() < *arguments.most_elements)
    say("note: memory allows arrays of " + std::to_string(target->most_elements()) + " elements, not of " +
        std::to_string(*arguments.most_elements));
  return write_calibration(*target, file, plan);
}

int write_calibration(CalibrationTarget& target, const std::string& file, const CalibrationPlan& plan) {
  const InterruptionWatch watch;
  const Calibrated measured = measure_with_progress(target, plan, watch);
  const Ending ending = ending_of(measured, watch.signal(), plan);
  if (!measured.profile) {
    say("simrun: " + ending.why + " before an operation was measured; nothing was written");
    return ending.status == 0 ? 1 : ending.status;
  }
  if (!measured.left_out.empty()) say(ending.why + "; left out: " + measured.left_out);
  const std::string place = ending.status == 0 ? file : place_of_ended(file);
  write_file(place, profile_text(*measured.profile));
  print_findings(*measured.profile, place);
  return ending.status;
}

}  // namespace simrun
