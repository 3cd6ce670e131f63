// Cosine transforms of chunks. A chunk fits the nearest caches; it is read once from memory.

#include "kernels/cosine_transform.hpp"

#include <array>
#include <stdexcept>

#include "kernels/cpu/operations.hpp"
#include "kernels/finite.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace simrun {
namespace {

constexpr unsigned most_chunk = Chunking::most_chunk;

/// Room for one transform.
struct Numbers {
  std::array<float, most_chunk / 2> re;
  std::array<float, most_chunk / 2> im;
};

SIMRUN_INLINE void do_butterflies(const CosineTransform& transform, CosineDirection direction) {
  for (unsigned half = 1; half < transform.half(); half *= 2) {
    for (unsigned first = 0; first < transform.half(); first += 2 * half) {
      for (unsigned j = 0; j < half; ++j)
        do_butterfly(transform.tables, direction, half, j, transform.re + first, transform.im + first);
    }
  }
}

SIMRUN_EVERY_SIMD void forward(const CosineTransform& transform, const float* x, float* out) {
  for (unsigned i = 0; i < 1U << transform.log; ++i) transform.given(i) = x[i];
  do_butterflies(transform, CosineDirection::forward);
  for (unsigned pair = 0; pair < transform.pairs(); ++pair) transform.write_coefficients(pair, out);
}

SIMRUN_EVERY_SIMD void add_backward(const CosineTransform& transform, const float* coefficients, float weight,
                                    float* out) {
  for (unsigned pair = 0; pair < transform.pairs(); ++pair) transform.read_coefficients(pair, coefficients);
  do_butterflies(transform, CosineDirection::backward);
  for (unsigned i = 0; i < 1U << transform.log; ++i) out[i] += weight * transform.restored(i);
}

/// work(transform, first) for each transform of a chunk of so many elements, the first of which is `first` of them.
template <class Work>
void for_transforms(const Chunking& chunking, unsigned size, Numbers& numbers, const Work& work) {
  for (unsigned log = chunking.place_bits() + 1; log-- > 0;) {
    const auto pieces = CosinePieces::of(size, chunking.place_bits(), log);
    if (pieces.count > 0)
      work(CosineTransform{CosineTables::get(), log, numbers.re.data(), numbers.im.data()}, pieces.first);
  }
}

/// work(first, size) does a chunk.
template <class Work>
void for_chunks_of(const Chunking& chunking, std::size_t elements, unsigned threads, const Work& work) {
  constexpr std::size_t cost = 8;  // nanoseconds an element
  const std::size_t chunks = (elements + chunking.chunk - 1) / chunking.chunk;
  parallel_ranges(chunks, useful_threads(elements * cost, threads), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t c = begin; c < end; ++c) {
                      const std::size_t first = c * chunking.chunk;
                      work(first, static_cast<unsigned>(std::min<std::size_t>(chunking.chunk, elements - first)));
                    }
                  });
}

void require_sizes(bool fit) {
  if (!fit) throw std::invalid_argument("the arrays differ in size");
}

}  // namespace

void cpu_transform_chunks(std::uint32_t chunk, std::span<const float> x, std::span<float> coefficients,
                          unsigned threads) {
  const Chunking chunking{chunk, chunk};
  require_sizes(chunking.is_valid() && coefficients.size() == x.size());
  check_finite(x);
  for_chunks_of(chunking, x.size(), threads, [&](std::size_t first, unsigned size) {
    Numbers numbers;
    for_transforms(chunking, size, numbers, [&](const CosineTransform& transform, unsigned at) {
      forward(transform, x.data() + first + at, coefficients.data() + first + at);
    });
  });
}

void cpu_add_cosines_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words,
                               std::span<const float> values, float weight, std::span<float> out, unsigned threads) {
  const unsigned bits = chunking.place_bits();
  require_sizes(chunking.is_valid() && values.size() == chunking.entries(out.size()) &&
                words.size() == code_words(values.size(), bits));
  for_chunks_of(chunking, out.size(), threads, [&](std::size_t first, unsigned size) {
    std::array<float, most_chunk> coefficients;
    std::fill_n(coefficients.begin(), size, 0.0F);
    const std::size_t begin = first / chunking.chunk * chunking.keeps;
    const std::size_t end = begin + std::min(chunking.keeps, size);
    for (std::size_t j = begin; j < end; ++j) coefficients[code_at(words, j, bits)] = values[j];
    Numbers numbers;
    for_transforms(chunking, size, numbers, [&](const CosineTransform& transform, unsigned at) {
      add_backward(transform, coefficients.data() + at, weight, out.data() + first + at);
    });
  });
}

}  // namespace simrun
