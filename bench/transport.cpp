// What simulating messages costs: a ring all-reduce of 100 MB among M hosts on a star, 2 M (M - 1) messages, three
// ways:
//   bare     an S4U program that does nothing else: the limit
//   literal  the ring collective over Transport, every step
//   skipped  the same, with Transport::repeat's shortcut
// Each run is a process of its own, because SimGrid allows one engine a process; the time is that of the simulation
// alone. bare and literal take turns, so that their ratio holds when the machine's speed drifts: see the last line of
// the output.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <simgrid/s4u.hpp>

#include "kernels/codec.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/simgrid/cluster.hpp"
#include "sim/simgrid/platform.hpp"
#include "sim/system/child_process.hpp"

namespace simrun {
namespace {

namespace sg4 = simgrid::s4u;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t elements = 25'000'000;

Network star() {
  Network network;
  network.bandwidth = BytesPerSecond(125e6);
  network.latency = Seconds(50e-6);
  return network;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Runs `simulation` in a child process; the seconds that it says it took.
double timed_in_child(const std::function<double()>& simulation) {
  return std::strtod(run_in_child([&] { return std::to_string(simulation()); }).c_str(), nullptr);
}

double run_bare(int workers) {
  return timed_in_child([&] {
    int argc = 1;
    char name[] = "bare";
    char* argv[] = {name, nullptr};
    sg4::Engine engine(&argc, argv);
    configure(Network{});
    sg4::Engine::set_config("contexts/stack-size", 512);
    const auto hosts = build_platform(engine, star(), workers);
    const std::uint64_t chunk = 4 * ((elements + workers - 1) / workers);
    std::vector<sg4::Mailbox*> boxes;
    for (int r = 0; r < workers; ++r) boxes.push_back(sg4::Mailbox::by_name("to-" + std::to_string(r)));
    static int token;
    for (int r = 0; r < workers; ++r) {
      sg4::Actor::create("rank", hosts[r], [&boxes, r, workers, chunk] {
        boxes[r]->set_receiver(sg4::Actor::self());
        for (int step = 0; step < 2 * (workers - 1); ++step) {
          const sg4::CommPtr out = boxes[(r + 1) % workers]->put_async(&token, chunk);
          boxes[r]->get<int>();
          out->wait();
        }
      });
    }
    const Clock::time_point start = Clock::now();
    engine.run();
    return seconds_since(start);
  });
}

double run_collective(int workers, Repeats repeats) {
  return timed_in_child([&] {
    const auto codec = find_codec("dense")->make({}, make_cpu_primitives(1));
    const auto aggregator = codec->aggregator();
    const auto ring = find_collective("ring")->make({});
    const Payload payload = Payload::size_only(*codec->shape(elements, elements, {}));
    Cluster cluster(star(), workers, repeats);
    const Clock::time_point start = Clock::now();
    cluster.run([&](Transport& transport) { ring->exchange(transport, payload, aggregator.get()); });
    return seconds_since(start);
  });
}

void report(benchmark::State& state, double (*run)(int)) {
  const int workers = static_cast<int>(state.range(0));
  for ([[maybe_unused]] auto iteration : state) state.SetIterationTime(run(workers));
  state.SetItemsProcessed(state.iterations() * 2 * workers * (workers - 1));
}

void bare(benchmark::State& state) {
  report(state, run_bare);
}
void literal(benchmark::State& state) {
  report(state, [](int workers) { return run_collective(workers, Repeats::literal); });
}
void skipped(benchmark::State& state) {
  report(state, [](int workers) { return run_collective(workers, Repeats::skipped); });
}

BENCHMARK(bare)->Arg(32)->Arg(256)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(literal)->Arg(32)->Arg(256)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(skipped)->Arg(32)->Arg(256)->Arg(1024)->UseManualTime()->Unit(benchmark::kMillisecond);

void print_ratio(int workers, int pairs) {
  std::vector<double> ratios;
  for (int i = 0; i < pairs; ++i) ratios.push_back(run_bare(workers) / run_collective(workers, Repeats::literal));
  std::sort(ratios.begin(), ratios.end());
  std::printf("messages a second, literal / bare, M = %d, median of %d pairs: %.2f (%.2f to %.2f)\n", workers, pairs,
              ratios[ratios.size() / 2], ratios.front(), ratios.back());
}

}  // namespace
}  // namespace simrun

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  simrun::print_ratio(256, 9);
}
