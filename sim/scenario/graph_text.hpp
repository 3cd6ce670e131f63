#pragma once

#include <cstdint>

#include "kernels/codec.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

/// Which workers are neighbours: one of the words, each for a Graph::Kind, or an object whose `edges` are those of a
/// connected graph of the ranks from 0 on.
Field<Graph> graph_field(Field<std::int64_t> words);

}  // namespace simrun
