#pragma once

#include <utility>
#include <vector>

#include "kernels/codec.hpp"

namespace simrun {

/// Rows and columns of a torus of so many workers, as nearly square as may be: rows <= columns. With fewer than 3 rows
/// it is none: neighbours above and below would be the same.
std::pair<int, int> torus_sides(int workers);

/// The ranks that `rank` exchanges with, ascending; none of one worker. The graph is one of so many workers. All
/// workers of a graph have as many.
std::vector<int> neighbours_of(Graph graph, int rank, int workers);

/// How many neighbours each of so many workers has.
int degree_of(Graph graph, int workers);

/// An edge's ends, the lower one first.
using Edge = std::pair<int, int>;

/// Every edge once, by its ends.
std::vector<Edge> edges_of(Graph graph, int workers);

}  // namespace simrun
