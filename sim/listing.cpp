#include "sim/listing.hpp"

#include <functional>
#include <utility>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/devices/device_choice.hpp"
#include "sim/devices/profile_text.hpp"
#include "sim/methods/method.hpp"
#include "sim/network/network.hpp"
#include "sim/scenario/model_file.hpp"
#include "sim/system/data_path.hpp"
#include "sim/text/table.hpp"

namespace simrun {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

template <class Entry>
Lines entries(std::span<const Entry> table) {
  Lines lines;
  for (const Entry& entry : table) lines.emplace_back(entry.name, entry.summary);
  return lines;
}

Lines models() {
  const std::string folder = data_root() + "/scenarios/models";
  Lines lines;
  for (const std::string& name : json_names(folder)) {
    const Model model = read_model(folder + "/" + name + ".json");
    lines.emplace_back(
        name, std::to_string(model.elements()) + " parameters in " + std::to_string(model.tensors.size()) + " tensors");
  }
  return lines;
}

std::string device_line(const std::string& file) {
  try {
    const DeviceProfile profile = read_device_profile(file);
    std::string line = profile.provenance + ", " + profile.implementation + ": " + profile.device;
    if (!profile.measurement) return line;
    const InterpolationError& error = profile.measurement->error;
    line += ", interpolation error median " + percent(error.median) + ", worst " + percent(error.worst);
    double drift = 0;
    for (const Drift& each : profile.measurement->drift) drift = std::max(drift, each.worst());
    return line + ", drift " + percent(drift);
  } catch (const InputError& error) {
    return std::string("cannot be used: ") + error.what();
  }
}

Lines devices() {
  Lines lines;
  for (const std::string& folder : {shipped_profiles(), measured_profiles()}) {
    for (const std::string& name : json_names(folder))
      lines.emplace_back(name,
                         device_line(folder + "/" + name + ".json") + (name == default_profile ? " (default)" : ""));
  }
  return lines;
}

}  // namespace

std::string listing(const std::string& kind) {
  const std::vector<std::pair<std::string, std::function<Lines()>>> kinds = {
      {"methods", [] { return entries(methods()); }},
      {"codecs", [] { return entries(codecs()); }},
      {"collectives", [] { return entries(collectives()); }},
      {"models", models},
      {"devices", devices},
      {"networks", [] { return entries(network_models()); }}};
  std::string text;
  for (const auto& [name, lines] : kinds) {
    if (kind != "all" && kind != name) continue;
    Table table({name, ""});
    table.align_left();
    for (const auto& [entry, summary] : lines()) table.add_row({"  " + entry, summary});
    text += (text.empty() ? "" : "\n") + table.text();
  }
  return text;
}

}  // namespace simrun
