#include "sim/collectives/graph.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <set>

namespace simrun {

std::pair<int, int> torus_sides(int workers) {
  int rows = 1;
  for (int side = 2; side * side <= workers; ++side) {
    if (workers % side == 0) rows = side;
  }
  return {rows, workers / rows};
}

std::vector<int> neighbours_of(const Graph& graph, int rank, int workers) {
  std::set<int> all;
  switch (graph.kind) {
    case Graph::Kind::ring:
      all = {(rank + 1) % workers, (rank + workers - 1) % workers};
      break;
    case Graph::Kind::torus: {
      const auto [rows, columns] = torus_sides(workers);
      const int row = rank / columns * columns;
      const int column = rank % columns;
      all = {row + (column + 1) % columns, row + (column + columns - 1) % columns, (rank + columns) % workers,
             (rank + workers - columns) % workers};
      break;
    }
    case Graph::Kind::complete: {
      std::vector<int> others(static_cast<std::size_t>(workers));
      std::iota(others.begin(), others.end(), 0);
      others.erase(others.begin() + rank);
      return others;
    }
    case Graph::Kind::listed:
      return graph.lists->at(static_cast<std::size_t>(rank));
  }
  all.erase(rank);
  return {all.begin(), all.end()};
}

int degree_of(const Graph& graph, int rank, int workers) {
  return graph.kind == Graph::Kind::complete ? workers - 1
                                             : static_cast<int>(neighbours_of(graph, rank, workers).size());
}

double mean_degree_of(const Graph& graph, int workers) {
  if (graph.kind != Graph::Kind::listed) return degree_of(graph, 0, workers);
  std::size_t sum = 0;
  for (const std::vector<int>& neighbours : *graph.lists) sum += neighbours.size();
  return static_cast<double>(sum) / workers;
}

int most_degree_of(const Graph& graph, int workers) {
  if (graph.kind != Graph::Kind::listed) return degree_of(graph, 0, workers);
  return static_cast<int>(std::ranges::max_element(*graph.lists, {}, &std::vector<int>::size)->size());
}

std::vector<Edge> edges_of(const Graph& graph, int workers) {
  std::vector<Edge> edges;
  for (int rank = 0; rank < workers; ++rank) {
    for (const int other : neighbours_of(graph, rank, workers)) {
      if (rank < other) edges.emplace_back(rank, other);
    }
  }
  return edges;
}

Graph listed_graph(std::span<const Edge> edges) {
  std::vector<std::vector<int>> lists;
  for (const auto& [one, other] : edges) {
    lists.resize(std::max(lists.size(), static_cast<std::size_t>(std::max(one, other)) + 1));
    lists[static_cast<std::size_t>(one)].push_back(other);
    lists[static_cast<std::size_t>(other)].push_back(one);
  }
  for (std::vector<int>& neighbours : lists) std::ranges::sort(neighbours);
  return {Graph::Kind::listed, std::make_shared<const std::vector<std::vector<int>>>(std::move(lists))};
}

}  // namespace simrun
