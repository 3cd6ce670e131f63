#include "sim/calibration/pytorch_calibration.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/devices/device_profile.hpp"
#include "sim/system/child_process.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/processor.hpp"
#include "sim/text/error.hpp"
#include "sim/text/json.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// Launches of PyTorch's operations, assumed: they come from Python, and several make what one kernel of simrun's does.
constexpr KernelModel assumed_model = {.launch = {4e-6, 6e-6, 10e-6}};

/// Codecs whose payload of a vector stands for the same here and in PyTorch, but for the rounding of sums.
constexpr const char* codecs_alike[] = {"dense16",        "top-k",        "sparse-signs", "gathered-signs",
                                        "momentum-signs", "scaled-signs", "two-means"};
constexpr std::size_t elements_to_compare = 10'000;
constexpr std::size_t entries_to_compare = 100;
constexpr float rounding = 1e-5F;

/// What the script says, which is one of its JSON objects.
Json object_of(const std::string& line) {
  Json said = Json::parse(line, nullptr, false);
  if (!said.is_object()) throw ChildFailure("says " + shortened(line, 200));
  return said;
}

/// Starts one Python; where it cannot measure, nothing and why.
std::optional<PytorchDevice> try_python(const std::string& python, const std::string& device, std::string& why) {
  const std::string script = data_root() + "/sim/calibration/pytorch/measure.py";
  try {
    // It leaves no compiled files in the folder of the program.
    auto program = std::make_unique<LineProgram>(
        std::vector<std::string>{python, "-B", script, device, std::to_string(last_level_caches())});
    Json facts = object_of(program->hear());
    if (facts.contains("no_gpu"))
      throw InputError("command line", "--device", "no GPU can be used: " + facts["no_gpu"].get<std::string>(),
                       "accepted here: cpu");
    if (!facts.contains("missing")) return PytorchDevice{python, std::move(program), JsonValue(std::move(facts))};
    why = facts["missing"].get<std::string>();
  } catch (const ChildFailure& failure) {
    why = failure.what();
  }
  return std::nullopt;
}

/// Requests of measure.py's Session, and its answers.
class Session {
 public:
  explicit Session(std::unique_ptr<LineProgram> program) : program_(std::move(program)) {}

  Json ask(const Json& request) {
    try {
      Json answer = object_of(program_->ask(request.dump()));
      if (answer.contains("error")) throw CalibrationError(answer["error"].get<std::string>());
      return answer;
    } catch (const ChildFailure& failure) {
      throw TargetLost(std::string("the Python that measures ") + failure.what());
    }
  }

  void prepare(const std::string& operation, std::size_t elements, std::size_t entries) {
    ask({{"do", "prepare"}, {"operation", operation}, {"elements", elements}, {"entries", entries}});
  }

  Seconds run() { return Seconds(ask({{"do", "run"}})["seconds"].get<double>()); }
  std::uint64_t check() { return ask({{"do", "check"}})["bytes"].get<std::uint64_t>(); }

 private:
  std::unique_ptr<LineProgram> program_;
};

std::unique_ptr<const Codec> cpu_codec(const std::string& name) {
  const bool is_half = name == "dense16";
  return find_codec(is_half ? "dense" : name)
      ->make({.precision = is_half ? Precision::fp16 : Precision::fp32}, make_cpu_primitives(1));
}

/// Compares what a payload of PyTorch's stands for with what one of the CPU back end's does.
void compare_with_cpu(Session& session, const std::string& name) {
  session.prepare("encode." + name, elements_to_compare, entries_to_compare);
  session.run();
  const Json shown = session.ask({{"do", "show"}});
  const auto encoded = shown["encoded"].get<std::vector<float>>();
  const auto theirs = shown["decoded"].get<std::vector<float>>();
  std::vector<float> ours(encoded.size(), 0.0F);
  const auto codec = cpu_codec(name);
  codec->decode(codec->encode(encoded, entries_to_compare, {}), 1.0F, ours, {});
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (std::abs(ours[i] - theirs.at(i)) <= rounding * std::abs(ours[i])) continue;
    throw CalibrationError("encode." + name + ": element " + std::to_string(i) + " stands for " +
                           std::to_string(theirs[i]) + ", by the CPU back end for " + std::to_string(ours[i]));
  }
}

class PytorchPrepared final : public PreparedOperation {
 public:
  explicit PytorchPrepared(Session& session) : session_(session) {}
  Seconds run() override { return session_.run(); }
  std::uint64_t check() override { return session_.check(); }

 private:
  Session& session_;
};

class PytorchTarget final : public CalibrationTarget {
 public:
  PytorchTarget(PytorchDevice device, std::optional<std::uint64_t> most_elements)
      : gpu_(device.gpu()),
        python_(std::move(device.python)),
        said_(std::move(device.facts)),
        session_(std::move(device.program)) {
    const std::uint64_t most = most_elements.value_or(std::uint64_t{1} << (gpu_ ? 29 : 23));
    // What is compared is larger than the arrays that somebody may want measured.
    const std::uint64_t data = std::max<std::uint64_t>(most, elements_to_compare);
    most_elements_ = std::min(most, session_.ask({{"do", "begin"}, {"most", data}})["most"].get<std::uint64_t>());
    for (const char* name : codecs_alike) compare_with_cpu(session_, name);
  }

  DeviceFacts facts() const override {
    DeviceFacts facts{.name = gpu_ ? profile_name(gpu_->name) : "cpu",
                      .device = gpu_ ? gpu_->name : this_processor(),
                      .uuid = gpu_ ? gpu_->uuid : "",
                      .software = text("software"),
                      .timer = text("timer"),
                      .caches = text("caches"),
                      .conditions = {{"python", python_}},
                      .implementation = "pytorch",
                      .model = assumed_model};
    for (const auto& [key, value] : (*said_)["conditions"].items())
      facts.conditions.emplace_back(key, value.get<std::string>());
    return facts;
  }

  std::vector<MeasuredOperation> operations() const override {
    std::vector<MeasuredOperation> all;
    for (const Json& names : (*said_)["operations"]) {
      const auto same = names.get<std::vector<std::string>>();
      all.push_back({&operation_entry(same.front()), {same.begin() + 1, same.end()}});
    }
    return all;
  }

  std::uint64_t most_elements() const override { return most_elements_; }

  BytesPerSecond copy_bandwidth() override {
    const Json copy = session_.ask({{"do", "copy"}});
    return BytesPerSecond(copy["bytes"].get<double>() / copy["seconds"].get<double>());
  }

  std::unique_ptr<PreparedOperation> prepare(const OperationEntry& operation, std::span<const double> place) override {
    const bool is_of_entries = operation.axes.front() == Axis::entries;
    const auto first = static_cast<std::size_t>(place[0]);
    const std::size_t elements = is_of_entries ? elements_an_entry * first : first;
    const double density = is_of_entries ? 1.0 / elements_an_entry : place.back();
    const auto entries = static_cast<std::size_t>(std::llround(static_cast<double>(elements) * density));
    session_.prepare(operation.name, elements, std::clamp<std::size_t>(entries, 1, elements));
    return std::make_unique<PytorchPrepared>(session_);
  }

 private:
  static constexpr std::size_t elements_an_entry = 16;  // where the axis is entries

  std::string text(const char* key) const { return (*said_)[key].get<std::string>(); }

  std::optional<CudaDevice> gpu_;
  std::string python_;
  JsonValue said_;
  Session session_;
  std::uint64_t most_elements_ = 0;
};

}  // namespace

std::optional<CudaDevice> PytorchDevice::gpu() const {
  if ((*facts)["device"] == "cpu") return std::nullopt;
  return CudaDevice{0, (*facts)["gpu"].get<std::string>(), (*facts)["uuid"].get<std::string>()};
}

PytorchDevice find_pytorch(const std::optional<std::string>& python, const std::string& device) {
  std::string problems;
  for (const std::string& candidate :
       python ? std::vector{*python} : std::vector<std::string>{"python3", "/usr/bin/python3"}) {
    std::string why;
    if (auto found = try_python(candidate, device, why)) return std::move(*found);
    problems += (problems.empty() ? "" : ", ") + shown_name(candidate) + " (" + why + ")";
  }
  throw InputError("command line", python ? "--python" : "--implementation", "no PyTorch can be used: " + problems,
                   "accepted: --python and a Python that imports torch");
}

std::unique_ptr<CalibrationTarget> make_pytorch_calibration_target(PytorchDevice device,
                                                                   std::optional<std::uint64_t> most_elements) {
  return std::make_unique<PytorchTarget>(std::move(device), most_elements);
}

}  // namespace simrun
