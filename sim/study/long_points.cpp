#include "sim/study/long_points.hpp"

#include <algorithm>
#include <cmath>

#include "sim/workload/schedule.hpp"

namespace simrun {
namespace {

constexpr Seconds worth_a_word(10);

/// How messages of an exchange of all with all are simulated, where the network lets them be one exchange.
enum class Following { all_at_once, each_message };

/// Any exchange among workers that are alike: each sends and receives as often as the collective has steps that are not
/// skipped. Of one cycle of exchanges, and of three more that show that it repeats. Measured with up to 1,024 workers
/// and 226 groups beside other work.
double of_workers(const Scenario& scenario, double exchanges) {
  const double m = scenario.workers;
  const double an_exchange = scenario.network.model == Network::Model::ideal ? 1.0e-5 : 2.4e-5;
  const double steps = scenario.method.collective->name == "halving-doubling" ? std::max(1.0, std::log2(m) / 3) : 1;
  const auto rounds = static_cast<double>(scenario.method.method->rounds.size());
  return an_exchange * steps * m * (exchanges * rounds + 3);
}

/// On hosts of several GPUs, of one group: each rank takes its time, and rings that are not alike everywhere skip fewer
/// of their steps. A ring of leaders skips none; one of all GPUs begins to when it has been round a host. Measured with
/// all-reduces of 4 to 512 hosts, likewise; other collectives, and all-gathers by a ring, take less.
double among_hosts(const Scenario& scenario) {
  const double m = scenario.workers;
  const double gpus = std::min<double>(scenario.network.gpus_per_host, m);
  if (gpus == 1) return 0;
  const HostGroups hosts = scenario.host_groups();
  const bool is_ring = scenario.method.collective->name.ends_with("ring");
  double ring = 0;
  if (is_ring && hosts.hierarchy == Hierarchy::leader) ring = 7e-5 * std::pow(hosts.hosts(), 2);
  if (is_ring && hosts.hierarchy == Hierarchy::flat && m > gpus) ring = 1.3e-4 * gpus * m;
  return 5.7e-4 * m + ring;
}

/// Rings that skip no steps: payloads differ from worker to worker and step to step, or a leader comes first, so that
/// over TCP ranks begin one after another. Measured with up to 1,024 workers beside other work.
double of_unlike_steps(const Scenario& scenario) {
  const MethodChoice& method = scenario.method;
  if (!method.collective->name.ends_with("ring") || scenario.network.gpus_per_host > 1) return 0;
  const bool is_tcp = scenario.network.model == Network::Model::ethernet_tcp;
  const bool follows_leader = method.method->rounds.front().collective == "broadcast";
  if (!method.codec->varies && !(is_tcp && follows_leader)) return 0;
  return 3.6e-7 * std::pow(scenario.workers, 2.6);
}

/// Exchanges of all with all. Flows that end one by one find shares anew as each ends, fewer of them on a star, where a
/// full link is at one end of each. Short messages over TCP are no flows: all that a shard gets, 8 bytes an entry at
/// most, may be short. Measured with one group on one core; exchanges at once are said to take up to twice as long.
double among_all_pairs(const Scenario& scenario, Following following) {
  const double m = scenario.workers;
  const Network& network = scenario.network;
  const bool is_tcp = network.model == Network::Model::ethernet_tcp;
  const bool is_ideal = network.model == Network::Model::ideal;
  const bool is_star = std::holds_alternative<Star>(network.topology);
  const bool is_shaped = is_tcp && network.tcp.burst.value > 0;
  const bool is_at_once = following == Following::all_at_once && is_star && network.gpus_per_host == 1 &&
                          (is_ideal || (is_tcp && !is_shaped));
  const bool ends_together = !scenario.method.codec->sparsifies && !scenario.compute.pace.jitters();
  const bool are_short = is_tcp && 8 * static_cast<double>(scenario.entries()) <= network.tcp.send_buffer.value;
  if (is_at_once && ends_together) return (is_tcp ? 1.2e-6 : 1.8e-6) * std::pow(m, 2);
  if (is_at_once && are_short) return 1.0e-5 * std::pow(m, 2);
  if (is_at_once && is_ideal) return 4e-5 * std::pow(m, 2);
  const double together = is_tcp ? (is_star ? 2.0e-5 : 3.5e-5) : (is_star ? 3.4e-6 : 7.5e-6);
  if (ends_together || are_short) return together * std::pow(m, 2);
  return is_star ? 1.2e-5 * std::pow(m, 2.6) : 9e-8 * std::pow(m, 4);
}

/// Exchanges that are simulated before one like it comes again. Where they reach into the next, all of them twice.
double count_exchanges(const Scenario& scenario) {
  const LocalSteps& local = scenario.method.local;
  const bool is_open = std::holds_alternative<Grouping::Search>(scenario.grouping.how);
  const std::size_t groups = is_open ? 1 : groups_of(scenario).size();
  return static_cast<double>(groups) * static_cast<double>(local.cycle()) * (local.delay > 0 ? 2 : 1);
}

Seconds time_of(const Scenario& scenario, Following following) {
  const double exchanges = count_exchanges(scenario);
  if (scenario.method.collective->joins_in_turn) return Seconds(3e-7 * std::pow(scenario.workers, 3) * exchanges);
  const bool is_complete = scenario.method.options.graph.kind == Graph::Kind::complete;
  if (scenario.method.collective->joins_all_pairs || is_complete)
    return Seconds(among_all_pairs(scenario, following) * exchanges);
  const double special = (among_hosts(scenario) + of_unlike_steps(scenario)) * exchanges;
  return Seconds(std::max(special, of_workers(scenario, exchanges)));
}

}  // namespace

std::string about(Seconds time) {
  if (time.value < 90) return std::to_string(std::lround(time.value)) + " s";
  if (time.value < 90 * 60) return std::to_string(std::lround(time.value / 60)) + " minutes";
  return std::to_string(std::lround(time.value / 3600)) + " hours";
}

Seconds time_to_simulate(const Scenario& scenario) {
  return time_of(scenario, Following::all_at_once);
}

Seconds time_to_follow(const Scenario& scenario) {
  return time_of(scenario, Following::each_message);
}

std::optional<std::string> warn_of_long_points(const Study& study, const std::vector<std::size_t>& points) {
  std::size_t count = 0;
  Seconds longest;
  const Point* point = nullptr;
  for (const std::size_t number : points) {
    const Seconds time = time_to_simulate(study.points[number].scenario);
    if (time > worth_a_word) ++count;
    if (time <= longest) continue;
    longest = time;
    point = &study.points[number];
  }
  if (count == 0) return std::nullopt;
  return std::to_string(count) + " of " + std::to_string(points.size()) +
         " points may take long to simulate; the longest: " + point->label +
         " at M = " + std::to_string(point->scenario.workers) + ", up to about " + about(longest) + " on one core";
}

}  // namespace simrun
