#include "sim/devices/device_choice.hpp"

#include <filesystem>
#include <set>

#include "sim/devices/profile_text.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/processor.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

/// What became of the look for a measured profile.
struct Measured {
  std::optional<DeviceProfile> profile;
  std::string problem;  ///< why there is none, as a clause
};

/// `uuid`: that the profile must have.
Measured read_measured(const std::string& file, const std::string& what, const std::string& uuid) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return {{}, what + " was not measured"};
  try {
    DeviceProfile profile = read_device_profile(file);
    if (profile.uuid == uuid) return {std::move(profile), {}};
    return {{}, file + " is of another device than " + what};
  } catch (const InputError& error) {
    return {{}, "what was measured of " + what + " cannot be used (" + error.what() + ")"};
  }
}

Measured read_gpu(const Gpus& gpus) {
  if (gpus.devices.empty()) return {{}, "no GPU can be used: " + gpus.why_none};
  Measured first;
  for (const CudaDevice& gpu : gpus.devices) {
    Measured found = read_measured(gpu_calibration_file(gpu), gpu.name, gpu.uuid);
    if (found.profile) return found;
    if (first.problem.empty()) first = std::move(found);
  }
  return first;
}

DeviceChoice choose_auto(const Gpus& gpus) {
  Measured found = read_gpu(gpus);
  if (found.profile) return {std::move(*found.profile), {}};
  const std::string name(default_profile);
  const std::string remedy = gpus.devices.empty()
                                 ? "\"device\": \"cpu\" uses this machine's processor once `simrun calibrate` has "
                                   "measured it, `simrun list devices` names others"
                                 : "`simrun calibrate --device cuda` measures it";
  return {read_device_profile(shipped_profiles() + "/" + name + ".json"),
          "device auto: " + found.problem + "; using the default profile " + name + ", " +
              "simrun's kernels as modelled; PyTorch's operations take longer; " + remedy};
}

DeviceChoice choose_cpu(const Where& where) {
  const std::string file = cpu_calibration_file();
  std::error_code ignored;
  if (!fs::exists(file, ignored))
    return {read_device_profile(shipped_profiles() + "/cpu.json"),
            "device cpu: using the profile that simrun ships; `simrun calibrate --device cpu` measures this machine"};
  Measured found = read_measured(file, "this processor", "");
  if (!found.profile) where.fail(found.problem, "`simrun calibrate --device cpu` measures it anew");
  return {std::move(*found.profile), {}};
}

}  // namespace

Gpus find_gpus() {
  // NVIDIA's driver makes the first, the one of the Windows subsystem for Linux the second.
  std::error_code ignored;
  if (!fs::exists("/dev/nvidiactl", ignored) && !fs::exists("/dev/dxg", ignored))
    return {{}, "this machine has no NVIDIA GPU"};
  return {cuda_devices(), why_no_cuda()};
}

std::string shipped_profiles() {
  return data_root() + "/platforms/devices";
}

std::string measured_profiles() {
  const std::optional<CachePlace> place = cache_place();
  return place ? place->root + "/" + place->below + "/devices" : "/dev/null/none";  // where nothing can be
}

std::optional<std::string> file_of_implementation(const std::string& profile, const std::string& implementation) {
  if (profile.find('/') != std::string::npos || implementation.find('/') != std::string::npos) return std::nullopt;
  const std::string name = profile + "-" + implementation + ".json";
  for (const std::string& folder : {shipped_profiles(), measured_profiles()}) {
    if (const auto file = file_in(folder, name)) return file;
  }
  return std::nullopt;
}

std::vector<std::string> implementations_of(const DeviceProfile& profile) {
  std::set<std::string> found = {profile.implementation};
  const std::string prefix = profile.name + "-";
  for (const std::string& folder : {shipped_profiles(), measured_profiles()}) {
    for (const std::string& name : json_names(folder)) {
      if (name != profile.name && !name.starts_with(prefix)) continue;
      const DeviceProfile other = read_device_profile(folder + "/" + name + ".json");
      if (other.name == profile.name) found.insert(other.implementation);
    }
  }
  return {found.begin(), found.end()};
}

std::string cpu_calibration_file() {
  return measured_profiles() + "/" + profile_name(this_processor()) + ".json";
}

std::string gpu_calibration_file(const CudaDevice& gpu) {
  return measured_profiles() + "/" + profile_name(gpu.name + " " + gpu.uuid) + ".json";
}

std::optional<DeviceChoice> choose_device(const std::string& word, const std::function<Gpus()>& gpus,
                                          const Where& where) {
  if (word == "cpu") return choose_cpu(where);
  if (word == "auto") return choose_auto(gpus());
  if (word != "cuda") return std::nullopt;
  const Gpus found = gpus();
  Measured measured = read_gpu(found);
  if (!measured.profile)
    where.fail(measured.problem, found.devices.empty() ? "accepted: auto, cpu, or the name of a profile"
                                                       : "`simrun calibrate --device cuda` measures it");
  return DeviceChoice{std::move(*measured.profile), {}};
}

}  // namespace simrun
