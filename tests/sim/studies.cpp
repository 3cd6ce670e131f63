#include "tests/sim/studies.hpp"

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

Study study_of(const nlohmann::json& scenario, const TemporaryFolder& folder) {
  return read_study(folder.write("s.json", scenario.dump()), {});
}

}  // namespace simrun
