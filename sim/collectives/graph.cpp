#include "sim/collectives/graph.hpp"

#include <algorithm>
#include <set>

namespace simrun {

std::pair<int, int> torus_sides(int workers) {
  int rows = 1;
  for (int side = 2; side * side <= workers; ++side) {
    if (workers % side == 0) rows = side;
  }
  return {rows, workers / rows};
}

std::vector<int> neighbours_of(Graph graph, int rank, int workers) {
  std::set<int> all = {(rank + 1) % workers, (rank + workers - 1) % workers};
  if (graph == Graph::torus) {
    const auto [rows, columns] = torus_sides(workers);
    const int row = rank / columns * columns;
    const int column = rank % columns;
    all = {row + (column + 1) % columns, row + (column + columns - 1) % columns, (rank + columns) % workers,
           (rank + workers - columns) % workers};
  }
  all.erase(rank);
  return {all.begin(), all.end()};
}

int degree_of(Graph graph, int workers) {
  return static_cast<int>(neighbours_of(graph, 0, workers).size());
}

std::vector<Edge> edges_of(Graph graph, int workers) {
  std::vector<Edge> edges;
  for (int rank = 0; rank < workers; ++rank) {
    for (const int other : neighbours_of(graph, rank, workers)) {
      if (rank < other) edges.emplace_back(rank, other);
    }
  }
  return edges;
}

}  // namespace simrun
