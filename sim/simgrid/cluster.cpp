#include "sim/simgrid/cluster.hpp"

#include <simgrid/Exception.hpp>
#include <simgrid/s4u.hpp>
#include <simgrid/version.h>
#include <xbt/log.h>

#include <stdexcept>

#include "sim/error.hpp"
#include "sim/simgrid/platform.hpp"
#include "sim/simgrid/simulated_transport.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

namespace {

sg4::Engine& start_engine() {
  // The engine lives as long as the process, as SimGrid wants it.
  static int argc = 1;
  static char name[] = "simrun";
  static char* argv[] = {name, nullptr};
  auto* engine = new sg4::Engine(&argc, argv);
  xbt_log_control_set("root.thres:critical");
  // Actors only pass payloads on: a small stack, and no guard pages, of which a process can have 65530.
  sg4::Engine::set_config("contexts/stack-size", 256);
  sg4::Engine::set_config("contexts/guard-size", 0);
  return *engine;
}

}  // namespace

struct Cluster::Impl {
  sg4::Engine& engine;
  Network network;
  SharedState shared;
  bool stopped = false;
};

Cluster::Cluster(const Network& network, int workers, Repeats repeats)
    : impl_(new Impl{start_engine(), network, {}}) {
  impl_->shared.workers = workers;
  impl_->shared.repeats = repeats;
}

Cluster::~Cluster() = default;

void Cluster::run(const std::function<void(Transport&)>& rank, const std::function<void(Transport&)>& server) {
  SharedState& shared = impl_->shared;
  configure(impl_->network.model);
  const int count = shared.workers + (server ? 1 : 0);
  const std::vector<sg4::Host*> hosts = build_platform(impl_->engine, impl_->network, count);
  if (hosts.size() < static_cast<std::size_t>(count)) throw std::runtime_error("the platform has too few hosts");

  bool deadlock = false;
  sg4::Engine::on_deadlock_cb([&deadlock] { deadlock = true; });
  std::exception_ptr failure;
  for (int r = 0; r < count; ++r) {
    shared.actors.push_back(sg4::Actor::create("rank-" + std::to_string(r), hosts[r], [&, r] {
      try {
        SimulatedTransport transport(shared, r);
        (r < shared.workers ? rank : server)(transport);
      } catch (const simgrid::ForcefulKillException&) {
        throw;  // SimGrid's way to end an actor
      } catch (const std::exception&) {
        failure = std::current_exception();
        stop();
      }
    }));
  }
  impl_->engine.run();
  if (failure) std::rethrow_exception(failure);
  if (deadlock && !impl_->stopped) throw std::runtime_error("the ranks wait for each other for ever");
}

void Cluster::stop() {
  impl_->stopped = true;
  sg4::Actor::kill_all();
}

std::size_t count_platform_hosts(const std::string& file) {
  try {
    configure(Network::Model::ideal);
    const std::vector<sg4::Host*> hosts = load_platform(start_engine(), file);
    for (std::size_t i = 0; i + 1 < hosts.size(); ++i) {
      std::vector<sg4::Link*> links;
      double latency = 0;
      hosts[i]->route_to(hosts[i + 1], links, &latency);
      if (links.empty()) throw std::runtime_error("no route from " + hosts[i]->get_name() + " to " + hosts[i + 1]->get_name());
    }
    return hosts.size();
  } catch (const std::exception& error) {
    throw InputError(file, "platform", error.what(), "a SimGrid platform file in which all hosts are joined");
  }
}

std::string simgrid_version() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  sg_version_get(&major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor);
}

}  // namespace simrun
