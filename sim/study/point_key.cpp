#include "sim/study/point_key.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <span>
#include <stdexcept>

#include "sim/simgrid/cluster.hpp"
#include "sim/system/digest.hpp"
#include "sim/system/version.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

/// Counts up when results of the same version and commit are no longer comparable, or written otherwise.
constexpr int format = 5;

std::string digest_of_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  DigestStream contents;
  std::array<char, 65536> buffer;
  while (in.read(buffer.data(), buffer.size()), in.gcount() > 0)
    contents.add(std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(in.gcount()))));
  if (!in.eof()) throw std::runtime_error("cannot read " + file + ": " + std::strerror(errno));
  return hexadecimal(contents.digest());
}

std::string digest_of_model(const Model& model) {
  Json tensors = Json::array();
  for (const Tensor& tensor : model.tensors) tensors.push_back({tensor.name, tensor.shape});
  return digest_of(tensors.dump());
}

/// Of what times and their intervals are made of; where they come from does not matter.
std::string digest_of_times(const DeviceProfile& profile) {
  const KernelModel& model = profile.model;
  Json times = {profile.bandwidth.value};
  for (const Estimate& each : {model.launch, model.share, model.cycles})
    times.push_back({each.low, each.typical, each.high});
  if (model.multiprocessors) times.push_back({model.multiprocessors->count, model.multiprocessors->clock});
  for (const auto& [name, operation] : profile.operations) {
    times.push_back({name, operation.table.seconds(), operation.range.low, operation.range.high});
    for (const CostTable::GridAxis& axis : operation.table.axes()) times.push_back({name_of(axis.axis), axis.values});
    if (operation.provenance != "measured" || !operation.spread) continue;
    times.push_back({operation.spread->p5, operation.spread->p95, operation.spread->error.median});
  }
  if (profile.measurement) {
    for (const Drift& drift : profile.measurement->drift) times.push_back(drift.values);
  }
  return digest_of(times.dump());
}

/// Digests of what points refer to, each made once.
class Contents {
 public:
  /// Of everything that the text of the scenario only names.
  ContentDigests of(const Scenario& scenario) {
    ContentDigests all;
    all["model"] = once(models_, scenario.model.get(), [&] { return digest_of_model(*scenario.model); });
    all["device"] = once(devices_, scenario.device.get(), [&] { return digest_of_times(*scenario.device); });
    if (const auto* file = std::get_if<PlatformFile>(&scenario.network.topology))
      all["network.platform"] = of_file(file->platform);
    if (const auto* gradients = std::get_if<GradientFiles>(&scenario.gradients)) {
      Json files = Json::array();
      for (const std::string& file : gradients->files) files.push_back(of_file(file));
      all["gradients"] = digest_of(files.dump());
    }
    return all;
  }

 private:
  template <class Key, class Make>
  static const std::string& once(std::map<Key, std::string>& known, const Key& key, const Make& make) {
    const auto [entry, is_new] = known.try_emplace(key);
    if (is_new) entry->second = make();
    return entry->second;
  }

  const std::string& of_file(const std::string& file) {
    return once(files_, file, [&] { return digest_of_file(file); });
  }

  std::map<const Model*, std::string> models_;
  std::map<const DeviceProfile*, std::string> devices_;
  std::map<std::string, std::string> files_;
};

}  // namespace

std::vector<std::string> point_keys(const Study& study) {
  Contents contents;
  std::vector<std::string> keys;
  for (const Point& point : study.points) {
    // Sorted keys: in which order they were written does not matter.
    nlohmann::json resolved = *point.scenario.resolved;
    resolved.erase("name");
    keys.push_back(digest_of(
        Json{format, program_identity(), simgrid_version(), contents.of(point.scenario), resolved.dump()}.dump()));
  }
  return keys;
}

std::vector<ContentDigests> contents_of(const Study& study) {
  Contents contents;
  std::vector<ContentDigests> all;
  for (const Point& point : study.points) all.push_back(contents.of(point.scenario));
  return all;
}

std::string comparison_key(const std::string& point, const std::string& other, double share) {
  return digest_of(Json{point, other, share}.dump());
}

}  // namespace simrun
