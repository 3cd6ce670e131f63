#include "sim/scenario/graph_text.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "sim/collectives/graph.hpp"

namespace simrun {
namespace {

struct EdgesText {
  std::vector<Edge> edges;
};

Field<Edge> edge_field() {
  Field<std::vector<std::int64_t>> ranks = list_of(whole(0, 65535), 2);
  ranks.schema["maxItems"] = 2;
  return convert(std::move(ranks), [](const std::vector<std::int64_t>& ends, const Where& where) {
    if (ends.size() > 2)
      where.fail("has " + std::to_string(ends.size()) + " ranks", "accepted: the two that it joins, like [0, 1]");
    return Edge(ends[0], ends[1]);
  });
}

/// Throws for the first rank that none of the edges has, or that no path leads to.
void check_connected(const std::vector<std::vector<int>>& lists, const Where& where) {
  const auto alone = std::ranges::find_if(lists, &std::vector<int>::empty);
  if (alone != lists.end())
    where.fail("rank " + std::to_string(alone - lists.begin()) + " has no edge",
               "accepted: edges of every rank from 0 to the highest, here " + std::to_string(lists.size() - 1));
  std::vector<bool> is_reached(lists.size());
  is_reached[0] = true;
  std::vector<int> open = {0};
  while (!open.empty()) {
    const auto rank = static_cast<std::size_t>(open.back());
    open.pop_back();
    for (const int other : lists[rank]) {
      if (is_reached[static_cast<std::size_t>(other)]) continue;
      is_reached[static_cast<std::size_t>(other)] = true;
      open.push_back(other);
    }
  }
  const auto lost = std::ranges::find(is_reached, false);
  if (lost != is_reached.end())
    where.fail("no path leads from rank 0 to rank " + std::to_string(lost - is_reached.begin()),
               "accepted: edges of a connected graph");
}

Graph graph_of(const EdgesText& text, const Where& above) {
  const Where where = above / "edges";
  std::map<Edge, std::size_t> known;
  for (std::size_t i = 0; i < text.edges.size(); ++i) {
    const auto [one, other] = text.edges[i];
    if (one == other)
      (where / i).fail("joins rank " + std::to_string(one) + " to itself", "accepted: two ranks, like [0, 1]");
    const auto [earlier, is_new] = known.try_emplace(std::minmax(one, other), i);
    if (!is_new)
      (where / i).fail("joins ranks " + std::to_string(one) + " and " + std::to_string(other) + ", as edges." +
                           std::to_string(earlier->second) + " does",
                       "accepted: each edge once");
  }
  Graph graph = listed_graph(text.edges);
  check_connected(*graph.lists, where);
  return graph;
}

}  // namespace

Field<Graph> graph_field(Field<std::int64_t> words) {
  const auto word =
      convert(std::move(words), [](std::int64_t kind, const Where&) { return Graph{static_cast<Graph::Kind>(kind)}; });
  const auto object = convert(Object<EdgesText>()
                                  .required("edges", &EdgesText::edges, list_of(edge_field()),
                                            "the ranks that each edge joins; together a connected graph of all workers")
                                  .field(),
                              graph_of);
  return text_or_object(word, object, "ring, torus, complete, or an object with edges");
}

}  // namespace simrun
