#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/scenario/training.hpp"

namespace simrun {

/// A split that the workers or the data do not allow; the message says why and `accepted` what would do.
struct SplitError : std::invalid_argument {
  SplitError(const std::string& wrong, std::string would_do) : std::invalid_argument(wrong), accepted(would_do) {}
  std::string accepted;
};

/// Samples to train on, and those that are held out to choose with: numbers, ascending.
struct HeldOut {
  std::vector<std::uint32_t> train;
  std::vector<std::uint32_t> validation;
};

/// How many of so many samples a share of them is: one at least, none of no share.
std::size_t count_held_out(std::size_t samples, double share);

/// Holds out that share of the samples, drawn from the seed.
HeldOut hold_out(std::size_t samples, double share, std::uint64_t seed);

/// The numbers of the samples that each worker holds, ascending. Throws SplitError.
std::vector<std::vector<std::uint32_t>> split_samples(const Split& split, std::span<const std::uint8_t> labels,
                                                      std::size_t classes, std::size_t workers, std::uint64_t seed);

}  // namespace simrun
