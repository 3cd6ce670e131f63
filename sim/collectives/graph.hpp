#pragma once

#include <span>
#include <utility>
#include <vector>

#include "kernels/codec.hpp"

namespace simrun {

/// Rows and columns of a torus of so many workers, as nearly square as may be: rows <= columns. With fewer than 3 rows
/// it is none: neighbours above and below would be the same.
std::pair<int, int> torus_sides(int workers);

/// The ranks that `rank` exchanges with, ascending; none of one worker. The graph is one of so many workers.
std::vector<int> neighbours_of(const Graph& graph, int rank, int workers);

/// How many these are.
int degree_of(const Graph& graph, int rank, int workers);

/// The mean of so many workers, and the most that one of them has. All have as many but where edges are listed.
double mean_degree_of(const Graph& graph, int workers);
int most_degree_of(const Graph& graph, int workers);

/// An edge's ends.
using Edge = std::pair<int, int>;

/// Every edge once, by its ends, the lower one first.
std::vector<Edge> edges_of(const Graph& graph, int workers);

/// The graph whose edges these are, of as many workers as its highest rank has before it, and itself. Each edge stands
/// there once and has two ends, neither of them negative.
Graph listed_graph(std::span<const Edge> edges);

}  // namespace simrun
