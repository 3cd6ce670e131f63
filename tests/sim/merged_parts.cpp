#include "tests/sim/merged_parts.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
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

std::vector<Entries> entries_of(std::span<const Payload> payloads) {
  std::vector<Entries> workers;
  for (const Payload& payload : payloads) {
    const Pairs pairs = read_pairs(payload);
    workers.emplace_back();
    for (std::size_t j = 0; j < pairs.indices.size(); ++j) workers.back()[pairs.indices[j]] = pairs.values[j];
  }
  return workers;
}

/// Eighths of an octave below a magnitude.
int eighths(double magnitude) {
  int octave = 0;
  const double mantissa = std::frexp(magnitude, &octave);
  return magnitude == 0 ? std::numeric_limits<int>::min() / 2 : 8 * octave + static_cast<int>(16 * mantissa - 8);
}

}  // namespace

Payload merged_parts(std::span<const Payload> payloads, std::uint64_t entries) {
  const std::vector<Entries> workers = entries_of(payloads);
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

Payload largest_sums(std::span<const Payload> payloads, std::uint64_t entries) {
  const std::vector<Entries> workers = entries_of(payloads);
  const std::size_t m = workers.size();
  std::vector<double> begins(m);  // of regions
  double least = 0;
  Entries sums;
  for (const Entries& worker : workers) {
    std::vector<std::uint32_t> indices;
    float own = std::numeric_limits<float>::infinity();
    for (const auto& [index, value] : worker) {
      indices.push_back(index);
      own = std::min(own, std::abs(value));
      sums[index] += value;
    }
    least += own / static_cast<double>(m);
    for (std::size_t r = 1; r < m; ++r) begins[r] += indices[r * entries / m] / static_cast<double>(m);
  }
  const auto bin_of = [&](float value) { return std::clamp(eighths(std::abs(value)) - eighths(least) + 16, 0, 127); };
  std::map<int, std::vector<Entries>> bins;  // of each region, from the largest on
  for (const auto& [index, value] : sums) {
    std::size_t region = m - 1;
    while (region > 0 && index < std::floor(begins[region] + 1e-9)) --region;
    auto& bin = bins.try_emplace(-bin_of(value), m).first->second;
    bin[region][index] = value;
  }
  Entries kept;
  for (auto& [number, regions] : bins) {
    std::size_t within = 0;
    for (const Entries& region : regions) within += region.size();
    const std::size_t wanted = std::min(entries - kept.size(), within);
    std::size_t before = 0;
    Entries of_bin;
    for (Entries& region : regions) {
      const std::size_t after = before + region.size();
      keep_largest(region, after * wanted / within - before * wanted / within);
      of_bin.insert(region.begin(), region.end());
      before = after;
    }
    kept.insert(of_bin.begin(), of_bin.end());
  }
  Pairs all;
  for (const auto& [index, value] : kept) {
    all.indices.push_back(index);
    all.values.push_back(value);
  }
  return make_pairs(payloads.front().index(), payloads.front().elements(), {all.indices, all.values});
}

}  // namespace simrun
