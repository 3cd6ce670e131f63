// The transport over MPI, with real processes: what its interface promises, and the laws of every collective that
// tests/sim/collectives/collectives_test.cpp states for the one in memory. Every rank checks its own part.

#include <catch2/catch.hpp>

#include "sim/collectives/collective.hpp"
#include "sim/network/memory_transport.hpp"
#include "tests/mpi/world.hpp"
#include "tests/sim/collective_cases.hpp"

namespace simrun {
namespace {

constexpr int worker_counts[] = {1, 2, 3, 4, 5, 7, 8};

Payload dense(std::size_t values, int fill) {
  return Payload::make({.kind = PayloadKind::dense32, .elements = values, .entries = values},
                       std::vector<std::byte>(4 * values, std::byte(fill)));
}

/// A payload without contents.
Payload hollow(std::size_t values) {
  return dense(values, 0).without_contents();
}

/// What this rank had of an exchange, over one transport or the other.
struct Part {
  Outcome outcome;
  Transport::Traffic traffic;
};

using RunAll = std::function<void(int, const std::function<void(Transport&)>&, const std::function<void(Transport&)>&)>;

/// The part of this process's rank.
Part exchange(const RunAll& run, const CollectiveCase& each, const std::vector<Payload>& payloads) {
  Part part;
  const auto aggregator = each.codec.aggregator();
  const auto collective = each.entry.make({.server = each.place});
  const auto rank = [&](Transport& transport) {
    Outcome outcome = collective->exchange(transport, payloads[transport.rank()], aggregator.get());
    if (transport.rank() == world().rank()) part = {std::move(outcome), transport.traffic()};
  };
  const auto serve = [&](Transport& transport) {
    collective->serve(transport, *aggregator);
    if (transport.rank() == world().rank()) part = {{}, transport.traffic()};
  };
  run(each.workers, rank, each.has_server() ? std::function<void(Transport&)>(serve) : nullptr);
  return part;
}

Part exchange_over_mpi(const CollectiveCase& each, const std::vector<Payload>& payloads) {
  const RunAll run = [](int workers, const auto& rank, const auto& server) { world().run(workers, rank, server); };
  return exchange(run, each, payloads);
}

std::string this_rank() {
  return "rank " + std::to_string(world().rank()) + ": ";
}

}  // namespace

TEST_CASE("mpi: every collective gives every rank the sequential result and sends the bytes that it sends in memory") {
  for_each_case(worker_counts, [](const CollectiveCase& each, const std::string& words) {
    INFO(this_rank() << words);
    const auto payloads = payloads_of(each.codec, each.workers);
    const Part real = exchange_over_mpi(each, payloads);
    const Part in_memory = exchange(run_in_memory, each, payloads);
    CHECK(real.traffic.sent == in_memory.traffic.sent);
    CHECK(real.traffic.received == in_memory.traffic.received);
    if (world().rank() >= each.workers) return;
    CHECK(real.outcome.alike == 0);
    CHECK(real.outcome.parts == sequential_result(each.codec, payloads));
  });
}

TEST_CASE("mpi: payloads without contents move the same bytes as those with") {
  for_each_case(worker_counts, [](const CollectiveCase& each, const std::string& words) {
    INFO(this_rank() << words);
    if (each.codec.combining() != Combining::sum) return;
    std::vector<Payload> payloads = payloads_of(each.codec, each.workers);
    const Part full = exchange_over_mpi(each, payloads);
    for (Payload& payload : payloads) payload = payload.without_contents();
    const Part empty = exchange_over_mpi(each, payloads);
    CHECK(full.traffic.sent == empty.traffic.sent);
    CHECK(full.traffic.received == empty.traffic.received);
    CHECK(full.outcome.bytes() == empty.outcome.bytes());
    for (const Payload& part : empty.outcome.parts) CHECK_FALSE(part.has_contents());
  });
}

TEST_CASE("mpi: a message starts when it is sent, whatever the receiver does") {
  // Both send 40 MB and wait until it is gone before they ask for what the other sends.
  world().run(2, [](Transport& transport) {
    const int other = 1 - transport.rank();
    transport.send(other, {dense(10'000'000, transport.rank())});
    CHECK(transport.receive(other) == Message{dense(10'000'000, other)});
  });
}

TEST_CASE("mpi: messages arrive in order for each source and tag, in whatever order they are waited for") {
  world().run(3, [](Transport& transport) {
    if (transport.rank() > 0) {
      const int source = transport.rank();
      std::vector<Request> sends;
      for (int i = 0; i < 6; ++i)
        sends.push_back(transport.start_send(0, {dense(i % 2 == 0 ? 100'000 : 1, 10 * source + i)}, i % 2));
      for (const Request send : sends) transport.wait(send);
      CHECK(transport.receive(0).empty());
      return;
    }
    std::vector<Request> requests;
    for (const int source : {2, 1}) {
      for (int i = 0; i < 6; ++i) requests.push_back(transport.start_receive(source, i % 2));
    }
    for (int r = 11; r >= 0; --r) {
      const int i = r % 6;
      const int source = r < 6 ? 2 : 1;
      CHECK(transport.wait(requests[r]) == Message{dense(i % 2 == 0 ? 100'000 : 1, 10 * source + i)});
    }
    for (const int source : {1, 2}) transport.send(source, {});
  });
}

TEST_CASE("mpi: a message may hold payloads with contents, without, of any size and kind") {
  const std::shared_ptr<const Primitives> primitives = make_cpu_primitives(1);
  Message message = {hollow(3), dense(1, 7), hollow(1'000'000), dense(0, 0), hollow(5)};
  for (const Choice& choice : choices())
    message.push_back(payloads_of(*choice.codec->make(choice.options, primitives), 1).front());
  world().run(2, [&](Transport& transport) {
    if (transport.rank() == 0) transport.send(1, message, 3);
    if (transport.rank() == 1) CHECK(transport.receive(0, 3) == message);
    CHECK((transport.rank() == 0 ? transport.traffic().sent : transport.traffic().received) == size_of(message));
  });
}

TEST_CASE("mpi: clocks start together and waiting takes its time; repeat is a loop") {
  world().run(most_workers, [](Transport& transport) {
    const Seconds before = transport.now();
    transport.wait_until(before + Seconds(2e-3));
    CHECK(transport.now() - before >= Seconds(2e-3));
    transport.wait_until(before);  // is over
    int steps = 0;
    CHECK(transport.repeat(5, [&](int i) { CHECK(i == steps++); }) == 5);
    CHECK(steps == 5);
  });
}

TEST_CASE("mpi: what any rank refuses, all refuse") {
  const auto refuse = [](int rank) {
    return [rank] {
      if (world().rank() >= rank) throw InputError("file", "path", "rank " + std::to_string(world().rank()), "no");
    };
  };
  CHECK_THROWS_WITH(world().agree(refuse(2)), "file: path: rank 2; no");
  CHECK_NOTHROW(world().agree([] {}));
  const auto texts = world().gather(std::string(static_cast<std::size_t>(world().rank()), 'x'));
  REQUIRE(texts.size() == most_workers + 1);
  for (std::size_t r = 0; r < texts.size(); ++r) CHECK(texts[r] == std::string(r, 'x'));
}

}  // namespace simrun
