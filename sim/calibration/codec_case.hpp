#pragma once

#include <functional>
#include <span>

#include "kernels/operation.hpp"
#include "sim/methods/method.hpp"

namespace simrun {

/// What encoding with a codec is in training, by the first method that has a round of it.
struct CodecPlace {
  const MethodEntry* method = nullptr;
  std::vector<RoundEntry> rounds = {};  ///< of the method, with the options by which it has that one
  std::size_t round = 0;
  bool feeds_back = false;

  /// The first round adds the gradient to the velocity and to the residual, and the last takes out of them what is
  /// sent.
  bool is_first() const { return round == 0; }
  bool settles() const { return feeds_back && round + 1 == rounds.size(); }
  bool masks() const { return settles() && method->momentum.is_masked; }
};

CodecPlace place_of_codec(const CodecEntry& codec);

/// Values of so many elements; other ones for another number.
using ValuesOf = std::function<std::span<const float>(std::size_t number)>;

/// Completes the case of a codec of its own, whose stage, kind, elements and entries are set: shapes of tensors, what
/// earlier rounds and the step before gave, and values to encode, or what they are encoded to. A codec of matrices gets
/// one, as square as may be, and loses the elements that are left over. Everything is made on `threads` threads.
void complete_codec_case(OperationCase& made, const CodecEntry& codec, const ValuesOf& values, unsigned threads);

/// True if a result is what the case expects: to the bit, or, of products of matrices, within 1e-4 of the norm.
bool agrees(const OperationCase& work, const OperationResult& result);

}  // namespace simrun
