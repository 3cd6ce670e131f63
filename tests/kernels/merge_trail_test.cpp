#include "kernels/merge_trail.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "kernels/layout.hpp"

using namespace simrun;

namespace {

/// One pair of three elements.
Payload pair(std::uint32_t index, float value) {
  return make_pairs(IndexCoding::raw32, 3, {{&index, 1}, {&value, 1}});
}

/// gTop-k of four workers with K = 1: worker 1's entry loses against worker 0's in the first merge (4 < 5), worker 0's
/// against the sum of worker 2's and 3's in the last (5 < 3 + 4), and that sum has worker 1's index.
struct Merged {
  std::vector<Payload> sent = {pair(0, 5), pair(1, 4), pair(1, 3), pair(1, 4)};
  Payload result;

  explicit Merged(const Aggregator& aggregator) {
    const Payload left = aggregator.combine(std::span(sent).first(2));
    const Payload right = aggregator.combine(std::span(sent).last(2));
    const Payload both[] = {left, right};
    result = aggregator.combine(both);
  }
};

std::vector<std::uint64_t> accepted_entries(const Aggregator& aggregator, const Merged& merged) {
  std::vector<std::uint64_t> entries;
  for (const Payload& sent : merged.sent) entries.push_back(aggregator.accepted(sent, merged.result).entries());
  return entries;
}

}  // namespace

TEST_CASE("an entry that a merge dropped is not accepted, though its index came back through another branch") {
  const auto codec = find_codec("gtop-k")->make({}, make_cpu_primitives(1));
  const std::shared_ptr<const Aggregator> merge = codec->aggregator();
  const Merged published(*merge);
  CHECK(published.result == pair(1, 7));
  CHECK(accepted_entries(*merge, published) == std::vector<std::uint64_t>{0, 1, 1, 1});

  const MergeTrail trail(merge);
  const Merged exact(trail);
  CHECK(exact.result == pair(1, 7));
  CHECK(accepted_entries(trail, exact) == std::vector<std::uint64_t>{0, 0, 1, 1});
}

TEST_CASE("what was merged with nothing is accepted") {
  const auto codec = find_codec("gtop-k")->make({}, make_cpu_primitives(1));
  const MergeTrail trail(codec->aggregator());
  const Payload alone = pair(2, 1);
  const Payload result = trail.combine({&alone, 1});
  CHECK(result == alone);
  CHECK(trail.accepted(alone, result) == alone);
}
