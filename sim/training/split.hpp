#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace simrun {

/// How the samples are dealt out to workers.
struct Split {
  struct Iid {};  ///< at random, as many to each (those that are left over to none)

  /// Groups of classes/L workers share out the labels, each group in an order of its own that is drawn from the seed:
  /// each worker holds all samples of L labels.
  struct Labels {
    std::size_t per_worker = 1;
  };

  /// Of each label the shares of the workers are drawn from a symmetric Dirichlet distribution: the smaller alpha, the
  /// less even. A worker that is left with nothing gets one sample of whoever has most.
  /// Source: Hsu et al., arXiv 1909.06335, by label.
  struct Dirichlet {
    double alpha = 1;
  };

  std::variant<Iid, Labels, Dirichlet> how;
};

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
