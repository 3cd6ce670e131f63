#include "sim/scenario/platform_reader.hpp"

#include "sim/methods/method.hpp"
#include "sim/system/child_process.hpp"
#include "sim/text/fields.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

/// What else a method can do whose server has no host.
std::string ways_without_host(const Scenario& scenario) {
  const MethodChoice& choice = scenario.method;
  std::vector<std::string> others = fitting_collectives(*choice.method, choice.options);
  std::erase(others, choice.collective->name);
  return "; or for " + std::string(choice.method->name) + " server rank0, on a worker's" +
         (others.empty() ? "" : ", or collective " + one_of(others));
}

// What a child process tells of a platform file.

std::string text_of(const PlatformContents& contents) {
  const LinkFactors& factors = contents.factors;
  const Json all{contents.hosts,          contents.without_unit,  contents.half_duplex,
                 factors.least_bandwidth, factors.most_bandwidth, factors.most_latency};
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);  // SimGrid reads names in any encoding
}

PlatformContents read_contents(const std::string& text) {
  const Json json = Json::parse(text);
  return {json.at(0).get<std::size_t>(),
          json.at(1).get<std::string>(),
          json.at(2).get<std::string>(),
          {json.at(3).get<double>(), json.at(4).get<double>(), json.at(5).get<double>()}};
}

void check_factors(const PlatformFile& file, const LinkFactors& factors, const Where& network) {
  if (file.bandwidth_factor < factors.least_bandwidth || file.bandwidth_factor > factors.most_bandwidth)
    (network / "bandwidth_factor")
        .fail(show(file.bandwidth_factor) + " takes a link of the file beyond 1 to 1e18 B/s",
              "accepted: " + show(factors.least_bandwidth) + " to " + show(factors.most_bandwidth));
  if (file.latency_factor > factors.most_latency)
    (network / "latency_factor")
        .fail(show(file.latency_factor) + " takes a link of the file beyond 1000 s",
              "accepted: at most " + show(factors.most_latency));
}

}  // namespace

void PlatformReader::check(const PlatformFile& file, const Scenario& scenario, const Where& network, const Note& note) {
  const std::string& path = file.platform;
  const bool has_server = scenario.has_server_host();
  const int wanted = scenario.workers + (has_server ? 1 : 0);
  const std::string workers = std::to_string(scenario.workers) + " workers";
  const auto check_count = [&](const Where& at, const std::string& what, std::size_t count) {
    if (count >= static_cast<std::size_t>(wanted)) return;
    const std::string hosts = what + std::to_string(count) + " hosts";
    const std::string least = "accepted: at least " + std::to_string(wanted);
    if (!has_server) at.fail(hosts, least + " for " + workers);
    at.fail(hosts + ", and beside " + workers + " a parameter server takes one", least + ways_without_host(scenario));
  };
  if (!file.hosts.empty()) check_count(network / "hosts", "names ", file.hosts.size());
  const std::tuple use{path, file.hosts, wanted};
  auto found = known_.find(use);
  if (found == known_.end()) {
    try {
      // SimGrid allows one platform a process, and some mistakes end it.
      const std::string text = run_in_child([&] { return text_of(check_platform({path, file.hosts, wanted})); });
      found = known_.emplace(use, read_contents(text)).first;
      const PlatformContents& contents = found->second;
      if (!contents.without_unit.empty())
        note("network.platform: " + contents.without_unit +
             ", as SimGrid takes it; with a unit it is like 10Gbps or 50us");
      if (!contents.half_duplex.empty())
        note("network.platform: both directions share link " + contents.half_duplex +
             " (SimGrid's default); sharing_policy=\"SPLITDUPLEX\" gives each its own bandwidth");
    } catch (const ChildFailure& crash) {
      throw InputError(path, "platform", std::string("SimGrid cannot use it: ") + crash.what(),
                       "accepted: a SimGrid platform file in which the hosts that are used are joined");
    }
  }
  check_count(network / "platform", path + " has ", found->second.hosts);
  check_factors(file, found->second.factors, network);
}

}  // namespace simrun
