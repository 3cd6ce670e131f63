// Shares of links beside the oracle and beside SimGrid: flows that begin at any time on random clusters.

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <simgrid/s4u.hpp>
#include <sstream>

#include "sim/simgrid/fair_links.hpp"
#include "sim/simgrid/platform.hpp"
#include "sim/system/child_process.hpp"
#include "tests/fluid/random_clusters.hpp"
#include "tests/fluid/solver.hpp"
#include "tests/sim/program.hpp"

namespace simrun {
namespace {

constexpr double agreed = 1e-6;  // of each flow's time

struct RandomFlow {
  int from = 0;
  int to = 0;
  double begin = 0;  ///< s, latency included
  double bytes = 0;
};

/// Any two hosts at any time; one in three begins with the one before, and one in three is as long.
std::vector<RandomFlow> random_flows(int count, int hosts, fluid::Dice& dice) {
  std::vector<RandomFlow> flows;
  for (int i = 0; i < count; ++i) {
    RandomFlow flow;
    flow.from = dice.roll(hosts);
    flow.to = (flow.from + 1 + dice.roll(hosts - 1)) % hosts;
    const bool is_first = flows.empty();
    flow.begin = !is_first && dice.chance(1.0 / 3) ? flows.back().begin : dice.any_size(1e-5, 1);
    flow.bytes = !is_first && dice.chance(1.0 / 3) ? flows.back().bytes : std::round(dice.any_size(1e3, 50e6));
    flows.push_back(flow);
  }
  return flows;
}

/// A flow between every two hosts, all at once, of unequal sizes: when all links are full, and each end moves all.
std::vector<RandomFlow> between_all(int hosts, fluid::Dice& dice) {
  std::vector<RandomFlow> flows;
  for (int from = 0; from < hosts; ++from) {
    for (int to = 0; to < hosts; ++to) {
      if (from != to) flows.push_back({from, to, 1e-3, std::round(dice.any_size(1e5, 2e5))});
    }
  }
  return flows;
}

/// When each of the flows ends.
using Ends = std::vector<double>;

/// Each flow is a message between two ranks of its own, which begin when it does.
Ends by_oracle(const fluid::Cluster& cluster, const std::vector<RandomFlow>& flows) {
  const int count = static_cast<int>(flows.size());
  fluid::Cluster ranks;
  ranks.links = cluster.links;
  for (fluid::Link& link : ranks.links) link.latency = 0;
  ranks.routes.assign(2 * count, std::vector<fluid::Route>(2 * count));
  std::vector<fluid::Program> programs(2 * count);
  Ends starts(2 * count);
  for (int i = 0; i < count; ++i) {
    ranks.routes[i][count + i] = cluster.routes[flows[i].from][flows[i].to];
    programs[i] = {fluid::Step{{{count + i, flows[i].bytes}}, {}}};
    programs[count + i] = {fluid::Step{{}, {i}}};
    starts[i] = starts[count + i] = flows[i].begin;
  }
  Ends ends = fluid::solve(ranks, programs, starts);
  ends.resize(count);
  return ends;
}

Ends by_fair_links(const fluid::Cluster& cluster, const std::vector<RandomFlow>& flows) {
  FairLinks links;
  std::map<std::pair<int, bool>, int> numbers;  // each way is a link, but for half duplex
  const auto number_of = [&](const fluid::Hop& hop) {
    const fluid::Link& link = cluster.links[hop.link];
    const bool up = hop.up || link.sharing == fluid::Sharing::both_ways;
    const auto [found, is_new] = numbers.try_emplace({hop.link, up}, 0);
    if (is_new) found->second = links.add(BytesPerSecond(link.bandwidth), link.sharing != fluid::Sharing::nobody);
    return found->second;
  };
  std::vector<int> order(flows.size());
  for (std::size_t i = 0; i < flows.size(); ++i) order[i] = static_cast<int>(i);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return flows[a].begin < flows[b].begin; });

  Ends ends(flows.size());
  std::map<int, int> moving;  // flows by number
  Seconds next(std::numeric_limits<double>::infinity());
  std::size_t begun = 0;
  while (begun < order.size() || !moving.empty()) {
    const Seconds now = begun < order.size() ? std::min(next, Seconds(flows[order[begun]].begin)) : next;
    for (const int number : links.take_ended(now)) {
      ends[moving.at(number)] = now.value;
      moving.erase(number);
    }
    for (; begun < order.size() && flows[order[begun]].begin <= now.value; ++begun) {
      const RandomFlow& flow = flows[order[begun]];
      std::vector<int> route;
      for (const fluid::Hop& hop : cluster.routes[flow.from][flow.to]) route.push_back(number_of(hop));
      moving[links.begin(route, Bytes(flow.bytes))] = order[begun];
    }
    next = links.share(now);
  }
  return ends;
}

Ends by_simgrid(const fluid::Cluster& cluster, const std::vector<RandomFlow>& flows) {
  namespace sg4 = simgrid::s4u;
  const TemporaryFolder folder;
  const std::string file = folder.write("cluster.xml", fluid::platform_xml(cluster));
  std::istringstream in(run_in_child([&] {
    sg4::Engine& engine = start_engine();
    configure(Network{});
    sg4::Engine::set_config("network/optim", std::string("Full"));
    const auto hosts = load_platform(engine, file);
    Ends ends(flows.size());
    for (std::size_t i = 0; i < flows.size(); ++i) {
      sg4::Actor::create("flow", hosts[flows[i].from], [&, i] {
        sg4::this_actor::sleep_until(flows[i].begin);
        sg4::Comm::sendto(hosts[flows[i].from], hosts[flows[i].to], static_cast<std::uint64_t>(flows[i].bytes));
        ends[i] = sg4::Engine::get_clock();
      });
    }
    engine.run();
    std::ostringstream out;
    out.precision(17);
    for (const double end : ends) out << end << ' ';
    return out.str();
  }));
  Ends ends(flows.size());
  for (double& end : ends) in >> end;
  return ends;
}

double most_apart(const std::vector<RandomFlow>& flows, const Ends& ends, const Ends& others) {
  double most = 0;
  for (std::size_t i = 0; i < ends.size(); ++i)
    most = std::max(most, std::abs(ends[i] - others[i]) / (others[i] - flows[i].begin));
  return most;
}

}  // namespace

TEST_CASE("shares of links are the oracle's and SimGrid's, whenever flows begin and end") {
  for (const fluid::Shape& shape : fluid::shapes()) {
    DYNAMIC_SECTION(shape.name) {
      for (int number = 0; number < 40; ++number) {
        fluid::Dice dice(1000 + number);
        const int hosts = 2 + dice.roll(8);
        const fluid::Cluster cluster = fluid::random_cluster(shape, hosts, fluid::Latencies::any, dice);
        const auto flows = random_flows(5 + dice.roll(40), hosts, dice);
        const Ends ends = by_fair_links(cluster, flows);
        INFO(number << ", " << hosts << " hosts, " << flows.size() << " flows");
        CHECK(most_apart(flows, ends, by_oracle(cluster, flows)) < agreed);
        if (number % 4 == 0) CHECK(most_apart(flows, ends, by_simgrid(cluster, flows)) < agreed);
      }
    }
  }
}

TEST_CASE("shares of links are the oracle's and SimGrid's where all hosts send to all") {
  for (const fluid::Shape& shape : fluid::shapes()) {
    DYNAMIC_SECTION(shape.name) {
      for (const int hosts : {3, 7, 10}) {
        fluid::Dice dice(hosts);
        const fluid::Cluster cluster = fluid::random_cluster(shape, hosts, fluid::Latencies::any, dice);
        const auto flows = between_all(hosts, dice);
        const Ends ends = by_fair_links(cluster, flows);
        INFO(hosts << " hosts");
        CHECK(most_apart(flows, ends, by_oracle(cluster, flows)) < agreed);
        CHECK(most_apart(flows, ends, by_simgrid(cluster, flows)) < agreed);
      }
    }
  }
}

TEST_CASE("shares of links are the oracle's on routes of any links, also of one that is taken twice") {
  constexpr int hosts = 5;
  constexpr fluid::Sharing sharings[] = {fluid::Sharing::both_ways, fluid::Sharing::each_way, fluid::Sharing::nobody};
  for (int number = 0; number < 40; ++number) {
    fluid::Dice dice(number);
    fluid::Cluster cluster;
    for (int i = 0; i < 6; ++i) cluster.links.push_back({dice.any_size(1e6, 1e8), 0, sharings[dice.roll(3)]});
    cluster.routes.assign(hosts, std::vector<fluid::Route>(hosts));
    for (auto& from : cluster.routes) {
      for (fluid::Route& route : from) {
        for (int hops = 1 + dice.roll(4); hops > 0; --hops) route.push_back({dice.roll(6), dice.chance(0.5)});
      }
    }
    const auto flows = random_flows(30, hosts, dice);
    INFO(number);
    CHECK(most_apart(flows, by_fair_links(cluster, flows), by_oracle(cluster, flows)) < agreed);
  }
}

TEST_CASE("shares of links are SimGrid's among 48 hosts of a star that all send to all") {
  fluid::Cluster star;
  constexpr int hosts = 48;
  fluid::Dice dice(1);
  for (int h = 0; h < hosts; ++h) star.links.push_back({h % 3 == 0 ? 50e6 : 125e6, 0});
  star.routes.assign(hosts, std::vector<fluid::Route>(hosts));
  for (int from = 0; from < hosts; ++from) {
    for (int to = 0; to < hosts; ++to) star.routes[from][to] = {{from, true}, {to, false}};
  }
  for (const bool equal_links : {false, true}) {
    if (equal_links) star.links.assign(hosts, {125e6, 0});
    const auto flows = between_all(hosts, dice);
    CHECK(most_apart(flows, by_fair_links(star, flows), by_simgrid(star, flows)) < agreed);
  }
}

}  // namespace simrun
