#include <atomic>
#include <stdexcept>

#include "kernels/cpu/bfloat16.hpp"
#include "kernels/cpu/half.hpp"
#include "kernels/cpu/operations.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

/// Elements between the bounds of threads: no line of the cache belongs to two of them.
constexpr std::size_t step = 64;

template <class A, class B>
void check_sizes(std::span<A> a, std::span<B> b) {
  if (a.size() != b.size()) throw std::invalid_argument("arrays that belong together differ in size");
}

/// What arrays of 16-bit values are made of in that precision.
struct Narrow {
  bool (*convert)(const float* x, std::size_t count, std::uint16_t* out);
  void (*add_weighted)(const std::uint16_t* values, std::size_t count, float weight, float* out);
  void (*add_to)(const std::uint16_t* values, std::size_t count, std::uint16_t* sum);
};

Narrow narrow_of(Precision precision) {
  if (precision == Precision::fp16) return {convert_to_half, add_weighted_half, add_to_half};
  if (precision == Precision::bf16) return {convert_to_bfloat16, add_weighted_bfloat16, add_to_bfloat16};
  throw std::invalid_argument("fp32 is not narrow");
}

/// Lowest index of a value that is not finite in that precision.
std::size_t first_non_finite(const Narrow& narrow, std::span<const float> x) {
  std::size_t i = 0;
  for (std::uint16_t bits = 0; i < x.size() && narrow.convert(&x[i], 1, &bits);) ++i;
  return i;
}

}  // namespace

void cpu_accumulate(std::span<const float> x, float weight, std::span<float> sum, unsigned threads) {
  check_sizes(x, sum);
  parallel_ranges(sum.size(), useful_threads(sum.size(), threads), step,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) sum[i] = weight * sum[i] + x[i];
                  });
}

void cpu_narrow(Precision precision, std::span<const float> x, std::span<std::uint16_t> out, unsigned threads) {
  check_sizes(x, out);
  const Narrow narrow = narrow_of(precision);
  std::atomic<bool> finite = true;
  parallel_ranges(x.size(), useful_threads(x.size(), threads), step,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    if (!narrow.convert(x.data() + begin, end - begin, out.data() + begin)) finite = false;
                  });
  if (!finite) throw NonFiniteError(first_non_finite(narrow, x));
}

void cpu_add_narrow(Precision precision, std::span<const std::uint16_t> values, float weight, std::span<float> out,
                    unsigned threads) {
  check_sizes(values, out);
  const Narrow narrow = narrow_of(precision);
  parallel_ranges(out.size(), useful_threads(out.size(), threads), step,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    narrow.add_weighted(values.data() + begin, end - begin, weight, out.data() + begin);
                  });
}

void cpu_accumulate_narrow(Precision precision, std::span<const std::uint16_t> values, std::span<std::uint16_t> sum,
                           unsigned threads) {
  check_sizes(values, sum);
  const Narrow narrow = narrow_of(precision);
  parallel_ranges(sum.size(), useful_threads(sum.size(), threads), step,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    narrow.add_to(values.data() + begin, end - begin, sum.data() + begin);
                  });
}

}  // namespace simrun
