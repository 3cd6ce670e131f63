// Writes the clusters of ring_cases() into a folder, for SMPI: FOLDER/0.xml and so on. Prints a CSV of what to run on
// them and how long it takes: shape,platform,workers,elements,seconds.

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "tests/fluid/programs.hpp"
#include "tests/fluid/ring_cases.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::puts("shape,platform,workers,elements,seconds");
  int number = 0;
  for (const fluid::RingCase& ring : fluid::ring_cases()) {
    const std::string file = std::string(argv[1]) + "/" + std::to_string(number++) + ".xml";
    std::ofstream(file) << fluid::platform_xml(ring.cluster);
    const auto ends = fluid::solve(ring.cluster, fluid::ring(ring.workers, ring.elements),
                                   std::vector<double>(ring.workers), fluid::eager_limit);
    std::printf("%s,%s,%d,%ld,%.12g\n", ring.name.c_str(), file.c_str(), ring.workers, ring.elements,
                *std::max_element(ends.begin(), ends.end()));
  }
}
