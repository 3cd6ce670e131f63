#include "sim/simgrid/cluster.hpp"

#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <limits>
#include <simgrid/s4u.hpp>
#include <stdexcept>

// After s4u.hpp, whose macros they need.
#include <simgrid/version.h>
#include <xbt/log.h>
#include <simgrid/Exception.hpp>

#include "sim/error.hpp"
#include "sim/simgrid/platform.hpp"
#include "sim/simgrid/simulated_transport.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

namespace {

sg4::Engine& start_engine() {
  // The engine lives as long as the process, as SimGrid wants it.
  static char name[] = "simrun";
#ifdef __SANITIZE_ADDRESS__
  // The sanitizer does not understand how SimGrid switches stacks, but threads it does.
  static char contexts[] = "--cfg=contexts/factory:thread";
  static int argc = 2;
  static char* argv[] = {name, contexts, nullptr};
#else
  static int argc = 1;
  static char* argv[] = {name, nullptr};
#endif
  auto* engine = new sg4::Engine(&argc, argv);
  xbt_log_control_set("root.thres:critical");
  return *engine;
}

/// A guard page below each stack turns an overflow into a crash, but costs two of the 65530 mappings that Linux gives a
/// process.
constexpr int most_guarded_actors = 16384;

/// Actors only pass payloads on, so their stacks are small; of each, only the pages that are used take memory.
void configure_stacks(int actors) {
  sg4::Engine::set_config("contexts/stack-size", 512);
  sg4::Engine::set_config("contexts/guard-size", actors <= most_guarded_actors ? 1 : 0);
  if (actors <= most_guarded_actors) return;
  // Unguarded stacks come from calloc, which must take fresh pages for each instead of clearing used ones.
  ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  ::mallopt(M_MMAP_MAX, 4 * actors);
}

/// The bandwidth of the link that joins host `h` to the others. Of a platform file it is known that every host has a
/// route to the next.
BytesPerSecond bandwidth(const std::vector<sg4::Host*>& hosts, std::size_t h) {
  if (hosts.size() == 1) return BytesPerSecond(std::numeric_limits<double>::infinity());
  const bool is_last = h + 1 == hosts.size();
  std::vector<sg4::Link*> links;
  hosts[is_last ? h - 1 : h]->route_to(hosts[is_last ? h : h + 1], links, nullptr);
  return BytesPerSecond((is_last ? links.back() : links.front())->get_bandwidth());
}

}  // namespace

struct Cluster::Impl {
  sg4::Engine& engine;
  Network network;
  SharedState shared;
  bool stopped = false;
};

Cluster::Cluster(const Network& network, int workers, Repeats repeats) : impl_(new Impl{start_engine(), network, {}}) {
  impl_->shared.workers = workers;
  // What a shaper holds is not seen in how long a step takes.
  const bool is_shaped = network.model == Network::Model::ethernet_tcp && network.tcp.burst.value > 0;
  impl_->shared.repeats = is_shaped ? Repeats::literal : repeats;
}

Cluster::~Cluster() = default;

void Cluster::run(const std::function<void(Transport&)>& rank, const std::function<void(Transport&)>& server) {
  SharedState& shared = impl_->shared;
  configure(impl_->network);
  const int count = shared.workers + (server ? 1 : 0);
  configure_stacks(count);
  const std::vector<sg4::Host*> hosts = build_platform(impl_->engine, impl_->network, count);
  if (hosts.size() < static_cast<std::size_t>(count)) throw std::runtime_error("the platform has too few hosts");

  if (impl_->network.model == Network::Model::ethernet_tcp) {
    const EthernetTcp& tcp = impl_->network.tcp;
    for (std::size_t r = 0; r < hosts.size(); ++r)
      shared.tcp.emplace_back(tcp, BytesPerSecond(tcp.goodput * bandwidth(hosts, r).value));
  }

  // The callback stays with the engine, so it shares what it writes to.
  const auto deadlock = std::make_shared<bool>(false);
  sg4::Engine::on_deadlock_cb([deadlock] { *deadlock = true; });
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
  if (*deadlock && !impl_->stopped) throw std::runtime_error("the ranks wait for each other for ever");
}

void Cluster::stop() {
  impl_->stopped = true;
  sg4::Actor::kill_all();
}

std::size_t count_platform_hosts(const std::string& file) {
  try {
    sg4::Engine& engine = start_engine();
    std::signal(SIGSEGV, SIG_DFL);  // SimGrid's handler would have the last word
    configure(Network{});
    const std::vector<sg4::Host*> hosts = load_platform(engine, file);
    check_links(engine);
    for (std::size_t i = 0; i + 1 < hosts.size(); ++i) {
      // Where there is no route at all SimGrid crashes: these are the last words then.
      const std::string missing = "no route from " + hosts[i]->get_name() + " to " + hosts[i + 1]->get_name();
      std::fprintf(stderr, "%s\n", missing.c_str());
      std::fflush(stderr);
      std::vector<sg4::Link*> links;
      double latency = 0;
      hosts[i]->route_to(hosts[i + 1], links, &latency);
      if (links.empty()) throw std::runtime_error(missing);
    }
    return hosts.size();
  } catch (const std::exception& error) {
    const std::string what = error.what();
    throw InputError(file, "platform", what.substr(0, what.find('\n')),
                     "accepted: a SimGrid platform file in which all hosts are joined");
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
