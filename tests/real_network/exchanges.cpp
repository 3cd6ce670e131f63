// Single exchanges between the ranks that mpirun started, which tell what a network does apart from any collective.
// Prints CSV, one row a pattern, size and pause: how long one exchange takes.
//   mpirun -np RANKS real_network_exchanges

#include <algorithm>
#include <cstdio>
#include <vector>

#include "sim/devices/quantile.hpp"
#include "sim/mpi/mpi_world.hpp"

namespace simrun {
namespace {

/// `bytes` bytes: the type of signs has the finest sizes, and contents move no time.
Message message_of(std::uint64_t bytes) {
  return {
      Payload::size_only({.kind = PayloadKind::signs, .elements = 8 * bytes, .entries = 8 * bytes, .bytes = bytes})};
}

/// Half of a round trip between ranks 0 and 1.
void ping_pong(Transport& transport, std::uint64_t bytes) {
  if (transport.rank() > 1) return;
  const int other = 1 - transport.rank();
  if (transport.rank() == 0) transport.send(other, message_of(bytes));
  transport.receive(other);
  if (transport.rank() == 1) transport.send(other, message_of(bytes));
}

/// Every rank sends to the next and receives from the one before, once round.
void ring(Transport& transport, std::uint64_t bytes) {
  const int size = transport.size();
  for (int step = 0; step < size; ++step)
    transport.exchange((transport.rank() + 1) % size, message_of(bytes), (transport.rank() + size - 1) % size);
}

/// All others send to rank 0 at once, as soon as it says so.
void incast(Transport& transport, std::uint64_t bytes) {
  if (transport.rank() > 0) {
    transport.receive(0);
    transport.send(0, message_of(bytes));
    return;
  }
  std::vector<Request> requests;
  for (int r = 1; r < transport.size(); ++r) requests.push_back(transport.start_receive(r));
  for (int r = 1; r < transport.size(); ++r) transport.send(r, {});
  for (const Request request : requests) transport.wait(request);
}

/// Rank 0 sends to all others at once; they say when they have it.
void outcast(Transport& transport, std::uint64_t bytes) {
  if (transport.rank() > 0) {
    transport.receive(0);
    transport.send(0, {});
    return;
  }
  std::vector<Request> requests;
  for (int r = 1; r < transport.size(); ++r) requests.push_back(transport.start_send(r, message_of(bytes)));
  for (int r = 1; r < transport.size(); ++r) transport.receive(r);
  for (const Request request : requests) transport.wait(request);
}

struct Pattern {
  const char* name;
  void (*exchange)(Transport&, std::uint64_t);
  bool is_pair;       ///< between two ranks
  bool counts_ranks;  ///< an exchange is as many steps as there are ranks
};

constexpr Pattern patterns[] = {
    {"ping-pong", ping_pong, true, false},
    {"ring", ring, false, true},
    {"incast", incast, false, false},
    {"outcast", outcast, false, false},
};

constexpr std::uint64_t sizes[] = {1,      100,     1'000,   4'000,     10'000,    30'000,    60'000,
                                   70'000, 100'000, 300'000, 1'000'000, 3'000'000, 10'000'000};
constexpr Seconds pauses[] = {Seconds(0), Seconds(0.5)};

/// The steps that an exchange's time is shared out among.
int steps_of(const Pattern& pattern, int ranks) {
  if (pattern.is_pair) return 2;
  return pattern.counts_ranks ? ranks : 1;
}

/// How often an exchange is repeated: for about 4 s on 100 Mbit/s, and not at all if that is not twice.
int repetitions_of(const Pattern& pattern, std::uint64_t bytes, int ranks, Seconds pause) {
  const double seconds = static_cast<double>(bytes) * (pattern.is_pair ? 2 : ranks) / 12e6;
  const int count = static_cast<int>(4 / (seconds + pause.value + 1e-3));
  return count < 2 ? 0 : std::clamp(count, 3, pause.value > 0 ? 5 : 20);
}

/// Rank 0's time for each repetition but the first, a pause before each; all ranks pause alike.
std::vector<double> times(Transport& transport, const Pattern& pattern, std::uint64_t bytes, Seconds pause, int count) {
  std::vector<double> all;
  for (int i = 0; i <= count; ++i) {
    transport.wait_until(transport.now() + pause);
    const Seconds begin = transport.now();
    pattern.exchange(transport, bytes);
    if (i > 0) all.push_back((transport.now() - begin).value / steps_of(pattern, transport.size()));
  }
  std::sort(all.begin(), all.end());
  return all;
}

void measure_exchanges(MpiWorld& world) {
  if (world.rank() == 0) std::printf("pattern,ranks,bytes,pause_s,repetitions,time_s,time_p5_s,time_p95_s\n");
  for (const Pattern& pattern : patterns) {
    for (const Seconds pause : pauses) {
      for (const std::uint64_t bytes : sizes) {
        const int ranks = pattern.is_pair ? 2 : world.size();
        const int count = repetitions_of(pattern, bytes, ranks, pause);
        if (count == 0) continue;
        world.run(ranks, [&](Transport& transport) {
          const std::vector<double> all = times(transport, pattern, bytes, pause, count);
          if (transport.rank() != 0) return;
          std::printf("%s,%d,%llu,%g,%d,%.9g,%.9g,%.9g\n", pattern.name, ranks, static_cast<unsigned long long>(bytes),
                      pause.value, count, quantile(all, 0.5), quantile(all, 0.05), quantile(all, 0.95));
          std::fflush(stdout);
        });
      }
    }
  }
}

}  // namespace
}  // namespace simrun

int main(int, char** argv) {
  if (!simrun::is_launched_by_mpi()) {
    std::fprintf(stderr, "usage: mpirun -np RANKS %s\n", argv[0]);
    return 2;
  }
  simrun::MpiWorld world;
  simrun::measure_exchanges(world);
  return 0;
}
