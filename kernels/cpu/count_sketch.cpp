#include "kernels/count_sketch.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "kernels/cpu/operations.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

/// work(j, add) for each entry j, where add(to, value) adds to what other entries may add to as well. Alone, a thread
/// adds as usual: atomic additions wait for memory one after another, and counters lie far apart.
template <class Work>
void for_entries(std::size_t entries, unsigned threads, const Work& work) {
  constexpr std::size_t cost = 32;  // of an item that useful_threads() has in mind
  const unsigned used = useful_threads(cost * entries, threads);
  if (used == 1) {
    for (std::size_t j = 0; j < entries; ++j) work(j, [](auto& to, auto value) { to += value; });
    return;
  }
  parallel_ranges(entries, used, 1, [&](std::size_t, std::size_t begin, std::size_t end) {
    for (std::size_t j = begin; j < end; ++j) {
      work(j, [](auto& to, auto value) {
        std::atomic_ref<std::remove_reference_t<decltype(to)>>(to).fetch_add(value, std::memory_order_relaxed);
      });
    }
  });
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
        counters_(counters.size()),
        places_(indices.size()),
        found_(indices.size()),
        is_found_(indices.size(), 0) {
    const std::uint64_t columns = columns_of(counters, indices.size());
    for_entries(counters.size(), threads,
                [&](std::size_t i, const auto&) { counters_[i].sum = units_.of(counters[i]); });
    for_entries(indices.size(), threads, [&](std::size_t j, const auto& add) {
      places_[j] = sketch_place(indices[j], columns);
      for (unsigned row = 0; row < sketch_rows; ++row) add(counter(places_[j], row).left, 1U);
    });
    left_.resize(indices.size());
    for (std::size_t j = 0; j < left_.size(); ++j) left_[j] = static_cast<std::uint32_t>(j);
  }

  /// Peels all that are alone in a counter. False if there are none.
  bool peel() {
    for_entries(left_.size(), threads_, [&](std::size_t i, const auto&) { look(left_[i]); });
    for_entries(left_.size(), threads_, [&](std::size_t i, const auto& add) {
      if (is_found_[left_[i]] != 0) take_out(left_[i], add);
    });
    return std::erase_if(left_, [&](std::uint32_t j) { return is_found_[j] != 0; }) > 0;
  }

  /// Entries that are left take the median of their counters.
  std::size_t estimate() {
    for_entries(left_.size(), threads_, [&](std::size_t i, const auto&) {
      const SketchPlace& place = places_[left_[i]];
      found_[left_[i]] = median_units(says(place, 0), says(place, 1), says(place, 2));
    });
    return left_.size();
  }

  void write(std::span<float> values) const {
    for_entries(values.size(), threads_, [&](std::size_t j, const auto&) { values[j] = units_.number(found_[j]); });
  }

 private:
  /// Side by side, as they are looked at together.
  struct Counter {
    std::uint64_t sum = 0;   ///< units of the entries that are left
    std::uint32_t left = 0;  ///< how many these are
  };

  Counter& counter(const SketchPlace& place, unsigned row) { return counters_[place.counter(row)]; }

  std::uint64_t says(const SketchPlace& place, unsigned row) const {
    return signed_units(place, row, counters_[place.counter(row)].sum);
  }

  void look(std::uint32_t j) {
    const SketchPlace& place = places_[j];
    for (unsigned row = 0; row < sketch_rows && is_found_[j] == 0; ++row) {
      if (counter(place, row).left != 1) continue;
      found_[j] = says(place, row);
      is_found_[j] = 1;
    }
  }

  template <class Add>
  void take_out(std::uint32_t j, const Add& add) {
    const SketchPlace& place = places_[j];
    for (unsigned row = 0; row < sketch_rows; ++row) {
      add(counter(place, row).sum, 0 - signed_units(place, row, found_[j]));
      add(counter(place, row).left, ~0U);
    }
  }

  unsigned threads_;
  SketchUnits units_;
  std::vector<Counter> counters_;
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
  for_entries(pairs.indices.size(), threads, [&](std::size_t j, const auto& add) {
    const SketchPlace place = sketch_place(pairs.indices[j], columns);
    const std::uint64_t value = units.of(pairs.values[j]);
    for (unsigned row = 0; row < sketch_rows; ++row) add(sums[place.counter(row)], signed_units(place, row, value));
  });
  for_entries(counters.size(), threads, [&](std::size_t i, const auto&) { counters[i] = units.number(sums[i]); });
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
