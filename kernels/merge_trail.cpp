#include "kernels/merge_trail.hpp"

namespace simrun {

Payload MergeTrail::combine(std::span<const Payload> parts) const {
  Payload result = merge_->combine(parts);
  if (parts.size() == 1) return result;
  const std::lock_guard lock(mutex_);
  for (const Payload& part : parts) merged_into_.insert_or_assign(part.bytes().data(), result);
  return result;
}

Payload MergeTrail::accepted(const Payload& sent, const Payload& result) const {
  Payload left = merge_->accepted(sent, result);
  const std::lock_guard lock(mutex_);
  for (auto step = merged_into_.find(sent.bytes().data()); step != merged_into_.end();
       step = merged_into_.find(step->second.bytes().data()))
    left = merge_->accepted(left, step->second);
  return left;
}

}  // namespace simrun
