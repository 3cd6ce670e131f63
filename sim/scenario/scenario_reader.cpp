#include "sim/scenario/scenario_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <span>

#include "sim/devices/device_choice.hpp"
#include "sim/devices/profile_text.hpp"
#include "sim/scenario/chosen_method.hpp"
#include "sim/scenario/compute_text.hpp"
#include "sim/scenario/local_steps_text.hpp"
#include "sim/scenario/model_file.hpp"
#include "sim/scenario/scenario_rules.hpp"
#include "sim/scenario/scenario_text.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/digest.hpp"
#include "sim/text/file_kind.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

/// All but what is found by name and what training adds.
Scenario scenario_of(const ScenarioText& text, const MethodText& method, std::shared_ptr<const Model> model,
                     const Where& top, const Where& here) {
  Scenario scenario;
  scenario.workers = static_cast<int>(text.workers);
  scenario.model = std::move(model);
  scenario.batch_per_worker = text.batch_per_worker;
  scenario.method = choose_method(method, scenario.elements(), here);
  check_compute(text.compute, *scenario.model, text.workers, top / "compute");
  check_grouping(text.schedule.grouping, *scenario.model, top / "schedule" / "grouping");
  if (method.grouping) check_grouping(*method.grouping, *scenario.model, here / "grouping");
  scenario.compute = text.compute;
  scenario.host = text.host;
  scenario.network = text.network;
  scenario.gradients = text.gradients.source;
  scenario.gradient_precision = text.gradients.precision;
  scenario.gradient_sample = text.gradients.sample;
  if (scenario.elements() > Group::most_elements && !scenario.gradient_sample)
    scenario.gradient_sample = std::uint64_t{1} << 24;
  scenario.grouping = method.grouping.value_or(text.schedule.grouping);
  // After local steps there is no backward pass that decoding would hold up.
  scenario.decode = scenario.method.local.is_local() ? DecodeTime::as_ready : text.schedule.decode;
  scenario.metadata_apart = text.schedule.metadata_apart;
  return scenario;
}

}  // namespace

/// Made once: they hold the whole schema.
struct ScenarioReader::Fields {
  Field<ScenarioText> scenario = scenario_field();
  Field<MethodText> method = method_field();
  Field<Model> model = model_field();
};

ScenarioReader::ScenarioReader(std::string file)
    : file_(std::move(file)), folder_(fs::path(file_).parent_path().string()), fields_(std::make_unique<Fields>()) {}

ScenarioReader::~ScenarioReader() = default;

Scenario ScenarioReader::read(Json json, std::size_t method, std::optional<std::size_t> number) {
  const Where top{file_, ""};
  ScenarioText text = fields_->scenario.read(json, top);
  json.erase("$schema");  // the editor's
  const Where here = top / "methods" / number.value_or(method);
  const MethodText method_text = fields_->method.read(json["methods"][method], here);

  Scenario scenario = scenario_of(text, method_text, find_model(json["model"]), top, here);
  scenario.file = file_;
  scenario.name = text.name.empty() ? name_of_scenario(file_) : text.name;
  scenario.device = find_device(text.device);
  scenario.device_memory = text.device.memory;
  check_local_steps(scenario, here);
  check_together(scenario, top);
  check_size(scenario, here);
  if (method_text.training && !text.training)
    (here / "training").fail("the scenario has no training", "accepted: training beside methods, or leave it out");
  if (text.training) {
    fill_validation_share(json, *text.training);
    scenario.training = training_of(*text.training, method_text.training.value_or(MethodTrainingText{}),
                                    scenario.method, here / "training");
  }
  check_neighbours(scenario, top, here);
  check_training(scenario, top, here);
  for (const std::string& note : notes_on(scenario, here)) add_note(note);
  find_other_files(scenario, top);
  resolve(scenario, std::move(json), method);
  return scenario;
}

/// Gradients and platform.
void ScenarioReader::find_other_files(Scenario& scenario, const Where& top) {
  if (auto* files = std::get_if<GradientFiles>(&scenario.gradients)) {
    for (const std::string& note : gradients_.find(*files, scenario.workers, *scenario.model, top / "gradients"))
      add_note(note);
  }
  if (auto* file = std::get_if<PlatformFile>(&scenario.network.topology)) {
    file->platform = readable_file(file->platform, top / "network" / "platform", "SimGrid platform");
    refuse_other_kind(file->platform, "platform", "SimGrid platform");
    platforms_.check(*file, scenario, {file_, "network"}, [this](const std::string& note) { add_note(note); });
  }
}

/// Keeps what the scenario says, with this one of its methods; large parts aside.
void ScenarioReader::resolve(Scenario& scenario, Json json, std::size_t method) {
  Json entry = json["methods"][method];
  // So that a point is the same whoever gives its grouping.
  if (scenario.method.grouping) json["schedule"]["grouping"] = entry["grouping"];
  entry.erase("grouping");
  json["methods"] = Json::array({entry});
  for (const char* key : {"model", "compute", "schedule"}) {
    if (auto part = shared_part(key, json[key])) scenario.aside.push_back(std::move(part));
  }
  scenario.resolved = std::move(json);
}

/// Puts a part aside if it is large, or finds the one that was put aside before; else none.
std::shared_ptr<const SharedPart> ScenarioReader::shared_part(const std::string& key, Json& value) {
  if (value.is_string()) {
    const auto known = aside_.find(value.get_ref<const std::string&>());
    return known == aside_.end() ? nullptr : known->second;
  }
  constexpr std::size_t large = 4096;
  // Sorted keys: in which order they were written does not matter.
  const std::string text = nlohmann::json(value).dump();
  if (text.size() < large) return nullptr;
  // No text from a file holds a NUL.
  std::string name = std::string(1, '\0') + hexadecimal(digest(std::as_bytes(std::span(text))));
  auto& part = aside_[name];
  if (!part) part = std::make_shared<const SharedPart>(SharedPart{key, name, std::move(value), text.size()});
  value = std::move(name);
  return part;
}

void ScenarioReader::put_aside(Json& model) {
  if (model.is_object()) shared_part("model", model);
}

std::string ScenarioReader::readable_file(const std::string& name, const Where& where, const std::string& what) const {
  const std::string file = find_file(name, folder_).value_or(name);
  const std::string problem = why_unreadable(file);
  if (!problem.empty()) where.fail(brief(name) + " " + problem, "accepted: a " + what + " file that can be read");
  return file;
}

std::string ScenarioReader::named_file(const std::string& name, const Where& where, const std::string& what,
                                       const std::vector<std::string>& folders,
                                       const std::vector<std::string>& accepted) const {
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".json") || is_named_safetensors(name);
  if (is_path) return readable_file(name, where, what);
  for (const std::string& folder : folders) {
    if (const auto file = file_in(folder, name + ".json")) return *file;
  }
  // Of another kind, perhaps: whoever reads it says so.
  if (const auto file = find_file(name, folder_); file && fs::is_regular_file(*file)) return *file;
  std::vector<std::string> names = json_names(folders.front());
  std::string text = "accepted: ";
  for (const std::string& word : accepted) {
    std::erase(names, word);
    text += word + ", ";
  }
  const auto near = nearest(name, names);
  where.fail("there is no " + what + " " + brief(name) + (near ? ", did you mean \"" + *near + "\"?" : ""),
             text + "a path, or " + one_of(names));
}

std::shared_ptr<const Model> ScenarioReader::find_model(Json& value) {
  const Where where{file_, "model"};
  const auto part = value.is_object() || value.is_string() ? shared_part("model", value) : nullptr;
  if (value.is_object()) return std::make_shared<Model>(fields_->model.read(value, where));
  if (!value.is_string())
    where.fail("is " + brief(value), "accepted: a name, a path, or an object with name and tensors");
  const auto name = value.get<std::string>();
  if (const auto known = models_.find(name); known != models_.end()) return known->second;
  Model model;
  if (part) {
    Json copy = *part->value;
    model = fields_->model.read(copy, where);
  } else {
    model = read_model(named_file(name, where, "model", {data_root() + "/scenarios/models"}, {}));
    if (!model.assumed.empty()) add_note("model: " + brief(name) + ": " + model.assumed);
  }
  return models_.emplace(name, std::make_shared<Model>(std::move(model))).first->second;
}

std::shared_ptr<const DeviceProfile> ScenarioReader::find_device(const DeviceText& text) {
  const auto scaled = text.scaled_to.value_or(DeviceText::Scaled{});
  const std::string implementation = text.implementation.value_or("");
  const std::tuple key{text.profile, implementation, scaled.name, scaled.bandwidth};
  const Where where{file_, "device"};
  const auto check = [&](const DeviceProfile& profile) {
    if (!text.implementation || *text.implementation == profile.implementation) return;
    // A file's own name says its implementation, too.
    if (text.profile == profile.name + "-" + profile.implementation)
      (where / "implementation")
          .fail(text.profile + " has times of " + profile.implementation + ", not of " + *text.implementation,
                "accepted: " + profile.implementation);
    (where / "implementation")
        .fail("there is no " + profile.name + " with times of " + *text.implementation,
              "accepted: " + one_of(implementations_of(profile)) +
                  ", or the times of another device, with device.scaled_to this one");
  };
  if (const auto known = devices_.find(key); known != devices_.end()) {
    check(*known->second);
    return known->second;
  }
  const bool is_object = text.scaled_to || text.implementation || text.memory;
  DeviceProfile profile = read_device(text.profile, implementation, is_object ? where / "profile" : where);
  check(profile);
  if (!text.implementation && text.profile == profile.name) {
    for (const std::string& other : implementations_of(profile)) {
      if (other != profile.implementation)
        add_note("device: these are times of " + profile.implementation + "'s kernels; of " + other +
                 "'s: { \"profile\": \"" + profile.name + "\", \"implementation\": \"" + other + "\" }");
    }
  }
  if (text.scaled_to) profile = scaled_to(profile, scaled.name, scaled.bandwidth);
  return devices_.emplace(key, std::make_shared<DeviceProfile>(std::move(profile))).first->second;
}

void ScenarioReader::add_note(const std::string& note) {
  if (noted_.insert(note).second) notes_.push_back(note);
}

DeviceProfile ScenarioReader::read_device(const std::string& name, const std::string& implementation,
                                          const Where& where) {
  if (auto choice = choose_device(name, find_gpus, where, implementation.empty() ? "simrun" : implementation)) {
    if (!choice->note.empty()) add_note(choice->note);
    return std::move(choice->profile);
  }
  if (const auto file = file_of_implementation(name, implementation)) return read_device_profile(*file);
  return read_device_profile(
      named_file(name, where, "device profile", {shipped_profiles(), measured_profiles()}, {"auto", "cpu", "cuda"}));
}

}  // namespace simrun
