// Simulated time beside the oracle: all collectives on random clusters.

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <sstream>

#include "sim/child_process.hpp"
#include "sim/collective.hpp"
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
};

/// Every collective that simrun has. Dense payloads carry no header, pairs one of 32 bytes.
std::vector<Exchange> all_exchanges(int m, double bytes) {
  const long elements = std::lround(bytes / 4);
  const long entries = std::lround(bytes / 8);
  const Payload values = dense(elements);
  const Payload sparse = pairs(1'000'000'000, entries);
  const double whole = 4.0 * static_cast<double>(elements);
  const double listed = 32 + 8.0 * static_cast<double>(entries);
  return {
      {"ring", {}, values, fluid::ring(m, elements)},
      {"halving-doubling", {}, values, fluid::halving_doubling(m, elements)},
      {"tree", {}, values, fluid::tree(m, whole)},
      {"tree", {}, sparse, fluid::tree(m, listed)},
      {"parameter-server", ServerPlace::own_host, values, fluid::server(m, whole)},
      {"parameter-server", ServerPlace::rank0, values, fluid::server_on_rank0(m, whole)},
      {"sharded-parameter-server", {}, values, fluid::sharded_server(m, elements)},
      {"allgather-ring", {}, sparse, fluid::allgather_ring(m, listed)},
      {"allgather-doubling", {}, sparse, fluid::allgather_doubling(m, listed)},
  };
}

/// The network of a platform file that is written into the folder.
Network on_platform(const TemporaryFolder& folder, const fluid::Cluster& cluster) {
  Network network;
  network.topology = Network::Topology::platform;
  network.platform = folder.write("cluster.xml", fluid::platform_xml(cluster));
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
        const auto collective = find_collective(exchange.collective)->make(exchange.place);
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

void check_cluster(const fluid::Shape& shape, int number) {
  fluid::Dice dice(1000 * static_cast<std::uint64_t>(&shape - fluid::shapes().data()) + number);
  const int m = 2 + number % 8;
  const fluid::Cluster cluster = fluid::random_cluster(shape, m + 1, fluid::Latencies::any, dice);
  const double bytes = dice.any_size(1e3, 50e6);
  // Every other time ranks begin at different times.
  std::vector<double> starts(m + 1);
  if (number / 8 % 2 == 1) {
    for (double& start : starts) start = dice.any_size(1e-6, 1e-2);
  }
  std::vector<Exchange> exchanges = all_exchanges(m, bytes);
  double begin = 0;
  for (Exchange& exchange : exchanges) {
    exchange.begin = begin;
    exchange.expected = fluid::solve(cluster, exchange.programs, starts);
    begin += 2 * *std::max_element(exchange.expected.begin(), exchange.expected.end());
  }
  const TemporaryFolder folder;
  const auto simulated = simulate_all(on_platform(folder, cluster), m, exchanges, starts);
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    INFO(shape.name << " " << number << ", " << m << " workers, " << bytes << " bytes, " << exchanges[i].collective
                    << (exchanges[i].place == ServerPlace::rank0 ? " on rank 0" : ""));
    INFO("simulated " << Catch::StringMaker<std::vector<double>>::convert(simulated[i]));
    INFO("oracle    " << Catch::StringMaker<std::vector<double>>::convert(exchanges[i].expected));
    CHECK(difference(simulated[i], exchanges[i].expected) < tolerance);
  }
}

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

TEST_CASE("simulated time is the oracle's") {
  for (const fluid::Shape& shape : fluid::shapes()) {
    DYNAMIC_SECTION(shape.name) {
      for (int number = 0; number < clusters_per_shape; ++number) check_cluster(shape, number);
    }
  }
}

}  // namespace simrun
