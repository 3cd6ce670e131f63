#include "sim/simgrid/repeats.hpp"

#include <catch2/catch.hpp>
#include <functional>

namespace simrun {
namespace {

/// Two ranks side by side through up to `count` steps; durations(rank, step) in seconds.
Repeat two_ranks(int count, const std::function<double(int, int)>& durations) {
  Repeat repeat(2, count);
  for (int step = 0; step < repeat.stop(); ++step) {
    repeat.enter(step);
    for (const int rank : {0, 1}) repeat.finish(rank, step, Seconds(durations(rank, step)));
  }
  return repeat;
}

}  // namespace

TEST_CASE("equal steps are skipped after the second") {
  const Repeat repeat = two_ranks(10, [](int, int) { return 3; });
  CHECK(repeat.stop() == 2);
  CHECK(repeat.jump() == Seconds(8 * 3));
}

TEST_CASE("steps that repeat two by two are skipped two by two") {
  // Rank 0 takes 1 and 3 in turn, rank 1 the other way round: 4 together, known after 4 steps. Of the 7 that are left
  // one is run, so that the rest is 3 times two.
  const Repeat repeat = two_ranks(11, [](int rank, int step) { return (step + rank) % 2 == 0 ? 1 : 3; });
  CHECK(repeat.stop() == 5);
  CHECK(repeat.jump() == Seconds(3 * 4));
}

TEST_CASE("a period is skipped once") {
  // Known after 6 steps of 11. Of the 5 that are left 2 are run, so that the rest is 3, while more periods go by.
  const Repeat repeat = two_ranks(11, [](int, int step) { return 1 + step % 3; });
  CHECK(repeat.stop() == 8);
  CHECK(repeat.jump() == Seconds(1 + 2 + 3));
}

TEST_CASE("steps are not skipped before they have settled") {
  const Repeat repeat = two_ranks(100, [](int rank, int step) { return step < 20 ? 5 + rank + step : 2; });
  CHECK(repeat.stop() == 22);
  CHECK(repeat.jump() == Seconds(78 * 2));
}

TEST_CASE("ranks that drift apart, and steps that never repeat, are not skipped") {
  CHECK(two_ranks(100, [](int rank, int) { return 1 + rank; }).stop() == 100);
  CHECK(two_ranks(100, [](int, int step) { return 1 + step; }).stop() == 100);
}

}  // namespace simrun
