// Simulated time beside the oracle: all collectives on random clusters.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <sstream>

#include "sim/collectives/collective.hpp"
#include "sim/collectives/graph.hpp"
#include "sim/network/placement.hpp"
#include "sim/system/child_process.hpp"
#include "tests/fluid/programs.hpp"
#include "tests/fluid/random_clusters.hpp"
#include "tests/fluid/ring_cases.hpp"
#include "tests/sim/program.hpp"
#include "tests/sim/simulated_exchange.hpp"

namespace simrun {
namespace {

constexpr int clusters_per_shape = 40;
constexpr double tolerance = 1e-6;

struct Exchange {
  const char* collective;
  ServerPlace place = ServerPlace::own_host;
  Payload payload;
  std::vector<fluid::Program> programs;
  double begin = 0;                   // of the simulated exchange, s
  std::vector<double> expected = {};  // by rank, the server's last; s from then on
  Graph graph = {};                   // of neighbours
};

/// Gossip on graphs: all pairs of ranks, a star round rank 0, a path.
void add_gossip(int m, const Payload& payload, double bytes, std::vector<Exchange>& all) {
  std::vector<Edge> complete, star, path;
  for (int r = 1; r < m; ++r) {
    for (int other = 0; other < r; ++other) complete.emplace_back(other, r);
    star.emplace_back(r, 0);
    path.emplace_back(r - 1, r);
  }
  const auto add = [&](const std::vector<fluid::Program>& programs, const Graph& graph) {
    all.push_back({"gossip", {}, payload, programs, 0, {}, graph});
  };
  add(fluid::gossip(m, complete, bytes), {Graph::Kind::complete});
  for (const std::vector<Edge>& edges : {star, path}) add(fluid::gossip(m, edges, bytes), listed_graph(edges));
  if (m == 9) add(fluid::gossip_torus(3, 3, bytes), {Graph::Kind::torus});
}

/// Every collective that simrun has. Dense payloads carry no header, pairs one of 32 bytes.
std::vector<Exchange> all_exchanges(int m, double bytes) {
  const long elements = std::lround(bytes / 4);
  const long entries = std::lround(bytes / 8);
  const Payload values = dense(elements);
  const Payload sparse = pairs(1'000'000'000, entries);
  const double whole = 4.0 * static_cast<double>(elements);
  const double listed = 32 + 8.0 * static_cast<double>(entries);
  std::vector<Exchange> all = {
      {"ring", {}, values, fluid::ring(m, elements)},
      {"halving-doubling", {}, values, fluid::halving_doubling(m, elements)},
      {"tree", {}, values, fluid::tree(m, whole)},
      {"tree", {}, sparse, fluid::tree(m, listed)},
      {"parameter-server", ServerPlace::own_host, values, fluid::server(m, whole)},
      {"parameter-server", ServerPlace::rank0, values, fluid::server_on_rank0(m, whole)},
      {"sharded-parameter-server", {}, values, fluid::sharded_server(m, elements)},
      {"allgather-ring", {}, sparse, fluid::allgather_ring(m, listed)},
      {"allgather-doubling", {}, sparse, fluid::allgather_doubling(m, listed)},
      {"broadcast", {}, sparse, fluid::broadcast(m, listed)},
      {"sparse-halving", {}, sparse, fluid::sparse_halving(m, 1'000'000'000, entries)},
      {"balanced-split", {}, sparse, fluid::balanced_split(m, 1'000'000'000, entries)},
      {"gossip", {}, values, fluid::gossip_ring(m, whole)},
  };
  add_gossip(m, values, whole, all);
  return all;
}

/// The network of a platform file that is written into the folder.
Network on_platform(const TemporaryFolder& folder, const fluid::Cluster& cluster) {
  Network network;
  network.topology = PlatformFile{folder.write("cluster.xml", fluid::platform_xml(cluster)), {}};
  return network;
}

/// When each rank is done, one exchange after another on one simulated cluster.
std::vector<std::vector<double>> simulate_all(const Network& network, int m, const std::vector<Exchange>& exchanges,
                                              const std::vector<double>& starts) {
  const std::string text = run_in_child([&] {
    std::vector<std::vector<double>> ends;
    for (const Exchange& exchange : exchanges) ends.emplace_back(exchange.programs.size());
    const Hollow aggregator;
    const auto run = [&](Transport& transport) {
      const auto rank = static_cast<std::size_t>(transport.rank());
      for (std::size_t i = 0; i < exchanges.size(); ++i) {
        const Exchange& exchange = exchanges[i];
        if (rank >= exchange.programs.size()) continue;
        const auto collective =
            find_collective(exchange.collective)->make({.server = exchange.place, .graph = exchange.graph});
        transport.wait_until(Seconds(exchange.begin + starts[rank]));
        if (transport.rank() < m)
          collective->exchange(transport, exchange.payload, &aggregator);
        else
          collective->serve(transport, aggregator);
        ends[i][rank] = transport.now().value - exchange.begin;
      }
    };
    Cluster(network, m).run(run, run);
    std::ostringstream out;
    out.precision(17);
    for (const auto& ranks : ends) {
      for (const double end : ranks) out << end << ' ';
    }
    return out.str();
  });
  std::istringstream in(text);
  std::vector<std::vector<double>> ends;
  for (const Exchange& exchange : exchanges) {
    for (double& end : ends.emplace_back(exchange.programs.size())) in >> end;
  }
  return ends;
}

/// Largest relative difference of any rank's end.
double difference(const std::vector<double>& simulated, const std::vector<double>& expected) {
  double most = 0;
  for (std::size_t r = 0; r < expected.size(); ++r) most = std::max(most, std::abs(simulated[r] / expected[r] - 1));
  return most;
}

/// All collectives among `m` workers on a cluster of m + 1 hosts, which `network` describes to simrun. In every other
/// case ranks begin at different times.
void check_exchanges(const std::string& name, const Network& network, const fluid::Cluster& cluster, int m,
                     fluid::Dice& dice) {
  const double bytes = dice.any_size(1e3, 50e6);
  std::vector<double> starts(m + 1);
  if (dice.chance(0.5)) {
    for (double& start : starts) start = dice.any_size(1e-6, 1e-2);
  }
  std::vector<Exchange> exchanges = all_exchanges(m, bytes);
  double begin = 0;
  for (Exchange& exchange : exchanges) {
    exchange.begin = begin;
    exchange.expected = fluid::solve(cluster, exchange.programs, starts);
    begin += 2 * *std::max_element(exchange.expected.begin(), exchange.expected.end());
  }
  const auto simulated = simulate_all(network, m, exchanges, starts);
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    INFO(name << ", " << m << " workers, " << bytes << " bytes, " << exchanges[i].collective
              << (exchanges[i].place == ServerPlace::rank0 ? " on rank 0" : "") << ", exchange " << i);
    INFO("simulated " << Catch::StringMaker<std::vector<double>>::convert(simulated[i]));
    INFO("oracle    " << Catch::StringMaker<std::vector<double>>::convert(exchanges[i].expected));
    CHECK(difference(simulated[i], exchanges[i].expected) < tolerance);
  }
}

/// One of simrun's own topologies.
Network random_network(const TopologyEntry& topology, fluid::Dice& dice) {
  using Placement = Switches::Placement;
  constexpr Placement placements[] = {Placement::by_switch, Placement::round_robin, Placement::shuffled};
  const auto latency = [&] { return Seconds(dice.chance(0.3) ? 0 : dice.any_size(1e-6, 10e-3)); };
  Network network;
  network.bandwidth = BytesPerSecond(dice.any_size(1e6, 1e9));
  network.latency = latency();
  Switches switches;
  switches.hosts_per_switch = 1 + dice.roll(4);
  switches.uplink_bandwidth = BytesPerSecond(dice.any_size(1e6, 1e9));
  switches.uplink_latency = latency();
  switches.placement = placements[dice.roll(3)];
  switches.placement_seed = dice.roll(1000);
  network.topology = topology.make(switches);
  network.gpus_per_host = 1 + dice.roll(3);
  network.intra_host = {IntraHost::Kind::pcie, BytesPerSecond(dice.any_size(1e6, 1e9)), latency(), {}};
  if (dice.chance(0.5)) network.intra_host.shared_bandwidth = BytesPerSecond(dice.any_size(1e6, 1e9));
  return network;
}

/// What docs/network.md and network.hpp say of it: half of the latency at each host, full duplex, an uplink from every
/// switch to the core of a tree, or to the next switch of a chain. Where a host has several GPUs, each is joined to its
/// card by a link of its own, and by one that all share both when they send and when something comes in from the card.
/// The server is the last rank, on a host of its own that has no GPUs.
class Described {
 public:
  Described(const Network& network, int workers)
      : network_(network),
        ranks_(workers + 1),
        hosts_((workers + network.gpus_per_host - 1) / network.gpus_per_host + 1),
        switch_of_(hosts_) {
    const Switches* switches = switches_of(network.topology);
    if (switches == nullptr) return;
    const std::vector<int> host_of = place_hosts(*switches, hosts_);
    for (int h = 0; h < hosts_; ++h) switch_of_[h] = host_of[h] / switches->hosts_per_switch;
  }

  fluid::Cluster cluster() const {
    fluid::Cluster cluster;
    const IntraHost& inside = network_.intra_host;
    const Switches* switches = switches_of(network_.topology);
    cluster.links.assign(hosts_, {network_.bandwidth.value, network_.latency.value / 2});
    for (int h = 0; h < hosts_; ++h)
      cluster.links.push_back(
          {switches ? switches->uplink_bandwidth.value : 1, switches ? switches->uplink_latency.value : 0});
    for (int h = 0; h < hosts_; ++h)
      cluster.links.push_back({inside.shared_bandwidth.value_or(BytesPerSecond(1)).value, 0});
    for (int r = 0; r < ranks_; ++r) cluster.links.push_back({inside.bandwidth.value, inside.latency.value / 2});
    cluster.routes.assign(ranks_, std::vector<fluid::Route>(ranks_));
    for (int from = 0; from < ranks_; ++from) {
      for (int to = 0; to < ranks_; ++to) {
        if (from != to) cluster.routes[from][to] = route(from, to);
      }
    }
    return cluster;
  }

 private:
  // Numbers of links: cards, uplinks of switches (there are fewer than hosts), shared links, GPUs' own.
  int uplink(int number) const { return hosts_ + number; }
  int shared(int host) const { return 2 * hosts_ + host; }
  int gpu(int rank) const { return 3 * hosts_ + rank; }

  int host_of(int rank) const { return rank + 1 < ranks_ ? rank / network_.gpus_per_host : hosts_ - 1; }
  bool is_gpu(int rank) const { return network_.gpus_per_host > 1 && rank + 1 < ranks_; }

  fluid::Route route(int from, int to) const {
    const int host_from = host_of(from);
    const int host_to = host_of(to);
    const bool has_shared = network_.intra_host.shared_bandwidth.has_value();
    fluid::Route route;
    if (is_gpu(from)) route.push_back({gpu(from), true});
    if (is_gpu(from) && has_shared) route.push_back({shared(host_from), true});
    if (host_from != host_to) {
      route.push_back({host_from, true});
      add_uplinks(switch_of_[host_from], switch_of_[host_to], route);
      route.push_back({host_to, false});
      if (is_gpu(to) && has_shared) route.push_back({shared(host_to), true});
    }
    if (is_gpu(to)) route.push_back({gpu(to), false});
    return route;
  }

  void add_uplinks(int from, int to, fluid::Route& route) const {
    if (std::holds_alternative<Chain>(network_.topology)) {
      for (int s = from; s < to; ++s) route.push_back({uplink(s), true});
      for (int s = from; s > to; --s) route.push_back({uplink(s - 1), false});
    } else if (from != to) {
      route.push_back({uplink(from), true});
      route.push_back({uplink(to), false});
    }
  }

  const Network& network_;
  int ranks_;
  int hosts_;
  std::vector<int> switch_of_;  ///< by host, the ranks' in order
};

}  // namespace

TEST_CASE("simulated time of the rings that SMPI runs is the oracle's") {
  const std::vector<fluid::RingCase> cases = fluid::ring_cases();
  CHECK(cases.size() >= 10);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO(cases[i].name << " " << i);
    const int m = cases[i].workers;
    const auto expected = fluid::solve(cases[i].cluster, fluid::ring(m, cases[i].elements), std::vector<double>(m));
    const TemporaryFolder folder;
    const Run run = simulated(on_platform(folder, cases[i].cluster), "ring", dense(cases[i].elements), m);
    CHECK(run.finish == close_to(*std::max_element(expected.begin(), expected.end())));
  }
}

TEST_CASE("simulated time is the oracle's on platform files") {
  for (const fluid::Shape& shape : fluid::shapes()) {
    DYNAMIC_SECTION(shape.name) {
      for (int number = 0; number < clusters_per_shape; ++number) {
        const int m = 2 + number % 8;
        fluid::Dice dice(number);
        const fluid::Cluster cluster = fluid::random_cluster(shape, m + 1, fluid::Latencies::any, dice);
        const TemporaryFolder folder;
        check_exchanges(std::string(shape.name) + " " + std::to_string(number), on_platform(folder, cluster), cluster,
                        m, dice);
      }
    }
  }
}

TEST_CASE("simulated time is the oracle's on simrun's own topologies") {
  for (const TopologyEntry& topology : topologies()) {
    DYNAMIC_SECTION(topology.name) {
      for (int number = 0; number < clusters_per_shape; ++number) {
        const int m = 2 + number % 8;
        fluid::Dice dice(number);
        const Network network = random_network(topology, dice);
        check_exchanges(std::string(topology.name) + " " + std::to_string(number), network,
                        Described(network, m).cluster(), m, dice);
      }
    }
  }
}

}  // namespace simrun
