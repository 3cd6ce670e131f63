// The largest elements of every chunk. A chunk fits the nearest cache; it is read once from memory. Elements that reach
// a bound, guessed from the chunk before, are collected; the cutoff is found among them by bisection, exactly.

#include <array>
#include <atomic>
#include <bit>
#include <limits>
#include <stdexcept>

#include "kernels/cpu/mask.hpp"
#include "kernels/cpu/operations.hpp"
#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace simrun {
namespace {

/// Keys have 31 bits, so that they are compared as signed numbers.
using Key = std::int32_t;

SIMRUN_INLINE std::size_t count_at_least(const Key* keys, std::size_t count, Key bound) {
  Key found = 0;
  for (std::size_t i = 0; i < count; ++i) found += keys[i] >= bound ? 1 : 0;
  return static_cast<std::size_t>(found);
}

/// All above `key`, and the first `ties` at it.
struct KeyCutoff {
  Key key;
  std::size_t ties;
};

/// Bisects between a bound that all reach and the largest key, until exactly k reach it or there is nothing between.
SIMRUN_EVERY_SIMD KeyCutoff bisect(const Key* keys, std::size_t count, Key least, Key largest, std::size_t k) {
  Key low = least;
  Key high = std::min(largest, std::numeric_limits<Key>::max() - 1) + 1;  // what is no number is refused later
  std::size_t reach_low = count;
  std::size_t reach_high = 0;
  Key middle = largest;  // where magnitudes are all alike, that is it
  for (; reach_low > k && high - low > 1; middle = low + (high - low) / 2) {
    const std::size_t reach = count_at_least(keys, count, middle);
    (reach >= k ? low : high) = middle;
    (reach >= k ? reach_low : reach_high) = reach;
  }
  return {low, reach_low > k ? k - reach_high : count};
}

SIMRUN_EVERY_SIMD Key largest_of(const Key* keys, std::size_t count) {
  Key largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, keys[i]);
  return largest;
}

SIMRUN_EVERY_SIMD void keys_of(std::span<const float> x, Key* keys) {
  for (std::size_t i = 0; i < x.size(); ++i) keys[i] = static_cast<Key>(magnitude_key(x[i]));
}

/// Selects in one chunk after another. What it remembers of the chunks before makes it fast and decides nothing.
class ChunkSelection {
 public:
  /// Calls emit(place) for the k largest elements, ascending. False if some element is not finite.
  template <class Emit>
  bool select(std::span<const float> chunk, std::size_t k, const Emit& emit) {
    collect(chunk, k);
    const KeyCutoff cutoff = bisect(keys_.data(), count_, least_, largest_, k);
    std::size_t ties = cutoff.ties;
    std::size_t left = k;
    for (std::size_t i = 0; left > 0; ++i) {  // without a branch that could not be predicted
      const bool is_tie = keys_[i] == cutoff.key && ties > 0;
      const bool is_taken = keys_[i] > cutoff.key || is_tie;
      emit(places_[i], is_taken);
      ties -= is_tie ? 1 : 0;
      left -= is_taken ? 1 : 0;
    }
    last_ = cutoff.key;
    return largest_ < static_cast<Key>(infinity_key);
  }

 private:
  /// Those that reach the bound, if at least k do, else all.
  void collect(std::span<const float> chunk, std::size_t k) {
    const bool is_dense = k > chunk.size() / 8;
    if (!is_dense && last_ > margin_ && collect_from(chunk, last_ - margin_, k) >= k) {
      least_ = last_ - margin_;
      if (count_ > k + k / 2 + 24) margin_ -= margin_ / 16;
    } else {
      if (!is_dense && count_ < k && last_ > margin_) margin_ = std::min(2 * margin_, most_margin);
      keys_of(chunk, keys_.data());
      count_ = chunk.size();
      for (std::size_t i = 0; i < count_; ++i) places_[i] = static_cast<std::uint16_t>(i);
      least_ = 0;
    }
    largest_ = largest_of(keys_.data(), count_);
  }

  SIMRUN_EVERY_SIMD std::size_t collect_from(std::span<const float> chunk, Key bound, std::size_t k) {
    const std::size_t at_once = k < chunk.size() / 256 ? 0 : most_at_once;
    count_ = 0;
    std::size_t i = 0;
    for (; i + 64 <= chunk.size(); i += 64) {
      std::uint64_t mask = mask_at_least(chunk.data() + i, static_cast<std::uint32_t>(bound));
      // How many cannot be predicted unless they are few, so what is not there is written, too, and then written over.
      for (std::size_t j = 0; j < at_once; ++j, mask &= mask - 1) {
        put(count_, i + static_cast<std::size_t>(std::countr_zero(mask)));
        count_ += mask != 0 ? 1 : 0;
      }
      for (; mask != 0; mask &= mask - 1) put(count_++, i + static_cast<std::size_t>(std::countr_zero(mask)));
    }
    for (; i < chunk.size(); ++i) {
      put(count_, i);
      count_ += static_cast<Key>(magnitude_key(chunk[i])) >= bound ? 1 : 0;
    }
    for (std::size_t j = 0; j < count_; ++j) keys_[j] = static_cast<Key>(magnitude_key(chunk[places_[j]]));
    return count_;
  }

  void put(std::size_t at, std::size_t place) { places_[at] = static_cast<std::uint16_t>(place); }

  static constexpr std::size_t most_at_once = 4;
  static constexpr Key most_margin = 1 << 26;

  std::array<Key, Chunking::most_chunk> keys_;
  std::array<std::uint16_t, Chunking::most_chunk + most_at_once> places_;
  std::size_t count_ = 0;
  Key largest_ = 0;
  Key least_ = 0;
  Key last_ = 0;          ///< cutoff of the chunk before; 0: there is none
  Key margin_ = 1 << 21;  ///< by which the bound is below it, a quarter of a power of two
};

/// Chunks [begin, end), which begin with a word; true if all elements are finite.
bool select_chunks(const Chunking& chunking, std::span<const float> x, std::size_t begin, std::size_t end,
                   std::span<std::uint32_t> words, std::span<float> values) {
  const unsigned bits = chunking.place_bits();
  const std::size_t first = begin * chunking.keeps;
  BitWriter writer(std::as_writable_bytes(words).data() + first * bits / 32 * word_bytes);
  ChunkSelection selection;
  std::array<std::uint16_t, Chunking::most_chunk> places;
  bool finite = true;
  float* to = values.data() + first;
  for (std::size_t c = begin; c < end; ++c) {
    const std::size_t at = c * chunking.chunk;
    const auto chunk = x.subspan(at, std::min<std::size_t>(chunking.chunk, x.size() - at));
    const std::size_t k = std::min<std::size_t>(chunking.keeps, chunk.size());
    std::size_t taken = 0;
    finite &= selection.select(chunk, k, [&](std::uint16_t place, bool is_taken) {
      places[taken] = place;
      to[taken] = chunk[place];
      taken += is_taken ? 1 : 0;
    });
    for (std::size_t j = 0; j < k; ++j) writer.put(places[j], bits);
    to += k;
  }
  writer.finish();
  return finite;
}

/// work(begin, end) does some chunks, which begin with a word.
template <class Work>
void for_chunks(const Chunking& chunking, std::size_t elements, unsigned threads, const Work& work) {
  const std::size_t chunks = (elements + chunking.chunk - 1) / chunking.chunk;
  parallel_ranges(chunks, useful_threads(elements, threads), chunking.chunks_in_words(),
                  [&](std::size_t, std::size_t begin, std::size_t end) { work(begin, end); });
}

void require_fit(const Chunking& chunking, std::size_t elements, std::size_t words, std::size_t values) {
  if (!chunking.is_valid() || values != chunking.entries(elements) ||
      words != code_words(values, chunking.place_bits()))
    throw std::invalid_argument("the arrays differ in size");
}

}  // namespace

void cpu_select_in_chunks(const Chunking& chunking, std::span<const float> x, std::span<std::uint32_t> words,
                          std::span<float> values, unsigned threads) {
  require_fit(chunking, x.size(), words.size(), values.size());
  std::atomic<bool> finite = true;
  for_chunks(chunking, x.size(), threads, [&](std::size_t begin, std::size_t end) {
    if (begin < end && !select_chunks(chunking, x, begin, end, words, values)) finite = false;
  });
  if (!finite) check_finite(x);
}

void cpu_add_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words, std::span<const float> values,
                       float weight, std::span<float> out, unsigned threads) {
  require_fit(chunking, out.size(), words.size(), values.size());
  const unsigned bits = chunking.place_bits();
  parallel_ranges(values.size(), useful_threads(values.size(), threads), chunking.keeps,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t j = begin; j < end; ++j) {
                      const std::size_t first = j / chunking.keeps * chunking.chunk;
                      out[first + code_at(words, j, bits)] += weight * values[j];
                    }
                  });
}

}  // namespace simrun
