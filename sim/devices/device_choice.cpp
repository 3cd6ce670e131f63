#include "sim/devices/device_choice.hpp"

#include <algorithm>
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

std::string on(const std::string& device, const std::string& implementation) {
  return implementation == "simrun" ? device : implementation + " on " + device;
}

Measured read_gpu(const Gpus& gpus, const std::string& implementation) {
  if (gpus.devices.empty()) return {{}, "no GPU can be used: " + gpus.why_none};
  Measured first;
  for (const CudaDevice& gpu : gpus.devices) {
    Measured found = read_measured(gpu_calibration_file(gpu, implementation), on(gpu.name, implementation), gpu.uuid);
    if (found.profile) return found;
    if (first.problem.empty()) first = std::move(found);
  }
  return first;
}

DeviceChoice choose_auto(const Gpus& gpus) {
  Measured found = read_gpu(gpus, "simrun");
  if (found.profile) return {std::move(*found.profile), {}};
  const std::string name(default_profile);
  return {read_device_profile(shipped_profiles() + "/" + name + ".json"),
          "device auto: " + found.problem + "; times are those of the profile " + name +
              ", modelled, see docs/devices.md" +
              (gpus.devices.empty() ? "" : "; `simrun calibrate --device cuda` measures the GPU")};
}

/// The command that measures a device of this machine.
std::string command(const std::string& device, const std::string& implementation) {
  return "`simrun calibrate --device " + device +
         (implementation == "simrun" ? "" : " --implementation " + implementation) + "`";
}

DeviceChoice choose_cpu(const Where& where, const std::string& implementation) {
  const std::string file = cpu_calibration_file(implementation);
  std::error_code ignored;
  const bool is_there = fs::exists(file, ignored);
  if (implementation == "simrun" && !is_there)
    return {read_device_profile(shipped_profiles() + "/cpu.json"), "device cpu: using the profile that simrun ships; " +
                                                                       command("cpu", implementation) +
                                                                       " measures this machine"};
  Measured found = read_measured(file, on("this processor", implementation), "");
  if (!found.profile)
    where.fail(found.problem, command("cpu", implementation) + (is_there ? " measures it anew" : " measures it"));
  return {std::move(*found.profile), {}};
}

/// Profiles of this machine, or put beside them, that call themselves so; those that cannot be read are none.
std::vector<std::string> measured_files_of(const std::string& profile) {
  std::vector<std::string> files;
  for (const std::string& name : json_names(measured_profiles())) {
    const std::string file = measured_profiles() + "/" + name + ".json";
    try {
      if (read_device_profile(file).name == profile) files.push_back(file);
    } catch (const InputError&) {
    }
  }
  return files;
}

/// A file's name without its ending.
std::string name_of(const std::string& device, const std::string& implementation) {
  return profile_name(device) + (implementation == "simrun" ? "" : "-" + implementation);
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
  if (implementation.empty() || profile.find('/') != std::string::npos || implementation.find('/') != std::string::npos)
    return std::nullopt;
  const std::string name = profile + "-" + implementation + ".json";
  for (const std::string& folder : {shipped_profiles(), measured_profiles()}) {
    if (const auto file = file_in(folder, name)) return file;
  }
  for (const std::string& file : measured_files_of(profile)) {
    if (read_device_profile(file).implementation == implementation) return file;
  }
  return std::nullopt;
}

std::vector<std::string> implementations_of(const DeviceProfile& profile) {
  std::set<std::string> found = {profile.implementation};
  for (const std::string& name : json_names(shipped_profiles())) {
    if (name != profile.name && !name.starts_with(profile.name + "-")) continue;
    const DeviceProfile other = read_device_profile(shipped_profiles() + "/" + name + ".json");
    if (other.name == profile.name) found.insert(other.implementation);
  }
  for (const std::string& file : measured_files_of(profile.name))
    found.insert(read_device_profile(file).implementation);
  return {found.begin(), found.end()};
}

std::string cpu_calibration_file(const std::string& implementation) {
  return measured_profiles() + "/" + name_of(this_processor(), implementation) + ".json";
}

std::string gpu_calibration_file(const CudaDevice& gpu, const std::string& implementation, Precision precision) {
  return measured_profiles() + "/" + with_precision(name_of(gpu.name + " " + gpu.uuid, implementation), precision) +
         ".json";
}

std::optional<DeviceChoice> choose_device(const std::string& word, const std::function<Gpus()>& gpus,
                                          const Where& where, const std::string& asked) {
  const bool is_known = std::ranges::count(measurable_implementations, asked) > 0;
  const std::string implementation = is_known ? asked : "simrun";
  if (word == "cpu") return choose_cpu(where, implementation);
  if (word == "auto" && implementation == "simrun") return choose_auto(gpus());
  if (word != "cuda" && word != "auto") return std::nullopt;
  const Gpus found = gpus();
  Measured measured = read_gpu(found, implementation);
  if (!measured.profile)
    where.fail(measured.problem, found.devices.empty() ? "accepted: auto, cpu, or the name of a profile"
                                                       : command("cuda", implementation) + " measures it");
  return DeviceChoice{std::move(*measured.profile), {}};
}

}  // namespace simrun
