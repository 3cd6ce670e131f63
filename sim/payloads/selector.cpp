#include "sim/payloads/selector.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "kernels/largest_of_parts.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

bool suffice(const std::vector<Payload>& payloads, const std::vector<Group>& groups,
             const std::vector<std::uint64_t>& entries) {
  if (payloads.size() != groups.size()) return false;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (payloads[g].elements() != groups[g].elements || payloads[g].entries() < entries[g]) return false;
  }
  return true;
}

float least_magnitude(std::span<const float> values) {
  float least = std::numeric_limits<float>::infinity();
  for (const float value : values) least = std::min(least, std::abs(value));
  return least;
}

}  // namespace

Selector::Selector(const GradientSource& source, const std::vector<std::uint64_t>& entries, unsigned threads,
                   PayloadCache& cache, const OnElements& step)
    : source_(source),
      entries_(entries),
      threads_(threads),
      cache_(cache),
      step_(step),
      cutoffs_(source.groups().size()) {}

void Selector::for_each(std::size_t first, std::size_t last, const OnSelection& work) {
  const auto more = static_cast<std::size_t>(bytes_to_find(entries_) / sizeof(float));
  source_.for_each_worker(first, last, threads_, source_.part_size(), more,
                          [&](std::size_t worker, unsigned threads, std::span<float> buffer) {
                            const std::string key = source_.key(worker);
                            std::optional<std::vector<Payload>> found = cache_.find(key);
                            if (found && suffice(*found, source_.groups(), entries_)) {
                              for (const Group& group : source_.groups()) step_(group.elements);
                            } else {
                              found = find(worker, threads, buffer);
                              cache_.keep(key, *found);
                            }
                            work(worker, std::move(*found));
                          });
}

std::vector<Payload> Selector::find(std::size_t worker, unsigned threads, std::span<float> buffer) {
  std::vector<Payload> found;
  for (std::size_t g = 0; g < entries_.size(); ++g) {
    const Pairs pairs = find_largest(worker, g, threads, buffer);
    found.push_back(make_pairs(IndexCoding::raw32, source_.groups()[g].elements, {pairs.indices, pairs.values}));
  }
  return found;
}

Pairs Selector::find_largest(std::size_t worker, std::size_t group, unsigned threads, std::span<float> buffer) {
  constexpr float nothing_below = -1;
  constexpr float caution = 0.9F;
  const std::unique_ptr<const Primitives> primitives = make_cpu_primitives(threads);
  const std::uint64_t elements = source_.groups()[group].elements;
  const std::uint64_t k = entries_[group];
  const auto find_beyond = [&](float threshold, const OnElements& on_elements) {
    LargestOfParts largest(k, threshold, *primitives);
    std::optional<Pairs> of_whole;
    source_.for_each_part(worker, group, threads, buffer, [&](std::uint64_t first, std::span<const float> part) {
      if (threshold == nothing_below && part.size() == elements) {
        of_whole = primitives->select_largest(part, k);
      } else {
        largest.add(first, part);
      }
      on_elements(part.size());
    });
    return of_whole ? std::move(of_whole) : largest.take();
  };
  Cutoff& cutoff = cutoffs_[group];
  std::optional<Pairs> found = find_beyond(cutoff > 0 ? caution * cutoff : nothing_below, step_);
  if (!found) found = find_beyond(nothing_below, [](std::uint64_t) {});
  cutoff = least_magnitude(found->values);
  return std::move(*found);
}

double Selector::bytes_to_find(const std::vector<std::uint64_t>& entries) {
  // What is held, while it is cut: both lists, which may have grown to twice of what is in them, and those of the cut.
  constexpr double bytes_an_element = 3 * sizeof(float) + 2 * sizeof(std::uint32_t);
  const std::uint64_t most = entries.empty() ? 0 : *std::max_element(entries.begin(), entries.end());
  return bytes_an_element * static_cast<double>(LargestOfParts::most_held(most));
}

SelectorOfWhole::SelectorOfWhole(const GradientSource& source, const std::vector<std::uint64_t>& entries,
                                 PayloadCache& cache)
    : source_(source), entries_(entries), cache_(cache), found_(source.workers()) {}

void SelectorOfWhole::add(std::size_t worker, std::size_t group, std::span<const float> gradient) {
  const Pairs largest = make_cpu_primitives(1)->select_largest(gradient, entries_[group]);
  std::vector<Payload>& found = found_[worker];
  found.push_back(make_pairs(IndexCoding::raw32, gradient.size(), {largest.indices, largest.values}));
  // Where groups are dense, they never are as many, and nothing is kept.
  if (found.size() == source_.groups().size()) cache_.keep(source_.key(worker), std::exchange(found, {}));
}

}  // namespace simrun
