#include "tests/sim/merged_parts.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "kernels/layout.hpp"

namespace simrun {
namespace {

using Entries = std::map<std::uint32_t, float>;

void keep_largest(Entries& entries, std::size_t most) {
  std::vector<std::pair<float, std::uint32_t>> order;
  for (const auto& [index, value] : entries) order.emplace_back(-std::abs(value), index);
  std::sort(order.begin(), order.end());
  for (std::size_t i = std::min(most, order.size()); i < order.size(); ++i) entries.erase(order[i].second);
}

/// What a worker passes on, or keeps, of the part of the worker that comes `distance` after it, if parts have `size`
/// elements: its own entries there and all that arrived, added up and cut. Until it passes a part on, it gets it from
/// workers further away.
Entries passed_on(const std::vector<Entries>& workers, std::size_t worker, std::size_t distance, std::size_t size,
                  std::size_t most) {
  const std::size_t m = workers.size();
  Entries sums;
  for (const auto& [index, value] : workers[worker]) {
    if (index / size == (worker + distance) % m) sums[index] = value;
  }
  for (std::size_t step = std::bit_ceil(m) / 2; step > distance; step /= 2) {
    if (distance + step >= m) continue;
    for (const auto& [index, value] : passed_on(workers, (worker + m - step) % m, distance + step, size, most))
      sums[index] += value;
  }
  keep_largest(sums, most);
  return sums;
}

}  // namespace

Payload merged_parts(std::span<const Payload> payloads, std::uint64_t entries) {
  std::vector<Entries> workers;
  for (const Payload& payload : payloads) {
    const Pairs pairs = read_pairs(payload);
    workers.emplace_back();
    for (std::size_t j = 0; j < pairs.indices.size(); ++j) workers.back()[pairs.indices[j]] = pairs.values[j];
  }
  const std::uint64_t n = payloads.front().elements();
  const std::uint64_t size = (n + payloads.size() - 1) / payloads.size();
  Pairs all;
  for (std::size_t worker = 0; worker < payloads.size(); ++worker) {
    const std::uint64_t before = std::min(worker * size, n) * entries / n;
    const std::uint64_t most = std::min((worker + 1) * size, n) * entries / n - before;
    for (const auto& [index, value] : passed_on(workers, worker, 0, size, most)) {
      all.indices.push_back(index);
      all.values.push_back(value);
    }
  }
  return make_pairs(IndexCoding::raw32, n, {all.indices, all.values});
}

}  // namespace simrun
