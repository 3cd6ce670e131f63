#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "sim/payloads/payload_table.hpp"
#include "sim/scenario/scenario.hpp"

namespace simrun {

/// Samples that are encoded, one of each of the first workers, whatever M.
constexpr std::size_t samples_of_gradients = 4;

/// What each worker sends, estimated from samples, in as many steps as there are samples. Sizes alone; the same for all
/// workers.
///
/// A sample has the same share of every tensor, at least one grain, in one piece; those of the samples are spread over
/// the tensor. It is grouped and encoded as the whole is, with K in the same proportion. Indices and values of the
/// whole take as many bytes an entry as the sample's; codecs that choose how many entries they send choose in the
/// sample. How far the samples' sizes differ shows as payloads that vary from step to step.
///
/// `on_elements`: is told how many more elements have been encoded. Throws InputError: gradients that cannot be read.
std::shared_ptr<const PayloadTable> sampled_sizes(const Scenario& scenario, unsigned threads,
                                                  const std::function<void(std::uint64_t)>& on_elements);

}  // namespace simrun
