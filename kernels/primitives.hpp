#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

#include "kernels/anywhere.hpp"
#include "kernels/precision.hpp"

namespace simrun {

struct FittedThreshold;

/// A NaN or an infinity in data that is to be encoded.
struct NonFiniteError : std::runtime_error {
  explicit NonFiniteError(std::size_t element);
  std::size_t element;  ///< lowest index of a non-finite value
};

/// Sparse fp32 values: ascending indices, one value each.
struct Pairs {
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
};

/// Sparse signs: ascending indices; entry j is negative where bit j%8 of signs[j/8] is set. Padding bits are 0.
struct SparseSigns {
  std::vector<std::uint32_t> indices;
  std::vector<std::byte> signs;
};

/// A view of the above.
struct PairsView {
  std::span<const std::uint32_t> indices;
  std::span<const float> values;
};
struct SparseSignsView {
  std::span<const std::uint32_t> indices;
  std::span<const std::byte> signs;
};

/// A matrix M of rows x columns values, row after row, and factors of it, vector after vector: P has `rank` vectors of
/// `rows` values, Q `rank` vectors of `columns`.
struct LowRank {
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::uint64_t rank = 0;
};

/// What is added up of each element.
enum class Term {
  magnitude,  ///< |x|
  square,     ///< x^2
  negative,   ///< |x| of those below 0
  positive,   ///< |x| of those above 0
};

/// Added to a number below 2^22 in magnitude, it rounds it to a whole one, ties to even; the lower bits of the sum are
/// those of that number in two's complement.
constexpr float rounds_to_even = 0x1.8p23F;

/// How elements are rounded to whole multiples of scale / levels, from -levels to levels.
struct Rounding {
  unsigned levels = 1;       ///< at most 127
  unsigned bits = 2;         ///< of a level as it is written, two's complement: 2 levels + 1 <= 2^bits
  std::uint64_t bucket = 0;  ///< elements that share a scale, a multiple of 32; 0: all

  std::uint64_t buckets(std::uint64_t elements) const { return bucket == 0 ? 1 : (elements + bucket - 1) / bucket; }

  // To nearest: blocks are buckets that a kernel holds.
  static constexpr std::uint64_t least_block = 32;
  static constexpr std::uint64_t most_block = 4096;
  bool has_blocks() const { return bucket >= least_block && bucket <= most_block && std::has_single_bit(bucket); }

  /// The scale of a block with that largest magnitude, so that its inverse is a number, and what levels stand for too.
  SIMRUN_ANYWHERE static float scale_of(float largest) {
    constexpr float most = 0x1.fffffp127F;
    return largest < 0x1p-120F ? 0.0F : largest < most ? largest : most;
  }

  /// What elements are multiplied by.
  SIMRUN_ANYWHERE float inverse_of(float scale) const { return scale == 0 ? 0.0F : static_cast<float>(levels) / scale; }
};

/// Chunks of neighbouring elements, each of which keeps some.
struct Chunking {
  static constexpr std::uint32_t least_chunk = 32;
  static constexpr std::uint32_t most_chunk = 4096;

  std::uint32_t chunk = 4096;  ///< elements, a power of two from 32 to 4096; the last chunk may have fewer
  std::uint32_t keeps = 64;    ///< of each, 1 to `chunk`; all of a chunk that has no more

  bool is_valid() const {
    return chunk >= least_chunk && chunk <= most_chunk && std::has_single_bit(chunk) && keeps - 1 < chunk;
  }

  /// Of an index within a chunk.
  unsigned place_bits() const { return static_cast<unsigned>(std::countr_zero(chunk)); }

  /// Entries that so many elements keep.
  std::uint64_t entries(std::uint64_t elements) const {
    return elements / chunk * keeps + std::min<std::uint64_t>(keeps, elements % chunk);
  }

  /// Chunks whose places fill whole words.
  std::uint64_t chunks_in_words() const { return 32 / std::gcd(32U, keeps * place_bits()); }
};

/// The array operations that codecs are made of. Each back end produces the same bytes for the same input, but for
/// products of matrices and what is made of them; nothing depends on the number of threads. At most 2^32 elements.
/// Arrays of elements whose sizes do not fit each other throw std::invalid_argument. For lists the caller vouches:
/// indices ascend, are below the size of the array they name, and have one value or sign each.
///
/// Order of magnitude: |x| descending, then index ascending; -0 and +0 are equal. So "the k largest" is a unique set.
class Primitives {
 public:
  virtual ~Primitives() = default;

  /// The k largest of `x` (0 < k <= x.size()), listed by ascending index. Throws NonFiniteError.
  virtual Pairs select_largest(std::span<const float> x, std::size_t k) const = 0;

  /// The k largest of a + b; all of the union where it has at most k entries. A sum of zero stays in the union.
  /// Source: gTop-k, Shi et al., ICDCS 2019, the operator of Algorithm 2.
  virtual Pairs merge_largest(PairsView a, PairsView b, std::size_t k) const = 0;

  /// The `keeps` largest of each chunk, by ascending index: their places within their chunks as numbers of place_bits()
  /// bits (kernels/layouts/codes.hpp), one after another, and their values. Throws NonFiniteError.
  /// Source: DeMo, Peng, Quesnelle, Kingma, 2024 (arXiv 2411.19870), without its cosine transform; SparseLoCo, Sarfi et
  /// al., 2025 (arXiv 2508.15706).
  virtual void select_in_chunks(const Chunking& chunking, std::span<const float> x, std::span<std::uint32_t> words,
                                std::span<float> values) const = 0;

  /// out[index] += weight * value of each entry of such lists.
  virtual void add_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words,
                             std::span<const float> values, float weight, std::span<float> out) const = 0;

  /// The orthonormal cosine transform (DCT-II) of every chunk of so many elements, as Chunking has them: coefficient k
  /// of n elements is sqrt((k > 0 ? 2 : 1) / n) times the sum of x[i] cos(pi (2 i + 1) k / (2 n)). What is left of less
  /// than a chunk is transformed in pieces of powers of two, the largest first. Throws NonFiniteError.
  /// Source: DeMo, Peng, Quesnelle, Kingma, 2024 (arXiv 2411.19870), there of blocks of matrices in both directions.
  virtual void transform_chunks(std::uint32_t chunk, std::span<const float> x, std::span<float> coefficients) const = 0;

  /// out += weight * what has these coefficients, as select_in_chunks lists them, and otherwise zeros. The product is
  /// rounded first.
  virtual void add_cosines_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words,
                                     std::span<const float> values, float weight, std::span<float> out) const = 0;

  /// counters = a count sketch of these entries, of which there are counters.size() / 3 columns, at least 1:
  /// kernels/count_sketch.hpp.
  virtual void sketch(PairsView pairs, std::span<float> counters) const = 0;

  /// values[j] = that of entry indices[j] of a count sketch, which has these entries and no others. In rounds, all
  /// entries that are alone in a counter by then take their value from it, from that of the lowest row if in several,
  /// and it is taken out of their other counters. Where no entry is alone any more, or after 64 rounds, those that are
  /// left take the median of what their three counters say. Returns how many these are.
  /// Source: lossless homomorphic compression, Li et al., 2024 (arXiv 2402.07529); peeling: invertible Bloom lookup
  /// tables, Goodrich and Mitzenmacher, 2011.
  virtual std::size_t peel(std::span<const std::uint32_t> indices, std::span<const float> counters,
                           std::span<float> values) const = 0;

  /// words[i/32] bit i%32 = (x[i] < 0), so -0 counts as positive; padding bits 0. words.size() = ceil(x.size()/32).
  /// Throws NonFiniteError.
  virtual void pack_signs(std::span<const float> x, std::span<std::uint32_t> words) const = 0;

  /// The sum of a term of each element; of magnitudes and squares a NaN or infinite if an element is. So that it has
  /// the same bits everywhere it is added up in double in one order: of every 1024 elements lane l of 32 adds up
  /// elements l, l + 32, ..., then the lanes of the upper half are added to those of the lower one until one is left;
  /// the sums of 1024 are added up likewise.
  virtual double sum(Term term, std::span<const float> x) const = 0;

  /// How many magnitudes reach the threshold that `plan`, of x.size() elements, fits to them. In each stage those that
  /// reach the last one are added up in that order, too. Throws NonFiniteError.
  virtual std::uint64_t fitted_count(std::span<const float> x, const FittedThreshold& plan) const = 0;

  /// The largest |x[i]|; 0 of none. Not finite if an element is not.
  virtual float largest_magnitude(std::span<const float> x) const = 0;

  /// How many |x[i]| are at least `threshold`.
  virtual std::uint64_t count_above(std::span<const float> x, float threshold) const = 0;

  /// out[i] += bit i ? negative : positive.
  virtual void add_signs(std::span<const std::uint32_t> words, float positive, float negative,
                         std::span<float> out) const = 0;

  // Rounding at random, up as often as makes the mean right. Element i's chance is u = 2^-24 (w >> 8), with word w =
  // i % 4 of Philox4x32-10 of counter i / 4 and key `seed`. Written as kernels/layouts/codes.hpp tells.

  /// norms[b] = the square root of the sum of squares of bucket b. Added up in double: lane l of 32 adds up elements l,
  /// l + 32, ... of the bucket, then the upper half of the lanes to the lower, until one is left.
  virtual void bucket_norms(std::span<const float> x, std::uint64_t bucket, std::span<float> norms) const = 0;

  /// The level of x is the sign of x times y = min(|x| / scale, 1) levels, rounded up where u is below what y is above
  /// a whole number; 0 where the scale is 0. Throws NonFiniteError.
  /// Source: QSGD, Alistarh et al., NeurIPS 2017; TernGrad, Wen et al., NeurIPS 2017, with one level.
  virtual void round_to_levels(const Rounding& rounding, std::span<const float> x, std::span<const float> scales,
                               std::uint64_t seed, std::span<std::uint32_t> words) const = 0;

  /// The scale of a bucket is its largest magnitude, or 0 if that is below 2^-120; at most 2^128 - 2^107. The level of
  /// x is x (levels / scale), both operations rounded, to the nearest whole number, ties to even; 0 where the scale is
  /// 0. Buckets are powers of two from 32 to 4096. Throws NonFiniteError. Source: block-wise quantization, Dettmers,
  /// Lewis, Shleifer, Zettlemoyer, ICLR 2022 (arXiv 2110.02861), there to levels that are not evenly spaced.
  virtual void round_to_nearest(const Rounding& rounding, std::span<const float> x, std::span<float> scales,
                                std::span<std::uint32_t> words) const = 0;

  /// out[i] += (weight scale / levels) level.
  virtual void add_levels(const Rounding& rounding, std::span<const std::uint32_t> words, std::span<const float> scales,
                          float weight, std::span<float> out) const = 0;

  /// The sign and exponent of x rounded to a power of two, to the larger one in magnitude where the lower 23 bits of
  /// w + those of x carry; from 2^127 on down. Throws NonFiniteError.
  /// Source: natural compression, Horvath et al., 2019 (arXiv 1905.10988).
  virtual void round_to_powers(std::span<const float> x, std::uint64_t seed, std::span<std::uint32_t> words) const = 0;

  /// out[i] += weight times the power.
  virtual void add_powers(std::span<const std::uint32_t> words, float weight, std::span<float> out) const = 0;

  /// Bit i of result is set where more than half of the planes have it set; a tie gives 0 (positive).
  /// Source: signSGD with majority vote, Bernstein et al., ICLR 2019.
  virtual void vote(std::span<const std::span<const std::uint32_t>> planes, std::span<std::uint32_t> result) const = 0;

  /// The sign of the sum of votes for every element of [0, elements) whose sum is not zero.
  /// Source: sparse-signSGD with majority vote, Park and Lee, arXiv 2302.07475.
  virtual SparseSigns vote_sparse(std::span<const SparseSignsView> votes, std::size_t elements) const = 0;

  /// out[indices[j]] += weight * values[j].
  virtual void scatter_add(PairsView pairs, float weight, std::span<float> out) const = 0;

  /// out[indices[j]] += weight * (sign bit j ? -1 : +1).
  virtual void scatter_add(SparseSignsView signs, float weight, std::span<float> out) const = 0;

  /// out[indices[j]] = 0.
  virtual void scatter_zero(std::span<const std::uint32_t> indices, std::span<float> out) const = 0;

  /// out[j] = x[indices[j]].
  virtual void gather(std::span<const float> x, std::span<const std::uint32_t> indices, std::span<float> out) const = 0;

  // Products of matrices. Back ends add in orders of their own: a sum of n products x y differs by at most
  // n 2^-23 times the sum of the |x y|. Sizes are those that LowRank tells, else std::invalid_argument.

  /// P = M Q.
  virtual void multiply(const LowRank& shape, std::span<const float> m, std::span<const float> q,
                        std::span<float> p) const = 0;

  /// Q = M^T P.
  virtual void multiply_transposed(const LowRank& shape, std::span<const float> m, std::span<const float> p,
                                   std::span<float> q) const = 0;

  /// M += weight P Q^T.
  virtual void add_product(const LowRank& shape, std::span<const float> p, std::span<const float> q, float weight,
                           std::span<float> m) const = 0;

  /// Makes vectors of `length` values orthonormal: Gram-Schmidt, each vector twice. One that lies in the span of those
  /// before it, to one part in a million, becomes zero.
  virtual void orthonormalise(std::span<float> vectors, std::uint64_t length) const = 0;

  /// sum[i] = weight * sum[i] + x[i], the product rounded first.
  virtual void accumulate(std::span<const float> x, float weight, std::span<float> sum) const = 0;

  // Narrow values are fp16 or bf16 as bits. fp32 is rounded to nearest, ties to even; a NaN becomes 0x7E00 or 0x7FC0.

  /// out[i] = x[i]. Throws NonFiniteError where that is a NaN or an infinity, so also beyond the precision's range.
  virtual void narrow(Precision precision, std::span<const float> x, std::span<std::uint16_t> out) const = 0;

  /// out[i] += weight * values[i], with the product rounded to fp32 before it is added.
  virtual void add_narrow(Precision precision, std::span<const std::uint16_t> values, float weight,
                          std::span<float> out) const = 0;

  /// sum[i] = sum[i] + values[i], added in fp32 and rounded, to infinity beyond the precision's range.
  virtual void accumulate_narrow(Precision precision, std::span<const std::uint16_t> values,
                                 std::span<std::uint16_t> sum) const = 0;
};

/// The operations on this machine's processor with at most `threads` threads.
std::unique_ptr<const Primitives> make_cpu_primitives(unsigned threads);

}  // namespace simrun
