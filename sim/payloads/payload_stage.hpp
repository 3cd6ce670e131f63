#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/payloads/payload_cache.hpp"
#include "sim/payloads/payload_table.hpp"
#include "sim/scenario/sweep.hpp"

namespace simrun {

/// Says how many elements of gradients are done. Called from any thread.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Payloads of which only sizes matter, by what they depend on: what one stage has made another need not make again.
using KnownSizes = std::map<std::string, std::shared_ptr<const PayloadTable>>;

/// Makes the payloads of points. A worker's payload depends on model, gradients, method, K, index, seed and group, but
/// not on M or the network: it is made once for all points that send it, and what takes long, finding the K largest,
/// once for all K, here and (by the cache) in later runs. Where sizes follow from N and K alone, payloads are sizes and
/// gradients are not made. What votes on sparse signs in one place come to is counted, once for all K and M: these
/// payloads are sizes, too.
class PayloadStage {
 public:
  /// For those of the study's points. Uses at most `threads` threads, none of which is left between calls. Throws
  /// InputError: gradients that cannot be read or are not finite, or payloads that do not fit in memory. `progress` is
  /// told often, also while a gradient is made. Takes sizes from `known`, and adds to it, if it is not null.
  PayloadStage(const Study& study, const std::vector<std::size_t>& points, unsigned threads, PayloadCache& cache,
               Progress progress, KnownSizes* known = nullptr);
  ~PayloadStage();

  /// What users should know of the gradients. One line each.
  std::vector<std::string> notes() const;

  /// Points whose payloads are in memory at the same time.
  struct Batch {
    std::vector<std::size_t> points;                          ///< the costliest first
    std::vector<std::shared_ptr<const PayloadTable>> tables;  ///< one a point
  };

  /// The next points, in any order; none after the last. Payloads of the batch before must not be looked at again.
  std::optional<Batch> next();

 private:
  class Plan;
  std::unique_ptr<Plan> plan_;
};

}  // namespace simrun
