#include <algorithm>
#include <iterator>
#include <string_view>

#include "sim/devices/operations.hpp"

namespace simrun {
namespace {

struct Seen {
  std::string_view operation;
  OperationCycles cycles;
};

// Printed by kernel_model platforms/devices/h200-measured.json platforms/devices/h200.json 32768. Serial, an element,
// an entry, an element and payload; then the same of one block.
constexpr Seen all_seen[] = {
    {"encode.dense16", {{2700}}},
    {"encode.pairs", {{27000, 0.82, 18}, {18000, 2.7, 2.7}}},
    {"encode.signs", {{2200}}},
    {"encode.sparse-signs", {{27000, 0, 27}, {18000, 2.7, 3.9}}},
    {"combine.pairs", {{120000, 0, 8.2}, {27000, 0, 3.9}}},
    {"combine.signs", {{4700, 0, 0, 0.012}}},
    {"combine.sparse-signs", {{4700, 0.056, 3.9}}},
    {"decode.dense16", {{1500}}},
    {"decode.pairs", {{2200, 0, 6.8}}},
    {"decode.signs", {{1800}}},
    {"decode.sparse-signs", {{1800, 0, 6.8}}},
    {"index-encode.bitmap", {{4700, 0.018, 0.82}}},
    {"index-decode.bitmap", {{2200, 0.022, 0.82}}},
    {"index-encode.delta", {{2700, 0.0015, 1.2}}},
    {"index-decode.delta", {{680, 0.0047, 1}}},
    {"index-encode.elias-fano", {{5600, 0.022, 1.2}}},
    {"index-decode.elias-fano", {{1800, 0.022, 1}}},
    {"encode.scaled-signs", {{12000, 1.5}}},
    {"decode.scaled-signs", {{2700}}},
    {"encode.leader-indices", {{1500}}},
    {"encode.values-at", {{1800, 0.0039, 12}}},
    {"decode.values-at", {{1800, 0.015, 12}}},
    {"encode.left-factors", {{4700, 3.3}}},
    {"encode.right-factors", {{68000, 2.7}}},
    {"decode.right-factors", {{47000, 1.8}}},
    {"decode.random-entries", {{1800, 0.015, 12}}},
    {"encode.gathered-signs", {{1800}}},
    {"decode.gathered-signs", {{1500}}},
    {"encode.momentum-signs", {{2200}}},
    {"decode.momentum-signs", {{1500}}},
    {"encode.two-means", {{12000, 1.5}}},
    {"decode.two-means", {{2200}}},
    {"encode.qsgd", {{27000, 1.5}}},
    {"decode.qsgd", {{2700, 2.2}}},
    {"encode.terngrad", {{22000, 1.5}}},
    {"decode.terngrad", {{1800, 1.5}}},
    {"encode.exponents", {{12000, 1}}},
    {"decode.exponents", {{1000, 1}}},
    {"encode.sampled-pairs", {{56000, 1.8, 1000}, {47000, 2.7, 0.33}}},
    {"decode.sampled-pairs", {{1800, 0.015, 15}}},
    {"encode.chunked-top-k", {{15000, 2.7}}},
    {"decode.chunked-top-k", {{2700, 0.22}}},
    // Not seen: those above, which do a part of the same. What the transform takes is not known.
    {"encode.cosine-top-k", {{15000, 2.7}}},
    {"decode.cosine-top-k", {{2700, 0.22}}},
    // Not seen: of right-factors, which do the same, encoding with more besides.
    {"encode.edge-factors", {{47000, 3.3}}},
    {"decode.edge-factors", {{47000, 1.8}}},
};

}  // namespace

OperationCycles seen_cycles(std::string_view operation) {
  const auto* found = std::ranges::find(all_seen, operation, &Seen::operation);
  return found == std::end(all_seen) ? OperationCycles() : found->cycles;
}

}  // namespace simrun
