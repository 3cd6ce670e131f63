#include "sim/payloads/selections.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "kernels/layout.hpp"
#include "sim/payloads/shared_memory.hpp"

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

/// The k largest of pairs, of which there are no fewer.
Payload largest_of(const Payload& pairs, std::uint64_t k) {
  if (k == pairs.entries()) return pairs;
  std::vector<std::uint32_t> not_coded;
  const PairsView all = view_pairs(pairs, not_coded);
  // Places in the list ascend with indices, so ties go to the lowest index here as well.
  Pairs largest = make_cpu_primitives(1)->select_largest(all.values, k);
  for (std::uint32_t& place : largest.indices) place = all.indices[place];
  return make_pairs(IndexCoding::raw32, pairs.elements(), {largest.indices, largest.values});
}

/// The k largest of a group whose elements come in parts, ascending. Only those are held that may still be among them:
/// from the beginning none up to `threshold`, which may turn out to be too much.
class LargestOfParts {
 public:
  LargestOfParts(std::uint64_t k, float threshold, const Primitives& primitives)
      : k_(k), primitives_(primitives), threshold_(threshold) {}

  /// Elements held at most.
  static std::size_t most_held(std::uint64_t k) { return most_after_cutting(k) + slice; }

  void add(std::uint64_t first, std::span<const float> part) {
    for (std::size_t begin = 0; begin < part.size(); begin += slice) {
      add_slice(first + begin, part.subspan(begin, std::min(slice, part.size() - begin)));
      if (held_.values.size() > most_after_cutting(k_)) cut();
    }
  }

  /// None where fewer than k were beyond the threshold.
  std::optional<Pairs> take() {
    if (held_.values.size() < k_) return std::nullopt;
    if (held_.values.size() > k_) cut();
    return std::move(held_);
  }

 private:
  static constexpr std::size_t slice = 1 << 16;

  /// A cut leaves k, so that the next one comes after half as many again.
  static std::size_t most_after_cutting(std::uint64_t k) { return k + std::max<std::size_t>(k / 2, slice); }

  void add_slice(std::uint64_t first, std::span<const float> values) {
    // Most blocks have nothing to hold. Magnitudes compare as their bits do, and so in vectors on any processor.
    constexpr std::size_t block = 16;
    const std::int32_t threshold = threshold_ < 0 ? -1 : std::bit_cast<std::int32_t>(threshold_);
    std::size_t begin = 0;
    for (; begin + block <= values.size(); begin += block) {
      const std::span<const float, block> these(values.data() + begin, block);
      std::int32_t beyond = 0;
      for (const float value : these) beyond += (std::bit_cast<std::int32_t>(value) & 0x7fffffff) > threshold ? 1 : 0;
      if (beyond != 0) hold(first + begin, these);
    }
    hold(first + begin, values.subspan(begin));
  }

  void hold(std::uint64_t first, std::span<const float> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!is_beyond(values[i])) continue;
      held_.indices.push_back(static_cast<std::uint32_t>(first + i));
      held_.values.push_back(values[i]);
    }
  }

  /// Of equal magnitudes those that came before win.
  bool is_beyond(float value) const { return std::abs(value) > threshold_; }

  /// Leaves the k largest of what is held.
  void cut() {
    const Pairs largest = primitives_.select_largest(held_.values, k_);
    threshold_ = std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < k_; ++i) {
      held_.indices[i] = held_.indices[largest.indices[i]];  // which lies further on, as places ascend
      held_.values[i] = largest.values[i];
      threshold_ = std::min(threshold_, std::abs(largest.values[i]));
    }
    held_.indices.resize(k_);
    held_.values.resize(k_);
  }

  std::uint64_t k_;
  const Primitives& primitives_;
  Pairs held_;
  float threshold_;  ///< what is no larger is none of the k largest
};

/// The least magnitude among the k largest that were found last in a group. Other workers' are near to it, so that what
/// lies far below need not be held. Workers are looked at side by side; which of them was last moves no result.
using Cutoff = std::atomic<float>;

/// The k largest of a worker's group.
Pairs find_largest(const GradientSource& source, std::size_t worker, std::size_t group, std::uint64_t k, Cutoff& cutoff,
                   unsigned threads, std::span<float> buffer, const OnElements& step) {
  constexpr float nothing_below = -1;
  constexpr float caution = 0.9F;
  const std::unique_ptr<const Primitives> primitives = make_cpu_primitives(threads);
  const std::uint64_t elements = source.groups()[group].elements;
  const auto find_beyond = [&](float threshold, const OnElements& on_elements) {
    LargestOfParts largest(k, threshold, *primitives);
    std::optional<Pairs> of_whole;
    source.for_each_part(worker, group, threads, buffer, [&](std::uint64_t first, std::span<const float> part) {
      if (threshold == nothing_below && part.size() == elements) {
        of_whole = primitives->select_largest(part, k);
      } else {
        largest.add(first, part);
      }
      on_elements(part.size());
    });
    return of_whole ? std::move(of_whole) : largest.take();
  };
  std::optional<Pairs> found = find_beyond(cutoff > 0 ? caution * cutoff : nothing_below, step);
  if (!found) found = find_beyond(nothing_below, [](std::uint64_t) {});
  float least = std::numeric_limits<float>::infinity();
  for (const float value : found->values) least = std::min(least, std::abs(value));
  cutoff = least;
  return std::move(*found);
}

std::size_t room_for(std::size_t workers, const std::vector<std::uint64_t>& entries) {
  std::uint64_t bytes = 0;
  for (const std::uint64_t k : entries) bytes += SharedPlace::room_for(Payload::header_bytes + 8 * k);
  return workers * bytes;
}

}  // namespace

Selections::Selections(const GradientSource& source, const std::vector<std::uint64_t>& entries, unsigned threads,
                       PayloadCache& cache, const OnElements& step)
    : groups_(source.groups().size()), payloads_(source.workers()) {
  SharedPlace place(room_for(source.workers(), entries));
  std::vector<Cutoff> cutoffs(groups_);
  const auto more = static_cast<std::size_t>(bytes_to_find(entries) / sizeof(float));
  source.for_each_worker(
      threads, source.part_size(), more, [&](std::size_t worker, unsigned inner, std::span<float> buffer) {
        const std::string key = source.key(worker);
        std::vector<Payload>& payloads = payloads_[worker];
        if (auto kept = cache.find(key); kept && suffice(*kept, source.groups(), entries)) {
          for (std::size_t g = 0; g < groups_; ++g) {
            payloads.push_back(place.take(largest_of((*kept)[g], entries[g])));
            step(source.groups()[g].elements);
          }
          return;
        }
        for (std::size_t g = 0; g < groups_; ++g) {
          const Pairs pairs = find_largest(source, worker, g, entries[g], cutoffs[g], inner, buffer, step);
          payloads.push_back(
              place.take(make_pairs(IndexCoding::raw32, source.groups()[g].elements, {pairs.indices, pairs.values})));
        }
        cache.keep(key, payloads);
      });
}

double Selections::bytes_to_find(const std::vector<std::uint64_t>& entries) {
  // What is held, while it is cut: both lists, which may have grown to twice of what is in them, and those of the cut.
  constexpr double bytes_an_element = 3 * sizeof(float) + 2 * sizeof(std::uint32_t);
  const std::uint64_t most = entries.empty() ? 0 : *std::max_element(entries.begin(), entries.end());
  return bytes_an_element * static_cast<double>(LargestOfParts::most_held(most));
}

Payload Selections::encode(const Codec& codec, std::size_t worker, std::size_t group, std::uint64_t k) const {
  std::vector<std::uint32_t> not_coded;
  const Payload largest = largest_of(payloads_[worker][group], k);
  return codec.encode_largest(view_pairs(largest, not_coded), largest.elements());
}

}  // namespace simrun
