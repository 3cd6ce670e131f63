#include <algorithm>
#include <bit>
#include <vector>

#include "kernels/cpu/cutoff.hpp"
#include "kernels/cpu/operations.hpp"

namespace simrun {
namespace {

void append_rest(Pairs& out, std::size_t& count, PairsView from, std::size_t begin) {
  for (std::size_t i = begin; i < from.indices.size(); ++i, ++count) {
    out.indices[count] = from.indices[i];
    out.values[count] = from.values[i];
  }
}

/// `value` where it is `taken`, else -0, which leaves every value as it is when added. In bits, because a compiler
/// makes a branch of the conditional expression.
float value_or_nothing(float value, bool taken) {
  const std::uint32_t all = 0U - std::uint32_t{taken};
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) & all) | (0x80000000U & ~all));
}

/// a + b over the union of their indices. Which side comes next cannot be predicted, so that each step takes from both
/// sides without a branch.
Pairs add(PairsView a, PairsView b) {
  const std::size_t most = a.indices.size() + b.indices.size();
  Pairs sum{std::vector<std::uint32_t>(most), std::vector<float>(most)};
  std::size_t i = 0;
  std::size_t j = 0;
  std::size_t count = 0;
  for (; i < a.indices.size() && j < b.indices.size(); ++count) {
    const std::uint32_t index_a = a.indices[i];
    const std::uint32_t index_b = b.indices[j];
    const bool from_a = index_a <= index_b;
    const bool from_b = index_b <= index_a;
    sum.indices[count] = std::min(index_a, index_b);
    sum.values[count] = value_or_nothing(a.values[i], from_a) + value_or_nothing(b.values[j], from_b);
    i += from_a;
    j += from_b;
  }
  append_rest(sum, count, a, i);
  append_rest(sum, count, b, j);
  sum.indices.resize(count);
  sum.values.resize(count);
  return sum;
}

}  // namespace

Pairs cpu_merge_largest(PairsView a, PairsView b, std::size_t k) {
  Pairs sum = add(a, b);
  if (sum.indices.size() <= k) return sum;
  if (k == 0) return {};
  const std::vector<std::span<const float>> chunks{sum.values};
  const Cutoff cutoff = find_cutoff(chunks, k, 1);
  std::size_t count = 0;
  for_each_selected(sum.values, cutoff.key, cutoff.shares.front().ties, [&](std::size_t i) {
    sum.indices[count] = sum.indices[i];
    sum.values[count] = sum.values[i];
    ++count;
  });
  sum.indices.resize(k);
  sum.values.resize(k);
  return sum;
}

}  // namespace simrun
