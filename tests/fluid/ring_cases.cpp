#include "tests/fluid/ring_cases.hpp"

#include "tests/fluid/random_clusters.hpp"

namespace fluid {

std::vector<RingCase> ring_cases() {
  std::vector<RingCase> cases;
  for (const Shape& shape : shapes()) {
    for (const int workers : {5, 8}) {
      Dice dice(cases.size());
      cases.push_back({shape.name, random_cluster(shape, workers + 1, Latencies::same_route, dice), workers, 0});
      cases.back().elements = workers * static_cast<long>(dice.any_size(20e3, 2e6));
    }
  }
  return cases;
}

}  // namespace fluid
