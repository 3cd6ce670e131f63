#include <algorithm>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>

#include "kernels/layout.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/collectives/graph.hpp"
#include "sim/network/memory_transport.hpp"

namespace simrun {

TEST_CASE("graph: neighbours of neighbours, as many of each worker, and every edge once") {
  for (const auto& [graph, counts] : {std::pair{Graph::ring, std::vector<int>{1, 2, 3, 4, 9, 17}},
                                      std::pair{Graph::torus, std::vector<int>{1, 9, 12, 15, 16, 25, 36}}}) {
    for (const int m : counts) {
      INFO(m);
      const int degree = degree_of(graph, m);
      CHECK(degree == (m == 1 ? 0 : graph == Graph::torus ? 4 : std::min(2, m - 1)));
      for (int rank = 0; rank < m; ++rank) {
        const std::vector<int> neighbours = neighbours_of(graph, rank, m);
        CHECK(static_cast<int>(neighbours.size()) == degree);
        CHECK(std::ranges::is_sorted(neighbours));
        for (const int other : neighbours) {
          CHECK(other != rank);
          CHECK(std::ranges::count(neighbours_of(graph, other, m), rank) == 1);
        }
      }
      const std::vector<Edge> edges = edges_of(graph, m);
      CHECK(static_cast<int>(edges.size()) == m * degree / 2);
      CHECK(std::set(edges.begin(), edges.end()).size() == edges.size());
    }
  }
  CHECK(neighbours_of(Graph::torus, 0, 12) == std::vector<int>{1, 3, 4, 8});  // 3 rows of 4
  CHECK(torus_sides(10) == std::pair(2, 5));
}

TEST_CASE("gossip: every worker gets its neighbours' payloads, and sends as many bytes as it gets") {
  const CollectiveEntry& entry = *find_collective("gossip");
  for (const auto& [graph, m] : {std::pair{Graph::ring, 1}, {Graph::ring, 2}, {Graph::ring, 5}, {Graph::torus, 9}}) {
    INFO(m);
    const auto collective = entry.make({.graph = graph});
    std::vector<Payload> payloads;
    for (int rank = 0; rank < m; ++rank)
      payloads.push_back(Payload::make(full_header(PayloadKind::dense32, 3),
                                       std::vector<std::byte>(12, static_cast<std::byte>(rank))));
    std::mutex mutex;  // Catch's
    run_in_memory(m, [&, graph = graph, m = m](Transport& transport) {
      const int rank = transport.rank();
      const Outcome outcome = collective->exchange(transport, payloads[static_cast<std::size_t>(rank)], nullptr);
      std::vector<Payload> expected;
      for (const int other : neighbours_of(graph, rank, m))
        expected.push_back(payloads[static_cast<std::size_t>(other)]);
      const std::lock_guard lock(mutex);
      CHECK(outcome.parts == expected);
      CHECK(transport.traffic().sent == 12 * static_cast<std::uint64_t>(degree_of(graph, m)));
      CHECK(transport.traffic().received == transport.traffic().sent);
    });
  }
}

}  // namespace simrun
