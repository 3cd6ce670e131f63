#include <map>

#include "kernels/cuda/sparse_votes.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

/// Index to +1 or -1.
using Votes = std::map<std::uint32_t, int>;

struct List {
  std::vector<std::uint32_t> indices;
  std::vector<std::uint8_t> signs;
};

List packed(const Votes& votes) {
  List list;
  list.signs.resize((votes.size() + 7) / 8);
  for (const auto& [index, sign] : votes) {
    const std::size_t j = list.indices.size();
    if (sign < 0) list.signs[j / 8] = static_cast<std::uint8_t>(list.signs[j / 8] | 1U << (j % 8));
    list.indices.push_back(index);
  }
  return list;
}

std::vector<List> packed(const std::vector<Votes>& all) {
  std::vector<List> lists;
  for (const Votes& votes : all) lists.push_back(packed(votes));
  return lists;
}

/// What blocks decide. Checks that the sign bits behind the last are 0.
List decide(HostMachine& machine, const std::vector<List>& lists, std::uint64_t elements) {
  std::vector<SparseBallot> ballots;
  std::uint64_t entries = 0;
  for (const List& list : lists) {
    ballots.push_back({list.indices.data(), list.signs.data(), list.indices.size()});
    entries += list.indices.size();
  }
  const auto on_device = uploaded(ballots);
  const SparseVote job{on_device.data(), static_cast<std::uint32_t>(lists.size()), entries, elements};
  const auto workspace = workspace_of([&](Carver& carver) { return SparseVoteWorkspace::carve(carver, job); });
  const std::uint64_t room = std::min(entries, elements);
  HostMachine::Buffer<std::uint32_t> indices(room);
  HostMachine::Buffer<std::uint32_t> signs((room + 31) / 32);
  std::uint64_t count = 77;
  launch_sparse_vote(machine, job, workspace.layout(), Decisions{indices.data(), signs.data(), &count});
  REQUIRE(count <= room);
  List result;
  result.indices.assign(indices.data(), indices.data() + count);
  result.signs.resize((count + 7) / 8);
  for (std::size_t j = 0; j < signs.size() * 32; ++j) {
    const bool negative = (signs.data()[j / 32] >> (j % 32) & 1U) != 0;
    if (negative && j >= count) FAIL("a sign bit behind the last is set");
    if (negative) result.signs[j / 8] = static_cast<std::uint8_t>(result.signs[j / 8] | 1U << (j % 8));
  }
  return result;
}

List by_processor(const std::vector<List>& lists, std::uint64_t elements) {
  std::vector<SparseSignsView> views;
  for (const List& list : lists) views.push_back({list.indices, std::as_bytes(std::span(list.signs))});
  const SparseSigns result = make_cpu_primitives(2)->vote_sparse(views, elements);
  List list{result.indices, {}};
  for (const std::byte byte : result.signs) list.signs.push_back(std::to_integer<std::uint8_t>(byte));
  return list;
}

List by_adding(const std::vector<Votes>& all) {
  Votes sums;
  for (const Votes& votes : all) {
    for (const auto& [index, sign] : votes) sums[index] += sign;
  }
  std::erase_if(sums, [](const auto& sum) { return sum.second == 0; });
  return packed(sums);
}

void check(HostMachine& machine, const std::vector<Votes>& all, std::uint64_t elements) {
  const std::vector<List> lists = packed(all);
  const List expected = by_adding(all);
  const List decided = decide(machine, lists, elements);
  REQUIRE(decided.indices == expected.indices);
  REQUIRE(decided.signs == expected.signs);
  const List other = by_processor(lists, elements);
  REQUIRE(other.indices == expected.indices);
  REQUIRE(other.signs == expected.signs);
}

/// `count` tries to vote for an element of [begin, end).
Votes random_votes(std::uint64_t begin, std::uint64_t end, std::size_t count, std::mt19937& random) {
  std::uniform_int_distribution<std::uint64_t> element(begin, end - 1);
  Votes votes;
  for (std::size_t j = 0; j < count; ++j) {
    votes[static_cast<std::uint32_t>(element(random))] = random() % 2 == 0 ? -1 : 1;
  }
  return votes;
}

}  // namespace

TEST_CASE("sparse votes on blocks give what adding in a map gives", "[cuda]") {
  on_machines([](HostMachine& machine) {
    std::mt19937 random(8);
    for (const std::uint64_t elements : {1U, 100U, 4096U, 65'536U, 65'537U, 1'000'003U}) {
      for (const std::size_t voters : {1U, 2U, 3U, 8U, 40U}) {
        INFO(elements << " elements, " << voters << " voters");
        std::vector<Votes> all;
        for (std::size_t v = 0; v < voters; ++v) {
          all.push_back(random_votes(0, elements, v * elements / 50 % 3000, random));
        }
        check(machine, all, elements);
      }
    }
  });
}

TEST_CASE("sparse votes on blocks: many in one range, more than are counted at a time", "[cuda]") {
  on_machines([](HostMachine& machine) {
    std::mt19937 random(9);
    // 2^16 elements a range, as there are few votes on the whole; nearly all of them lie in one.
    const std::uint64_t elements = 5'000'000;
    std::vector<Votes> all;
    for (std::size_t v = 0; v < 3; ++v) {
      all.push_back(random_votes(131'072, 196'608, 9000, random));
      all.back()[0] = 1;
      all.back()[4'999'999] = -1;
    }
    check(machine, all, elements);
  });
}

TEST_CASE("sparse votes on blocks: every element has votes", "[cuda]") {
  on_machines([](HostMachine& machine) {
    std::mt19937 random(10);
    for (const std::uint32_t elements : {31U, 4096U, 30'001U}) {
      std::vector<Votes> all(5);
      for (Votes& votes : all) {
        for (std::uint32_t i = 0; i < elements; ++i) votes[i] = random() % 2 == 0 ? -1 : 1;
      }
      check(machine, all, elements);
      all.pop_back();
      check(machine, all, elements);
    }
  });
}

TEST_CASE("sparse votes on blocks: a tie and no vote are no update", "[cuda]") {
  on_machines([](HostMachine& machine) {
    check(machine, {{{1, 1}, {2, 1}}, {{1, 1}, {2, -1}}, {{1, -1}, {4, -1}}}, 6);
    check(machine, {{{3, 1}}, {{3, -1}}}, 6);
    check(machine, {{}, {}}, 6);
    check(machine, {{}}, 1);
    check(machine, {{}, {{0, -1}}, {}}, 1);
    check(machine, {}, 6);
  });
}

TEST_CASE("sparse votes on blocks: many voters", "[cuda]") {
  HostMachine machine(2, 5);
  std::mt19937 random(11);
  std::vector<Votes> all;
  for (std::size_t v = 0; v < 1000; ++v) all.push_back(random_votes(0, 20'000, 40, random));
  check(machine, all, 20'000);
  all.assign(65'536, Votes{{7, 1}});
  all.front() = {{7, -1}, {8, 1}};
  all.back() = {{6, -1}};
  check(machine, all, 10);
  for (std::size_t v = 0; v < all.size(); ++v) all[v] = {{9, v % 2 == 0 ? 1 : -1}, {10, -1}};
  check(machine, all, 11);
}

TEST_CASE("sparse votes on blocks reach the last of 2^32 elements", "[cuda]") {
  HostMachine machine(2, 6);
  const Votes votes{{0, -1}, {0x7FFFFFFF, 1}, {0x80000000, -1}, {0xFFFFFFFE, 1}, {0xFFFFFFFF, 1}};
  const std::vector<Votes> all{votes, {{0xFFFFFFFF, -1}, {0xFFFF0000, -1}}};
  const List decided = decide(machine, packed(all), std::uint64_t{1} << 32);
  const List expected = by_adding(all);
  CHECK(decided.indices == expected.indices);
  CHECK(decided.signs == expected.signs);
}
