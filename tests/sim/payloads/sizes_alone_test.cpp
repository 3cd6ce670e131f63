#include "sim/payloads/sizes_alone.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "sim/payloads/payload_stage.hpp"
#include "tests/sim/program.hpp"

namespace simrun {
namespace {

/// Groupings with and without boundaries in common, with a dense group, and with one of tensors apart.
const char* const groupings_text = R"({
  "workers": 3,
  "model": {"name": "m", "tensors": [{"name": "a", "shape": [6000]}, {"name": "b", "shape": [2000]},
                                     {"name": "c", "shape": [30000]}, {"name": "d", "shape": [5000]}]},
  "batch_per_worker": 8,
  "compute": {"forward": "1 ms", "backward": "2 ms"},
  "device": "p102-100",
  "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
  "methods": [{"name": "dgc", "density": 0.05}, {"name": "top-k", "density": 0.05}],
  "sweep": {"grouping": ["tensor", "model", {"groups": [["a", "b"], ["c"], ["d"]]},
                         {"groups": [["a"], ["b"], ["c", "d"]], "dense": [0]}, {"groups": [["a", "c"], ["b", "d"]]}]}
})";

using SizesOfPoint = std::vector<std::uint64_t>;

/// What every worker sends of every group in each of four steps, by point.
std::map<std::size_t, SizesOfPoint> sizes_of(const Study& study, const std::vector<std::size_t>& points) {
  PayloadCache cache;
  PayloadStage stage(study, points, 2, cache, [](std::uint64_t, std::uint64_t) {});
  std::map<std::size_t, SizesOfPoint> all;
  while (const auto batch = stage.next()) {
    for (std::size_t i = 0; i < batch->points.size(); ++i) {
      const Scenario& scenario = study.points[batch->points[i]].scenario;
      SizesOfPoint& sizes = all[batch->points[i]];
      for (std::size_t step = 0; step < 4; ++step) {
        for (std::size_t worker = 0; worker < 3; ++worker) {
          for (std::size_t g = 0; g < groups_of(scenario).size(); ++g)
            sizes.push_back(batch->tables[i]->at(worker, g, 0, step).size());
        }
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("sizes of groupings that share gradients are those of each by itself") {
  const TemporaryFolder folder;
  const Study study = read_study(folder.write("s.json", groupings_text), {});
  REQUIRE(study.points.size() == 10);
  std::vector<std::size_t> together;
  for (std::size_t point = 0; point < study.points.size(); ++point) together.push_back(point);
  const auto all = sizes_of(study, together);
  REQUIRE(all.size() == study.points.size());
  for (const std::size_t point : together) {
    INFO(study.points[point].label << ", point " << point);
    CHECK(sizes_of(study, {point}).at(point) == all.at(point));
  }
}

}  // namespace simrun
