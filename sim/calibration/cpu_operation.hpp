#pragma once

#include <memory>
#include <string>
#include <utility>

#include "kernels/codec.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/operation.hpp"

namespace simrun {

/// A case as the CPU back end does it. The case outlives it.
std::unique_ptr<Operation> make_cpu_operation(const OperationCase& work, unsigned threads);

/// A codec, and with which options it makes payloads of a kind.
struct KindCodec {
  const CodecEntry* codec = nullptr;
  CodecOptions options;

  std::unique_ptr<const Codec> make(std::shared_ptr<const Primitives> primitives) const {
    return codec->make(options, std::move(primitives));
  }
};

/// The codec of that name, or whose payloads are of that kind ("pairs"); of several, the first whose payloads combine.
KindCodec codec_of_kind(const std::string& kind);

/// The index coding of that name.
const IndexCodingEntry& find_index_coding(const std::string& name);

}  // namespace simrun
