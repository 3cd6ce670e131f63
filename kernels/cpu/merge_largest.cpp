#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "kernels/cpu/cutoff.hpp"
#include "kernels/cpu/operations.hpp"
#include "kernels/cpu/scratch.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

/// A place in both lists: everything before it in one list has a lower index than everything from it on in the other.
struct Place {
  std::size_t a = 0;
  std::size_t b = 0;
};

/// The place before which there are `entries` entries of both lists together, or one more.
/// Source: merge path, Odeh, Green, Mwassi, Shmueli and Birk, IPDPSW 2012.
Place cut(PairsView a, PairsView b, std::size_t entries) {
  std::size_t low = entries - std::min(entries, b.indices.size());
  std::size_t high = std::min(entries, a.indices.size());
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (a.indices[middle] < b.indices[entries - middle - 1]) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  Place place{low, entries - low};
  const bool split = place.a < a.indices.size() && place.b > 0 && a.indices[place.a] == b.indices[place.b - 1];
  if (split) ++place.a;
  return place;
}

/// `value` where it is `taken`, else -0, which leaves every value as it is when added. In bits, because a compiler
/// makes a branch of the conditional expression.
float value_or_nothing(float value, bool taken) {
  const std::uint32_t all = 0U - std::uint32_t{taken};
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) & all) | (0x80000000U & ~all));
}

/// Two lists that are being added up.
class Sum {
 public:
  Sum(PairsView a, PairsView b, std::uint32_t* indices, float* values)
      : a_(a), b_(b), indices_(indices), values_(values) {}

  /// Steps that are possible without a look at the ends of the lists.
  std::size_t safe_steps() const { return std::min(a_.indices.size() - at_.a, b_.indices.size() - at_.b); }

  /// Writes the next sum. Which list it comes from cannot be predicted, so that it takes from both without a branch.
  void step() {
    const std::uint32_t index_a = a_.indices[at_.a];
    const std::uint32_t index_b = b_.indices[at_.b];
    const bool from_a = index_a <= index_b;
    const bool from_b = index_b <= index_a;
    indices_[count_] = std::min(index_a, index_b);
    values_[count_] = value_or_nothing(a_.values[at_.a], from_a) + value_or_nothing(b_.values[at_.b], from_b);
    at_.a += from_a;
    at_.b += from_b;
    ++count_;
  }

  /// Adds up the rest; the number of sums.
  std::size_t finish() {
    for (std::size_t steps; (steps = safe_steps()) > 0;) {
      Sum local = *this;  // its members stay in registers
      for (; steps > 0; --steps) local.step();
      *this = local;
    }
    append(a_, at_.a);
    append(b_, at_.b);
    return count_;
  }

 private:
  void append(PairsView rest, std::size_t begin) {
    std::copy(rest.indices.begin() + begin, rest.indices.end(), indices_ + count_);
    std::copy(rest.values.begin() + begin, rest.values.end(), values_ + count_);
    count_ += rest.indices.size() - begin;
  }

  PairsView a_;
  PairsView b_;
  std::uint32_t* indices_;
  float* values_;
  Place at_;
  std::size_t count_ = 0;
};

/// Adds up both as far as the shorter one goes, step by step in turns: a step waits for the one before it in the same
/// sum, not in the other.
void add_in_turns(Sum& first, Sum& second) {
  for (std::size_t steps; (steps = std::min(first.safe_steps(), second.safe_steps())) > 0;) {
    Sum local_first = first;  // their members stay in registers
    Sum local_second = second;
    for (; steps > 0; --steps) {
      local_first.step();
      local_second.step();
    }
    first = local_first;
    second = local_second;
  }
}

PairsView part_of(PairsView all, std::size_t begin, std::size_t end) {
  return {all.indices.subspan(begin, end - begin), all.values.subspan(begin, end - begin)};
}

/// a + b over the union of their indices, in parts one after another, with room between them.
class Union {
 public:
  Union(PairsView a, PairsView b, unsigned threads, ScratchPool& pool)
      : memory_(pool, (a.indices.size() + b.indices.size()) * (sizeof(std::uint32_t) + sizeof(float))),
        indices_(memory_.at<std::uint32_t>(0)),
        values_(memory_.at<float>((a.indices.size() + b.indices.size()) * sizeof(std::uint32_t))),
        parts_(2 * std::size_t{threads}) {
    parallel_for(threads, threads, [&](std::size_t t) { add(a, b, 2 * t); });
  }

  std::size_t size() const {
    std::size_t total = 0;
    for (const auto& part : parts_) total += part.size();
    return total;
  }

  std::span<const std::span<const float>> parts() const { return parts_; }

  /// The indices of a part.
  const std::uint32_t* indices(std::size_t part) const { return indices_ + (parts_[part].data() - values_); }

 private:
  /// Parts p and p + 1.
  void add(PairsView a, PairsView b, std::size_t p) {
    std::array<Place, 3> bounds;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      bounds[i] = cut(a, b, (a.indices.size() + b.indices.size()) * (p + i) / parts_.size());
    }
    const auto sum_of = [&](std::size_t i) {
      const Place begin = bounds[i];
      const Place end = bounds[i + 1];
      const std::size_t first = begin.a + begin.b;
      return Sum(part_of(a, begin.a, end.a), part_of(b, begin.b, end.b), indices_ + first, values_ + first);
    };
    Sum first = sum_of(0);
    Sum second = sum_of(1);
    add_in_turns(first, second);
    parts_[p] = {values_ + bounds[0].a + bounds[0].b, first.finish()};
    parts_[p + 1] = {values_ + bounds[1].a + bounds[1].b, second.finish()};
  }

  Scratch memory_;
  std::uint32_t* indices_;
  float* values_;
  std::vector<std::span<const float>> parts_;
};

Pairs all_of(const Union& sums) {
  Pairs all;
  all.indices.reserve(sums.size());
  all.values.reserve(sums.size());
  for (std::size_t p = 0; p < sums.parts().size(); ++p) {
    const auto part = sums.parts()[p];
    all.indices.insert(all.indices.end(), sums.indices(p), sums.indices(p) + part.size());
    all.values.insert(all.values.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

Pairs cpu_merge_largest(PairsView a, PairsView b, std::size_t k, unsigned threads, ScratchPool& pool) {
  threads = useful_threads(a.indices.size() + b.indices.size(), threads);
  const Union sums(a, b, threads, pool);
  if (k >= sums.size()) return all_of(sums);
  if (k == 0) return {};
  const Cutoff cutoff = find_cutoff(sums.parts(), k, threads);
  return gather(sums.parts(), cutoff, threads,
                [&](std::size_t part) { return [indices = sums.indices(part)](std::size_t i) { return indices[i]; }; });
}

}  // namespace simrun
