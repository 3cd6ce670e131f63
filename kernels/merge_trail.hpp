#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "kernels/codec.hpp"

namespace simrun {

/// An aggregator of pairs that remembers what every payload was merged into, so that an entry counts as accepted only
/// if none of the merges on its way has dropped it. Without it an entry that was dropped early and whose index came
/// back through another branch counts as accepted and is lost, as in the published gTop-k.
///
/// One exchange in one process: all ranks combine with the same object, and payloads keep their place in memory. Safe
/// to use from several threads.
class MergeTrail final : public Aggregator {
 public:
  explicit MergeTrail(std::shared_ptr<const Aggregator> merge) : merge_(std::move(merge)) {}

  Payload combine(std::span<const Payload> parts) const override;

  /// The entries of `sent` whose index is in every payload that it was merged into, the last of which is `result`.
  Payload accepted(const Payload& sent, const Payload& result) const override;

 private:
  std::shared_ptr<const Aggregator> merge_;
  mutable std::mutex mutex_;
  mutable std::map<const std::byte*, Payload> merged_into_;  ///< by where a part lies
};

}  // namespace simrun
