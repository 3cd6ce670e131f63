#include "tests/sim/studies.hpp"

#include <filesystem>
#include <set>
#include <sstream>

#include "sim/payloads/payload_stage.hpp"
#include "sim/study/point_setup.hpp"
#include "sim/study/times_text.hpp"
#include "sim/system/child_process.hpp"

namespace simrun {

nlohmann::json tiny_scenario() {
  return nlohmann::json::parse(R"({
    "workers": 4,
    "model": {"name": "tiny", "tensors": [{"name": "a", "shape": [10, 20]}, {"name": "b", "shape": [800]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": []})");
}

nlohmann::json on_hosts(nlohmann::json scenario, int gpus) {
  scenario["network"]["gpus_per_host"] = gpus;
  scenario["network"]["intra_host"] = {{"kind", "nvlink"}, {"bandwidth", "10 GB/s"}, {"latency", "5 us"}};
  return scenario;
}

std::vector<nlohmann::json> records_in(const std::string& folder) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.insert(entry.path());
  std::vector<nlohmann::json> records;
  for (const std::string& file : files) {
    std::istringstream lines(read_file(file));
    for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  }
  return records;
}

Study study_of(const nlohmann::json& scenario, const TemporaryFolder& folder) {
  return read_study(folder.write("s.json", scenario.dump()), {});
}

Times times_of(const nlohmann::json& scenario, const std::function<void(Setup&)>& change) {
  const TemporaryFolder folder;
  const Study study = study_of(scenario, folder);
  PayloadCache cache;
  PayloadStage stage(study, {0}, 1, cache, [](std::uint64_t, std::uint64_t) {});
  const auto batch = stage.next();
  Setup setup = make_setup(study.points[0].scenario, *batch->tables[0]);
  if (change) change(setup);
  return read_times(Json::parse(run_in_child([&] { return times_json(simulate(setup)).dump(); })));
}

}  // namespace simrun
