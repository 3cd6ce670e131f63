#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/cuda/cuda.hpp"
#include "sim/devices/device_profile.hpp"
#include "sim/text/where.hpp"

namespace simrun {

/// The profile for `auto` where this machine's GPU was not measured.
inline constexpr std::string_view default_profile = "a100";

/// Those whose operations `simrun calibrate` measures.
inline constexpr std::array<const char*, 2> measurable_implementations = {"simrun", "pytorch"};

/// The GPUs that can be used here, or why there is none.
struct Gpus {
  std::vector<CudaDevice> devices;
  std::string why_none;
};

/// Asks the driver, but only where a device file shows that there is one.
Gpus find_gpus();

/// Where profiles lie: those that simrun ships, and those of this machine (see cache_place; if there is none, a folder
/// that cannot exist).
std::string shipped_profiles();
std::string measured_profiles();

/// The file of that profile's times of `implementation`: of one that was shipped or put beside those measured,
/// "v100-pytorch.json"; else the first measured here that says so itself.
std::optional<std::string> file_of_implementation(const std::string& profile, const std::string& implementation);

/// Those that have times of this device, in alphabetical order: "pytorch", "simrun".
std::vector<std::string> implementations_of(const DeviceProfile& profile);

/// Where `simrun calibrate` writes the profile of this machine's processor, of one of its GPUs. `auto` and `cuda` take
/// the one with fp32 gradients.
std::string cpu_calibration_file(const std::string& implementation = "simrun");
std::string gpu_calibration_file(const CudaDevice& gpu, const std::string& implementation = "simrun",
                                 Precision precision = Precision::fp32);

/// A profile, and what users should know of its choice; often nothing.
struct DeviceChoice {
  DeviceProfile profile;
  std::string note;
};

/// What `auto`, `cpu` or `cuda` stands for on this machine; none for any other word. `gpus` is asked for `auto` and
/// `cuda` alone. `auto` takes the first GPU that was measured, else the default profile, and says why; `cpu` the
/// measured processor, else the shipped one; `cuda` fails at `where` unless a GPU was measured. A measured profile that
/// cannot be read, or is of another GPU, is pointed out with the command that makes it anew. Of pytorch nothing is
/// shipped for these words: what was not measured is a mistake at `where`. An implementation that cannot be measured is
/// taken to be simrun's, which callers check.
std::optional<DeviceChoice> choose_device(const std::string& word, const std::function<Gpus()>& gpus,
                                          const Where& where, const std::string& implementation = "simrun");

}  // namespace simrun
