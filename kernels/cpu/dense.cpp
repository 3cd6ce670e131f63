#include <atomic>
#include <stdexcept>

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

/// Lowest index of a value that is not finite in half precision.
std::size_t first_non_finite(std::span<const float> x) {
  std::size_t i = 0;
  for (std::uint16_t half = 0; i < x.size() && convert_to_half(&x[i], 1, &half);) ++i;
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

void cpu_to_half(std::span<const float> x, std::span<std::uint16_t> out, unsigned threads) {
  check_sizes(x, out);
  std::atomic<bool> finite = true;
  parallel_ranges(x.size(), useful_threads(x.size(), threads), step,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    if (!convert_to_half(x.data() + begin, end - begin, out.data() + begin)) finite = false;
                  });
  if (!finite) throw NonFiniteError(first_non_finite(x));
}

void cpu_add_half(std::span<const std::uint16_t> values, float weight, std::span<float> out, unsigned threads) {
  check_sizes(values, out);
  parallel_ranges(out.size(), useful_threads(out.size(), threads), step,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    add_weighted_half(values.data() + begin, end - begin, weight, out.data() + begin);
                  });
}

void cpu_accumulate_half(std::span<const std::uint16_t> values, std::span<std::uint16_t> sum, unsigned threads) {
  check_sizes(values, sum);
  parallel_ranges(sum.size(), useful_threads(sum.size(), threads), step,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    add_to_half(values.data() + begin, end - begin, sum.data() + begin);
                  });
}

}  // namespace simrun
