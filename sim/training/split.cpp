#include "sim/training/split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "sim/training/random.hpp"

namespace simrun {
namespace {

using Shares = std::vector<std::vector<std::uint32_t>>;

/// The numbers of the samples of each label.
Shares by_label(std::span<const std::uint8_t> labels, std::size_t classes) {
  Shares all(classes);
  for (std::size_t i = 0; i < labels.size(); ++i) all[labels[i]].push_back(static_cast<std::uint32_t>(i));
  return all;
}

/// `samples` from share `begin` to share `end` of them, with 0 <= begin <= end <= 1.
std::span<const std::uint32_t> part_of(const std::vector<std::uint32_t>& samples, double begin, double end) {
  const auto place = [&](double share) {
    return static_cast<std::size_t>(std::llround(share * static_cast<double>(samples.size())));
  };
  return std::span(samples).subspan(place(begin), place(end) - place(begin));
}

void append(std::vector<std::uint32_t>& to, std::span<const std::uint32_t> samples) {
  to.insert(to.end(), samples.begin(), samples.end());
}

/// Shares that are not negative and add up to 1.
std::vector<double> draw_dirichlet(double alpha, std::size_t workers, RandomStream& random) {
  std::gamma_distribution<double> gamma(alpha, 1.0);
  std::vector<double> shares(workers);
  for (double& share : shares) share = gamma(random);
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  // Where alpha is tiny all may be zero.
  if (!(sum > 0)) shares[random() % workers] = 1;
  for (double& share : shares) share /= sum > 0 ? sum : 1;
  return shares;
}

/// Deals out samples in one way.
struct Dealer {
  std::span<const std::uint8_t> labels;
  std::size_t classes;
  std::size_t workers;
  std::uint64_t seed;

  Shares operator()(const Split::Iid&) const {
    std::vector<std::uint32_t> order(labels.size());
    std::iota(order.begin(), order.end(), 0U);
    RandomStream random(seed, Randomness::split, 0, 0);
    std::shuffle(order.begin(), order.end(), random);
    Shares shares(workers);
    const std::size_t each = order.size() / workers;
    for (std::size_t w = 0; w < workers; ++w) append(shares[w], std::span(order).subspan(w * each, each));
    return shares;
  }

  Shares operator()(const Split::Labels& split) const {
    if (split.per_worker > classes || classes % split.per_worker != 0)
      throw SplitError(std::to_string(split.per_worker) + " labels a worker, of " + std::to_string(classes),
                       "accepted: a divisor of " + std::to_string(classes));
    const std::size_t group = classes / split.per_worker;
    if (workers % group != 0)
      throw SplitError(
          std::to_string(split.per_worker) + " labels a worker do not go with " + std::to_string(workers) + " workers",
          "accepted: a multiple of " + std::to_string(group) + " workers");
    const Shares samples = by_label(labels, classes);
    Shares shares(workers);
    std::vector<std::size_t> order(classes);
    for (std::size_t w = 0; w < workers; ++w) {
      if (w % group == 0) {
        std::iota(order.begin(), order.end(), std::size_t{0});
        RandomStream random(seed, Randomness::split, 2, static_cast<std::uint32_t>(w / group));
        std::shuffle(order.begin(), order.end(), random);
      }
      for (std::size_t i = 0; i < split.per_worker; ++i)
        append(shares[w], samples[order[w % group * split.per_worker + i]]);
    }
    return shares;
  }

  Shares operator()(const Split::Dirichlet& split) const {
    Shares shares(workers);
    Shares samples = by_label(labels, classes);
    for (std::size_t label = 0; label < classes; ++label) {
      RandomStream random(seed, Randomness::split, 1, static_cast<std::uint32_t>(label));
      std::shuffle(samples[label].begin(), samples[label].end(), random);
      double begin = 0;
      const std::vector<double> drawn = draw_dirichlet(split.alpha, workers, random);
      for (std::size_t w = 0; w < workers; ++w) {
        const double end = w + 1 == workers ? 1 : std::min(1.0, begin + drawn[w]);
        append(shares[w], part_of(samples[label], begin, end));
        begin = end;
      }
    }
    return shares;
  }
};

void feed_the_empty(Shares& shares) {
  const auto fewer = [](const auto& a, const auto& b) { return a.size() < b.size(); };
  for (auto& share : shares) {
    if (!share.empty()) continue;
    auto& largest = *std::max_element(shares.begin(), shares.end(), fewer);
    share.push_back(largest.back());
    largest.pop_back();
  }
}

}  // namespace

std::size_t count_held_out(std::size_t samples, double share) {
  if (share == 0) return 0;
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(share * static_cast<double>(samples))));
}

HeldOut hold_out(std::size_t samples, double share, std::uint64_t seed) {
  HeldOut parts;
  parts.train.resize(samples);
  std::iota(parts.train.begin(), parts.train.end(), 0U);
  const std::size_t count = std::min(samples, count_held_out(samples, share));
  if (count == 0) return parts;
  RandomStream random(seed, Randomness::validation, 0, 0);
  std::shuffle(parts.train.begin(), parts.train.end(), random);
  parts.validation.assign(parts.train.end() - static_cast<std::ptrdiff_t>(count), parts.train.end());
  parts.train.resize(samples - count);
  std::sort(parts.train.begin(), parts.train.end());
  std::sort(parts.validation.begin(), parts.validation.end());
  return parts;
}

Shares split_samples(const Split& split, std::span<const std::uint8_t> labels, std::size_t classes, std::size_t workers,
                     std::uint64_t seed) {
  if (labels.size() < workers)
    throw SplitError(std::to_string(labels.size()) + " samples for " + std::to_string(workers) + " workers",
                     "accepted: at least one sample a worker");
  Shares shares = std::visit(Dealer{labels, classes, workers, seed}, split.how);
  for (auto& share : shares) std::sort(share.begin(), share.end());
  feed_the_empty(shares);
  return shares;
}

}  // namespace simrun
