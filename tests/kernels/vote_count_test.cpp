// Counted votes against votes: the number that is decided is that of the entries of Primitives::vote_sparse.

#include "kernels/vote_count.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "kernels/primitives.hpp"

namespace simrun {
namespace {

/// The k largest, by a plain sort: of equal magnitudes the lowest indices; zeros left out.
std::vector<std::uint32_t> largest_by_sorting(const std::vector<float>& values, std::uint64_t k) {
  std::vector<std::uint32_t> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  std::ranges::stable_sort(order, [&](auto a, auto b) { return std::abs(values[a]) > std::abs(values[b]); });
  order.resize(k);
  std::erase_if(order, [&](auto i) { return values[i] == 0; });
  std::ranges::sort(order);
  return order;
}

/// Elements on which more of the first workers vote one way than the other.
std::uint64_t decided(const std::vector<std::vector<float>>& gradients, std::size_t workers, std::uint64_t k) {
  std::vector<int> counts(gradients.front().size());
  for (std::size_t w = 0; w < workers; ++w) {
    for (const std::uint32_t i : largest_by_sorting(gradients[w], k)) counts[i] += gradients[w][i] > 0 ? 1 : -1;
  }
  return counts.size() - static_cast<std::size_t>(std::ranges::count(counts, 0));
}

/// Few different magnitudes, so that many are equal; some zeros, of both signs.
std::vector<std::vector<float>> make_gradients(std::size_t workers, std::size_t elements) {
  std::mt19937 random(7);
  std::vector<std::vector<float>> gradients(workers, std::vector<float>(elements));
  for (auto& gradient : gradients) {
    for (float& value : gradient)
      value = static_cast<float>(random() % 40) * (random() % 2 == 0 ? 1.0F : -1.0F) / (random() % 3 == 0 ? 1.0F : 64);
  }
  return gradients;
}

NestedVotes votes_of(const std::vector<float>& gradient, const std::vector<std::uint64_t>& entries) {
  const auto primitives = make_cpu_primitives(1);
  const Pairs largest = primitives->select_largest(gradient, entries.front());
  return nest_votes({largest.indices, largest.values}, entries);
}

}  // namespace

TEST_CASE("counted votes: as many are decided as a vote on the payloads decides") {
  constexpr std::size_t elements = 20'000;  // several tiles, the last one not full
  const std::vector<std::vector<float>> gradients = make_gradients(9, elements);
  const std::vector<std::vector<std::uint64_t>> all_entries = {
      {3000}, {elements, 1}, {5000, 5000, 700}, {elements, 9000, 8999, 400, 30, 2, 1, 1, 1}};
  for (const auto& entries : all_entries) {
    std::vector<NestedVotes> votes;
    for (const auto& gradient : gradients) votes.push_back(votes_of(gradient, entries));
    for (const unsigned threads : {1U, 3U}) {
      VoteCount whole(elements, entries.size(), gradients.size(), true);
      VoteCount in_lots(elements, entries.size(), 40'000, false);  // so many that they take wider counters
      const std::vector<std::size_t> closings = {1, 2, 5, 9};
      const auto at_once = whole.add(votes, closings, threads);
      const std::span<const NestedVotes> lots(votes);
      auto one_by_one = in_lots.add(lots.first(2), std::vector<std::size_t>{1, 2}, threads);
      for (const auto& more : in_lots.add(lots.subspan(2), std::vector<std::size_t>{3, 7}, threads))
        one_by_one.push_back(more);
      REQUIRE(at_once == one_by_one);
      for (std::size_t c = 0; c < closings.size(); ++c) {
        for (std::size_t v = 0; v < entries.size(); ++v)
          REQUIRE(at_once[c][v] == decided(gradients, closings[c], entries[v]));
      }
    }
  }
}

TEST_CASE("counted votes: one voting on more elements than a short number counts") {
  const std::vector<std::vector<float>> gradients(3, std::vector<float>(150'000, 1.0F));
  std::vector<NestedVotes> votes;
  for (const auto& gradient : gradients) votes.push_back(votes_of(gradient, {gradient.size()}));
  VoteCount count(gradients.front().size(), 1, votes.size(), true);
  const std::vector<std::size_t> closings = {1, 3};
  const std::vector<std::vector<std::uint64_t>> all(2, {gradients.front().size()});
  CHECK(count.add(votes, closings, 2) == all);
}

TEST_CASE("counted votes: nested votes are the largest of every K, ties to the lowest index") {
  const std::vector<float> gradient = make_gradients(1, 5000).front();
  const std::vector<std::uint64_t> entries = {4000, 2500, 2499, 100, 3};
  const NestedVotes votes = votes_of(gradient, entries);
  for (std::size_t v = 0; v < entries.size(); ++v) {
    std::vector<std::uint32_t> taking_part;
    for (std::size_t j = 0; j < votes.indices.size(); ++j) {
      if (votes.marks[j] / 2U <= v) continue;
      taking_part.push_back(votes.indices[j]);
      CHECK((votes.marks[j] % 2 == 1) == (gradient[votes.indices[j]] < 0));
    }
    CHECK(taking_part == largest_by_sorting(gradient, entries[v]));
  }
}

}  // namespace simrun
