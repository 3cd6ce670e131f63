#include "sim/simgrid/routes.hpp"

#include <variant>

#include "sim/simgrid/platform.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

Routes::Routes(const Network& network, const std::vector<sg4::Host*>& hosts, FairLinks& links)
    : links_(links), goodput_(network.model == Network::Model::ethernet_tcp ? network.tcp.goodput : 1), hosts_(hosts) {
  if (!std::holds_alternative<Star>(network.topology) || network.gpus_per_host > 1 || hosts.size() < 2) return;
  own_links_.resize(hosts.size());
  for (std::size_t from = 0; from < hosts.size(); ++from) {
    const std::size_t to = (from + 1) % hosts.size();
    const Route route = find_route(*hosts[from], *hosts[to]);
    own_links_[from].up = number_of(*route.links.front());
    own_links_[to].down = number_of(*route.links.back());
    star_latency_ = route.latency;
  }
  last_.resize(2);
}

Path Routes::between(int from, int to) {
  const auto f = static_cast<std::size_t>(from);
  const auto t = static_cast<std::size_t>(to);
  if (!own_links_.empty()) {
    last_[0] = own_links_[f].up;
    last_[1] = own_links_[t].down;
    return {last_, star_latency_};
  }
  const Route route = find_route(*hosts_[f], *hosts_[t]);
  last_.clear();
  for (const sg4::Link* link : route.links) last_.push_back(number_of(*link));
  return {last_, route.latency};
}

int Routes::number_of(const sg4::Link& link) {
  const auto [found, is_new] = numbers_.try_emplace(&link, 0);
  if (is_new) {
    const bool is_shared = link.get_sharing_policy() != sg4::Link::SharingPolicy::FATPIPE;
    found->second = links_.add(BytesPerSecond(goodput_ * link.get_bandwidth()), is_shared);
  }
  return found->second;
}

}  // namespace simrun
