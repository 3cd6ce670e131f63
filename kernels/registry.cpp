#include <algorithm>
#include <stdexcept>

#include "kernels/codec.hpp"
#include "kernels/codecs/codecs.hpp"

namespace simrun {
namespace {

const std::vector<CodecEntry>& table() {
  static const std::vector<CodecEntry> all = {
      {.name = "dense",
       .summary = "every value, added up",
       .encoding = "dense",
       .sparsifies = false,
       .feeds_back = false,
       .parameters = {precision_parameter()},
       .make = make_dense},
      {.name = "top-k",
       .summary = "the K largest values; every worker gets all of them",
       .encoding = "largest-pairs",
       .sparsifies = true,
       .feeds_back = true,
       .parameters = {index_parameter()},
       .make = make_top_k},
      {.name = "gtop-k",
       .summary = "the K largest values; merged in pairs to the K largest sums",
       .encoding = "largest-pairs",
       .sparsifies = true,
       .feeds_back = true,
       .parameters = {index_parameter()},
       .make = make_gtop_k},
      {.name = "signs",
       .summary = "one bit an element; the majority wins",
       .encoding = "signs",
       .sparsifies = false,
       .feeds_back = false,
       .parameters = {},
       .make = make_signs},
      {.name = "scaled-signs",
       .summary = "one bit an element and their mean magnitude; every worker gets all",
       .encoding = "scaled-signs",
       .sparsifies = false,
       .feeds_back = true,
       .parameters = {},
       .make = make_scaled_signs},
      {.name = "sparse-signs",
       .summary = "the signs of the K largest values; the majority wins",
       .encoding = "largest-signs",
       .sparsifies = true,
       .feeds_back = true,
       .parameters = {index_parameter()},
       .make = make_sparse_signs_codec},
  };
  return all;
}

}  // namespace

Payload Aggregator::accepted(const Payload& sent, const Payload&) const {
  return sent;
}

Payload Codec::encode_largest(PairsView, std::uint64_t) const {
  throw std::logic_error("this codec does not keep the largest elements");
}

std::span<const CodecEntry> codecs() {
  return table();
}

const CodecEntry* find_codec(std::string_view name) {
  const auto found = std::ranges::find(table(), name, &CodecEntry::name);
  return found == table().end() ? nullptr : &*found;
}

}  // namespace simrun
