#pragma once

#include <memory>
#include <utility>

#include "kernels/codecs/codecs.hpp"

namespace simrun {

/// Payloads of a codec, which a server adds up and encodes again.
std::unique_ptr<const Codec> make_two_way(std::unique_ptr<const Codec> codec);

/// What `make` makes, or that both ways.
template <auto make>
std::unique_ptr<const Codec> one_or_two_ways(const CodecOptions& options,
                                             std::shared_ptr<const Primitives> primitives) {
  auto codec = make(options, std::move(primitives));
  return options.two_way ? make_two_way(std::move(codec)) : std::move(codec);
}

}  // namespace simrun
