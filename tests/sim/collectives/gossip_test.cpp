#include <algorithm>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>

#include "kernels/layout.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/collectives/graph.hpp"
#include "sim/network/memory_transport.hpp"

namespace simrun {

using Kind = Graph::Kind;

TEST_CASE("graph: neighbours of neighbours, as many of each worker, and every edge once") {
  for (const auto& [kind, counts] : {std::pair{Kind::ring, std::vector<int>{1, 2, 3, 4, 9, 17}},
                                     std::pair{Kind::torus, std::vector<int>{1, 9, 12, 15, 16, 25, 36}},
                                     std::pair{Kind::complete, std::vector<int>{1, 2, 3, 4, 9, 17}}}) {
    for (const int m : counts) {
      INFO(m);
      const Graph graph{kind};
      const int degree = degree_of(graph, 0, m);
      CHECK(degree == (m == 1 ? 0 : kind == Kind::torus ? 4 : kind == Kind::ring ? std::min(2, m - 1) : m - 1));
      CHECK(mean_degree_of(graph, m) == degree);
      CHECK(most_degree_of(graph, m) == degree);
      for (int rank = 0; rank < m; ++rank) {
        const std::vector<int> neighbours = neighbours_of(graph, rank, m);
        CHECK(static_cast<int>(neighbours.size()) == degree);
        CHECK(degree_of(graph, rank, m) == degree);
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
  CHECK(neighbours_of({Kind::torus}, 0, 12) == std::vector<int>{1, 3, 4, 8});  // 3 rows of 4
  CHECK(torus_sides(10) == std::pair(2, 5));
}

TEST_CASE("graph: edges that are listed, in whatever order") {
  const std::vector<Edge> given = {{3, 0}, {2, 3}, {0, 1}, {3, 4}};
  const Graph graph = listed_graph(given);
  CHECK(edges_of(graph, 5) == std::vector<Edge>{{0, 1}, {0, 3}, {2, 3}, {3, 4}});
  CHECK(neighbours_of(graph, 3, 5) == std::vector<int>{0, 2, 4});
  CHECK(degree_of(graph, 0, 5) == 2);
  CHECK(mean_degree_of(graph, 5) == 8.0 / 5);
  CHECK(most_degree_of(graph, 5) == 3);
}

TEST_CASE("gossip: every worker gets its neighbours' payloads, and sends as many bytes as it gets") {
  const CollectiveEntry& entry = *find_collective("gossip");
  const std::vector<Edge> star = {{0, 1}, {0, 2}, {0, 3}};
  const std::vector<std::pair<Graph, int>> graphs = {{{Kind::ring}, 1},     {{Kind::ring}, 2},
                                                     {{Kind::ring}, 5},     {{Kind::torus}, 9},
                                                     {{Kind::complete}, 5}, {listed_graph(star), 4}};
  for (const auto& [graph, m] : graphs) {
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
      CHECK(transport.traffic().sent == 12 * static_cast<std::uint64_t>(degree_of(graph, rank, m)));
      CHECK(transport.traffic().received == transport.traffic().sent);
    });
  }
}

}  // namespace simrun
