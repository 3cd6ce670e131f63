// One exchange by simrun's collectives, every step simulated: star of 1 Gbps and 50 us, model `ideal`. See peers.py.
// usage: simrun_exchange ring|all-gather|server WORKERS BYTES
// Prints the seconds of processor time that the simulation took, and the seconds that the exchange takes in it.
// BYTES: a worker's payload.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>

#include "sim/collectives/collective.hpp"
#include "sim/simgrid/cluster.hpp"

using namespace simrun;

namespace {

/// Takes no time: sizes stay.
class Hollow final : public Aggregator {
 public:
  Payload combine(std::span<const Payload> parts) const override { return parts.front(); }
};

}  // namespace

int main(int, char** argv) {
  const std::map<std::string, const char*> names = {
      {"ring", "ring"}, {"all-gather", "allgather-ring"}, {"server", "parameter-server"}};
  const CollectiveEntry& entry = *find_collective(names.at(argv[1]));
  const int workers = std::atoi(argv[2]);
  const std::uint64_t bytes = std::strtoull(argv[3], nullptr, 10);
  const auto collective = entry.make({});
  const Payload payload = Payload::size_only({PayloadKind::dense32, IndexCoding::none, bytes / 4, bytes / 4, bytes});
  const Hollow hollow;
  Network network;
  network.bandwidth = BytesPerSecond(125e6);
  network.latency = Seconds(50e-6);
  double end = 0;
  const auto rank = [&](Transport& transport) {
    collective->exchange(transport, payload, entry.can(Combining::gather) ? nullptr : &hollow);
    end = std::max(end, transport.now().value);
  };
  const auto serve = [&](Transport& transport) { collective->serve(transport, hollow); };
  Cluster cluster(network, workers, Repeats::literal);
  const std::clock_t begin = std::clock();
  cluster.run(rank, entry.has_server ? std::function<void(Transport&)>(serve) : nullptr);
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%.6f %.9f\n", took, end);
}
