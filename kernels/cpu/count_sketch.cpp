#include "kernels/count_sketch.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <stdexcept>
#include <vector>

#include "kernels/cpu/operations.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

/// Entries of which a thread takes some at a time. What each does may take hundreds of nanoseconds: counters lie apart.
template <class Work>
void for_entries(std::size_t entries, unsigned threads, const Work& work) {
  constexpr std::size_t cost = 32;  // of an item that useful_threads() has in mind
  parallel_ranges(entries, useful_threads(cost * entries, threads), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t j = begin; j < end; ++j) work(j);
                  });
}

template <class T>
void add(T& to, T value) {
  std::atomic_ref<T>(to).fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t columns_of(std::span<const float> counters, std::size_t entries) {
  if (counters.size() % sketch_rows != 0 || (counters.empty() && entries > 0))
    throw std::invalid_argument("the counters of a sketch are no columns");
  return counters.size() / sketch_rows;
}

SketchUnits units_of(std::span<const float> values, unsigned threads) {
  return SketchUnits(std::bit_cast<std::uint32_t>(cpu_largest_magnitude(values, threads)));
}

/// A count sketch from which entries are taken.
class Peeling {
 public:
  Peeling(std::span<const std::uint32_t> indices, std::span<const float> counters, unsigned threads)
      : threads_(threads),
        units_(units_of(counters, threads)),
        sums_(counters.size()),
        counts_(counters.size(), 0),
        places_(indices.size()),
        found_(indices.size()),
        is_found_(indices.size(), 0) {
    const std::uint64_t columns = columns_of(counters, indices.size());
    for_entries(counters.size(), threads, [&](std::size_t i) { sums_[i] = units_.of(counters[i]); });
    for_entries(indices.size(), threads, [&](std::size_t j) {
      places_[j] = sketch_place(indices[j], columns);
      for (const std::uint64_t counter : places_[j].counters) add(counts_[counter], 1U);
    });
    left_.resize(indices.size());
    for (std::size_t j = 0; j < left_.size(); ++j) left_[j] = static_cast<std::uint32_t>(j);
  }

  /// Peels all that are alone in a counter. False if there are none.
  bool peel() {
    for_entries(left_.size(), threads_, [&](std::size_t i) { look(left_[i]); });
    for_entries(left_.size(), threads_, [&](std::size_t i) {
      if (is_found_[left_[i]] != 0) take_out(left_[i]);
    });
    return std::erase_if(left_, [&](std::uint32_t j) { return is_found_[j] != 0; }) > 0;
  }

  /// Entries that are left take the median of their counters.
  std::size_t estimate() {
    for_entries(left_.size(), threads_, [&](std::size_t i) {
      const SketchPlace& place = places_[left_[i]];
      found_[left_[i]] = median_units(says(place, 0), says(place, 1), says(place, 2));
    });
    return left_.size();
  }

  void write(std::span<float> values) const {
    for_entries(values.size(), threads_, [&](std::size_t j) { values[j] = units_.number(found_[j]); });
  }

 private:
  std::uint64_t says(const SketchPlace& place, unsigned row) const {
    return signed_units(place, row, sums_[place.counters[row]]);
  }

  void look(std::uint32_t j) {
    const SketchPlace& place = places_[j];
    for (unsigned row = 0; row < sketch_rows && is_found_[j] == 0; ++row) {
      if (counts_[place.counters[row]] != 1) continue;
      found_[j] = says(place, row);
      is_found_[j] = 1;
    }
  }

  void take_out(std::uint32_t j) {
    const SketchPlace& place = places_[j];
    for (unsigned row = 0; row < sketch_rows; ++row) {
      add(sums_[place.counters[row]], 0 - signed_units(place, row, found_[j]));
      add(counts_[place.counters[row]], ~0U);
    }
  }

  unsigned threads_;
  SketchUnits units_;
  std::vector<std::uint64_t> sums_;    ///< of each counter, of those that are left
  std::vector<std::uint32_t> counts_;  ///< entries in it that are left
  std::vector<SketchPlace> places_;
  std::vector<std::uint64_t> found_;  ///< units of each entry
  std::vector<std::uint8_t> is_found_;
  std::vector<std::uint32_t> left_;  ///< numbers of entries
};

}  // namespace

void cpu_sketch(PairsView pairs, std::span<float> counters, unsigned threads) {
  const std::uint64_t columns = columns_of(counters, pairs.indices.size());
  const SketchUnits units = units_of(pairs.values, threads);
  std::vector<std::uint64_t> sums(counters.size());
  for_entries(pairs.indices.size(), threads, [&](std::size_t j) {
    const SketchPlace place = sketch_place(pairs.indices[j], columns);
    const std::uint64_t value = units.of(pairs.values[j]);
    for (unsigned row = 0; row < sketch_rows; ++row) add(sums[place.counters[row]], signed_units(place, row, value));
  });
  for_entries(counters.size(), threads, [&](std::size_t i) { counters[i] = units.number(sums[i]); });
}

std::size_t cpu_peel(std::span<const std::uint32_t> indices, std::span<const float> counters, std::span<float> values,
                     unsigned threads) {
  if (values.size() != indices.size()) throw std::invalid_argument("as many values as indices are recovered");
  Peeling peeling(indices, counters, threads);
  for (unsigned round = 0; round < peeling_rounds && peeling.peel(); ++round) {
  }
  const std::size_t estimated = peeling.estimate();
  peeling.write(values);
  return estimated;
}

}  // namespace simrun
