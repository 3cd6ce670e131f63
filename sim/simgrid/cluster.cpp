#include "sim/simgrid/cluster.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <simgrid/s4u.hpp>
#include <stdexcept>

// After s4u.hpp, whose macros they need.
#include <simgrid/version.h>
#include <xbt/log.h>
#include <simgrid/Exception.hpp>

#include "sim/simgrid/platform.hpp"
#include "sim/simgrid/simulated_transport.hpp"
#include "sim/text/error.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

namespace {

/// A guard page below each stack turns an overflow into a crash, but costs two of the 65530 mappings that Linux gives a
/// process.
constexpr int most_guarded_actors = 16384;

/// Of a stack, in KiB. Actors pass payloads on, merge them and count votes, for which 16 suffice in all tests.
#ifdef __SANITIZE_ADDRESS__
constexpr int stack_size = 512;  // what is instrumented, and not optimised, takes more
#else
constexpr int stack_size = 32;
#endif

/// Throws where the process may not have so much address space: SimGrid would only say that a stack is missing.
void check_ranks_fit(int actors) {
  // Beside its stack of each rank what it and SimGrid keep of it, which is some 12 KiB.
  const std::size_t bytes = std::size_t{1024} * (stack_size + 12) * static_cast<std::size_t>(actors);
  void* const place = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED)
    throw std::runtime_error("no address space for " + std::to_string(actors) + " ranks: they take " +
                             std::to_string(bytes / 1'000'000) + " MB or more (ulimit -v says how much there may be)");
  ::munmap(place, bytes);
}

/// Of each stack, only the pages that are used take memory.
void configure_stacks(int actors) {
  check_ranks_fit(actors);
  sg4::Engine::set_config("contexts/stack-size", stack_size);
  sg4::Engine::set_config("contexts/guard-size", actors <= most_guarded_actors ? 1 : 0);
  if (actors <= most_guarded_actors) return;
  // Unguarded stacks come from calloc, which must take fresh pages for each instead of clearing used ones: none may fit
  // into what the heap has left at its end.
  ::mallopt(M_TOP_PAD, stack_size * 1024 / 2);
  ::mallopt(M_MMAP_THRESHOLD, stack_size * 1024);
  ::mallopt(M_MMAP_MAX, 4 * actors);
}

/// What SimGrid has of a cluster, for the life of the process.
struct Platform {
  Network network;
  int workers;
  bool has_server;
  std::vector<sg4::Host*> hosts;  ///< by rank
  bool is_deadlocked = false;
};

/// The process's, which is made by the first call.
Platform& platform_of(const Network& network, int workers, bool has_server) {
  static std::optional<Platform> platform;
  if (platform) {
    const bool is_same =
        platform->network == network && platform->workers == workers && platform->has_server == has_server;
    if (!is_same || !can_begin_anew(network)) throw std::logic_error("a process simulates one cluster");
    return *platform;
  }
  sg4::Engine& engine = start_engine();
  configure(network);
  configure_stacks(workers + (has_server ? 1 : 0));
  platform = Platform{network, workers, has_server, build_platform(engine, network, workers, has_server)};
  sg4::Engine::on_deadlock_cb([] { platform->is_deadlocked = true; });
  return *platform;
}

}  // namespace

bool can_begin_anew(const Network& network) {
  return network.model != Network::Model::lv08;
}

struct Cluster::Impl {
  Network network;
  int workers;
  Repeats repeats;
  std::optional<SharedState> shared;
  bool stopped = false;
};

Cluster::Cluster(const Network& network, int workers, Repeats repeats)
    : impl_(new Impl{network, workers, repeats, {}}) {
  // What a shaper holds is not seen in how long a step takes.
  const bool is_shaped = network.model == Network::Model::ethernet_tcp && network.tcp.burst.value > 0;
  if (is_shaped) impl_->repeats = Repeats::literal;
}

Cluster::~Cluster() = default;

void Cluster::run(const std::function<void(Transport&)>& rank, const std::function<void(Transport&)>& server) {
  const int workers = impl_->workers;
  const int count = workers + (server ? 1 : 0);
  Platform& platform = platform_of(impl_->network, workers, server != nullptr);
  const std::vector<sg4::Host*>& hosts = platform.hosts;
  SharedState& shared = impl_->shared.emplace(impl_->network, workers, impl_->repeats, hosts);

  platform.is_deadlocked = false;
  std::exception_ptr failure;
  for (int r = 0; r < count; ++r) {
    const auto run_rank = [&, r] {
      try {
        SimulatedTransport transport(shared, r);
        (r < workers ? rank : server)(transport);
      } catch (const simgrid::ForcefulKillException&) {
        throw;  // SimGrid's way to end an actor
      } catch (const std::exception&) {
        failure = std::current_exception();
        stop();
      }
    };
    shared.flows.set_actor(r, sg4::Actor::create("rank-" + std::to_string(r), hosts[r], run_rank));
  }
  sg4::Engine::get_instance()->run();
  if (failure) std::rethrow_exception(failure);
  if (platform.is_deadlocked && !impl_->stopped) throw std::runtime_error("the ranks wait for each other for ever");
}

std::size_t Cluster::messages() const {
  return impl_->shared->messages;
}

void Cluster::stop() {
  impl_->stopped = true;
  impl_->shared->flows.stop();
  sg4::Actor::kill_all();
}

std::string simgrid_version() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  sg_version_get(&major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor);
}

}  // namespace simrun
