#pragma once

#include <memory>
#include <vector>

#include "sim/payloads/payload_job.hpp"
#include "sim/payloads/payload_table.hpp"
#include "sim/payloads/selector.hpp"
#include "sim/scenario/sweep.hpp"

namespace simrun {

/// An encoding of which only sizes are made, and these.
struct EncodedSizes {
  Encoding encoding;
  std::shared_ptr<const PayloadTable> sizes;
};

/// True if both have the same gradients, grouped in different ways, each group of tensors that follow each other.
bool differ_in_groups_alone(const PayloadJob& a, const PayloadJob& b);

/// Makes the sizes of all encodings of which only these are made, which are then no longer among the jobs'. The jobs
/// differ in their groups alone: gradients are made once for all. What is selected in them besides is found by the way,
/// and kept in the cache. `step` is told of each job's elements.
std::vector<EncodedSizes> take_sizes_alone(const std::vector<PayloadJob*>& jobs, const Study& study, unsigned threads,
                                           PayloadCache& cache, const OnElements& step);

}  // namespace simrun
