#include "sim/devices/device_choice.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/program.hpp"

namespace simrun {
namespace {

const CudaDevice first_gpu{0, "NVIDIA H200", "GPU-1f"};
const CudaDevice second_gpu{1, "NVIDIA H200", "GPU-2e"};
const Where where{"s.json", "device"};

/// A cache folder of the test's own, and GPUs that only it sees.
class Machine {
 public:
  explicit Machine(std::vector<CudaDevice> gpus = {}) : gpus_(std::move(gpus)) {
    if (const char* own = std::getenv("XDG_CACHE_HOME")) before_ = own;
    ::setenv("XDG_CACHE_HOME", cache_.path().c_str(), 1);
    std::filesystem::create_directories(measured_profiles());
  }
  ~Machine() {
    if (before_.empty()) {
      ::unsetenv("XDG_CACHE_HOME");
    } else {
      ::setenv("XDG_CACHE_HOME", before_.c_str(), 1);
    }
  }

  DeviceChoice choose(const std::string& word, const std::string& implementation = "simrun") {
    return *choose_device(
        word, [&] { return look(); }, where, implementation);
  }

  std::optional<DeviceChoice> choose_any(const std::string& word) {
    return choose_device(
        word, [&] { return look(); }, where);
  }

  static void keep(const std::string& file, const std::string& name, const std::string& uuid,
                   const std::string& implementation = "simrun") {
    DeviceProfile profile = measured_profile({1, 1000}, 1e-3);
    profile.implementation = implementation;
    profile.name = name;
    profile.uuid = uuid;
    write(file, profile_text(profile));
  }

  static void write(const std::string& file, const std::string& text) {
    const auto path = std::filesystem::path(file);
    TemporaryFolder made;
    std::filesystem::copy_file(made.write("p.json", text), path, std::filesystem::copy_options::overwrite_existing);
  }

  int looks = 0;

 private:
  Gpus look() {
    ++looks;
    return {gpus_, gpus_.empty() ? "there is none" : ""};
  }

  TemporaryFolder cache_;
  std::string before_;
  std::vector<CudaDevice> gpus_;
};

}  // namespace

TEST_CASE("device auto: without a GPU the default profile, and why") {
  Machine machine;
  const DeviceChoice choice = machine.choose("auto");
  CHECK(choice.profile.name == "a100");
  CHECK(choice.note ==
        "device auto: no GPU can be used: there is none; times are those of the profile a100, modelled, see "
        "docs/devices.md");
}

TEST_CASE("device auto: a GPU that was not measured is named, with the command") {
  Machine machine({first_gpu});
  const DeviceChoice choice = machine.choose("auto");
  CHECK(choice.profile.name == "a100");
  CHECK(choice.note ==
        "device auto: NVIDIA H200 was not measured; times are those of the profile a100, modelled, see "
        "docs/devices.md; `simrun calibrate --device cuda` measures the GPU");
}

TEST_CASE("device auto and cuda: the GPU that was measured, by its own file and uuid") {
  Machine machine({first_gpu, second_gpu});
  CHECK(gpu_calibration_file(second_gpu) == measured_profiles() + "/nvidia-h200-gpu-2e.json");
  const std::string narrow = gpu_calibration_file(second_gpu, "simrun", Precision::fp16);
  CHECK(narrow == measured_profiles() + "/nvidia-h200-gpu-2e-fp16.json");
  Machine::keep(narrow, "nvidia-h200-fp16", "GPU-2e");
  CHECK(machine.choose("auto").profile.name == "a100");
  Machine::keep(gpu_calibration_file(second_gpu), "second", "GPU-2e");
  for (const char* word : {"auto", "cuda"}) {
    CHECK(machine.choose(word).profile.name == "second");
    CHECK(machine.choose(word).note.empty());
  }
  Machine::keep(gpu_calibration_file(first_gpu), "first", "GPU-1f");
  CHECK(machine.choose("auto").profile.name == "first");
}

TEST_CASE("device auto: a file of another GPU, a damaged one, one of an old format do not stop a run") {
  Machine machine({first_gpu});
  const std::string file = gpu_calibration_file(first_gpu);
  const auto is_fallback = [&](const std::string& why) {
    const DeviceChoice choice = machine.choose("auto");
    CHECK(choice.profile.name == "a100");
    CHECK_THAT(choice.note, Catch::Contains(why));
    CHECK_THAT(choice.note, Catch::Contains("`simrun calibrate --device cuda` measures the GPU"));
    CHECK_THROWS_WITH(machine.choose("cuda"), Catch::StartsWith("s.json: device: ") && Catch::Contains(why) &&
                                                  Catch::EndsWith("; `simrun calibrate --device cuda` measures it"));
  };
  Machine::keep(file, "other", "GPU-99");
  is_fallback("is of another device than NVIDIA H200");
  Machine::write(file, profile_text(measured_profile({1, 1000}, 1e-3)).substr(0, 1000));
  is_fallback("not JSON");
  Machine::write(file, R"({"format": 1})");
  is_fallback("1 is not the format of this version's profiles");
}

TEST_CASE("device cuda: without a GPU an input error") {
  Machine machine;
  CHECK_THROWS_WITH(machine.choose("cuda"),
                    "s.json: device: no GPU can be used: there is none; accepted: auto, cpu, or "
                    "the name of a profile");
  CHECK_THROWS_AS(Machine({first_gpu}).choose("cuda"), InputError);
}

TEST_CASE("device cpu: what was measured here, else what is shipped; GPUs are not asked for") {
  Machine machine({first_gpu});
  const DeviceChoice shipped = machine.choose("cpu");
  CHECK(shipped.profile.name == "cpu");
  CHECK_THAT(shipped.note, Catch::Contains("`simrun calibrate --device cpu`"));
  Machine::keep(cpu_calibration_file(), "mine", "");
  CHECK(machine.choose("cpu").profile.name == "mine");
  CHECK(machine.choose("cpu").note.empty());
  Machine::write(cpu_calibration_file(), "{");
  CHECK_THROWS_WITH(machine.choose("cpu"),
                    Catch::StartsWith("s.json: device: what was measured of this processor cannot be used") &&
                        Catch::EndsWith("`simrun calibrate --device cpu` measures it anew"));
  CHECK_FALSE(machine.choose_any("a100"));
  CHECK(machine.looks == 0);
}

TEST_CASE("device choice: PyTorch's times of this machine lie beside simrun's and are found by implementation") {
  Machine machine({first_gpu});
  const std::string of_gpu = gpu_calibration_file(first_gpu, "pytorch");
  CHECK(of_gpu == measured_profiles() + "/nvidia-h200-gpu-1f-pytorch.json");
  Machine::keep(gpu_calibration_file(first_gpu), "nvidia-h200", "GPU-1f");
  Machine::keep(of_gpu, "nvidia-h200", "GPU-1f", "pytorch");
  Machine::keep(cpu_calibration_file("pytorch"), "cpu", "", "pytorch");
  for (const char* word : {"auto", "cuda", "cpu"})
    CHECK(machine.choose(word, "pytorch").profile.implementation == "pytorch");
  for (const char* word : {"auto", "cuda", "cpu"}) CHECK(machine.choose(word).profile.implementation == "simrun");
  CHECK(file_of_implementation("nvidia-h200", "pytorch") == of_gpu);
  CHECK(file_of_implementation("nvidia-h200", "simrun") == gpu_calibration_file(first_gpu));
  CHECK_FALSE(file_of_implementation("nvidia-h200", "other"));
  CHECK(file_of_implementation("v100", "pytorch") == shipped_profiles() + "/v100-pytorch.json");
  CHECK(implementations_of(machine.choose("cpu").profile) == std::vector<std::string>{"pytorch", "simrun"});
  CHECK(machine.choose("cpu", "other").profile.implementation == "simrun");
}

TEST_CASE("device choice: PyTorch's times that were not measured, or are damaged, are named with the command") {
  Machine machine({first_gpu});
  CHECK_THROWS_WITH(machine.choose("cpu", "pytorch"),
                    "s.json: device: pytorch on this processor was not measured; `simrun calibrate --device cpu "
                    "--implementation pytorch` measures it");
  for (const char* word : {"auto", "cuda"})
    CHECK_THROWS_WITH(machine.choose(word, "pytorch"),
                      "s.json: device: pytorch on NVIDIA H200 was not measured; `simrun calibrate --device cuda "
                      "--implementation pytorch` measures it");
  Machine::write(cpu_calibration_file("pytorch"), "{");
  CHECK_THROWS_WITH(machine.choose("cpu", "pytorch"), Catch::EndsWith(" measures it anew"));
  CHECK(implementations_of(machine.choose("cpu").profile) == std::vector<std::string>{"simrun"});
}

}  // namespace simrun
