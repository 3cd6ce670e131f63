#include "kernels/server_sum.hpp"

#include <utility>
#include <vector>

#include "kernels/codecs/codecs.hpp"

namespace simrun {

ServerSum::ServerSum(std::shared_ptr<const Codec> codec, std::span<ErrorFeedback> errors)
    : codec_(std::move(codec)), errors_(errors) {}

Payload ServerSum::combine(std::span<const Payload> parts) const {
  check_parts(parts, codec_->kind());
  const Payload& first = parts.front();
  if (!all_have_contents(parts)) {
    const auto header = codec_->shape(first.elements(), first.entries(), {});
    if (!header) throw PayloadError("the size of what these payloads are added up to depends on their contents");
    return Payload::size_only(*header);
  }
  if (first.entries() == 0) return first;
  std::vector<float> sum(first.elements());
  for (const Payload& part : parts) codec_->decode(part, 1.0F, sum, {});
  const auto entries = static_cast<std::size_t>(first.entries());
  if (errors_.empty()) return codec_->encode(sum, entries, {});
  ErrorFeedback& error = errors_[next_++ % errors_.size()];
  Payload result = codec_->encode(error.correct(sum), entries, {});
  error.settle(*codec_, result, {});
  return result;
}

}  // namespace simrun
