#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "kernels/codec.hpp"
#include "kernels/codecs/codecs.hpp"

namespace simrun {
namespace {

constexpr CodecEntry table[] = {
    {"dense", "every value, added up", "dense", false, true, false, make_dense},
    {"top-k", "the K largest values; every worker gets all of them", "largest-pairs", true, false, true, make_top_k},
    {"gtop-k", "the K largest values; merged in pairs to the K largest sums", "largest-pairs", true, false, true,
     make_gtop_k},
    {"signs", "one bit an element; the majority wins", "signs", false, false, false, make_signs},
    {"scaled-signs", "one bit an element and their mean magnitude; every worker gets all", "scaled-signs", false, false,
     true, make_scaled_signs},
    {"sparse-signs", "the signs of the K largest values; the majority wins", "largest-signs", true, false, true,
     make_sparse_signs_codec},
};

}  // namespace

Payload Aggregator::accepted(const Payload& sent, const Payload&) const {
  return sent;
}

Payload Codec::encode_largest(PairsView, std::uint64_t) const {
  throw std::logic_error("this codec does not keep the largest elements");
}

std::span<const CodecEntry> codecs() {
  return table;
}

const CodecEntry* find_codec(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const CodecEntry& e) { return e.name == name; });
  return found == std::end(table) ? nullptr : found;
}

}  // namespace simrun
