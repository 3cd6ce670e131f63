#include "sim/simgrid/repeats.hpp"

#include <catch2/catch.hpp>
#include <functional>

namespace simrun {
namespace {

using Time = std::function<double(int rank, int step)>;

/// Two ranks side by side through up to `count` steps that take `durations`, in seconds; messages arrive `arrivals`
/// after the beginning, left out: at the end. Rank 1 begins `lead` seconds later.
Repeat two_ranks(int count, const Time& durations, const Time& arrivals = {}, double lead = 0) {
  Repeat repeat(2, count);
  double begin[] = {0, lead};
  for (int step = 0; step < repeat.stop(); ++step) {
    repeat.enter(step);
    for (const int rank : {0, 1}) {
      const double end = begin[rank] + durations(rank, step);
      const double arrival = arrivals ? begin[rank] + arrivals(rank, step) : end;
      repeat.finish(rank, step, {Seconds(begin[rank]), Seconds(arrival), Seconds(end)});
      begin[rank] = end;
    }
  }
  return repeat;
}

}  // namespace

TEST_CASE("equal steps are skipped after the second") {
  const Repeat repeat = two_ranks(10, [](int, int) { return 3.0; });
  CHECK(repeat.stop() == 2);
  CHECK(repeat.jump() == Seconds(8 * 3));
}

TEST_CASE("steps that repeat two by two are skipped two by two") {
  // Rank 0 takes 1 and 3 in turn, rank 1 the other way round: 4 together, known after 4 steps. Of the 7 that are left
  // one is run, so that the rest is 3 times two.
  const Repeat repeat = two_ranks(11, [](int rank, int step) { return (step + rank) % 2 == 0 ? 1.0 : 3.0; });
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
  // From step 20 on; two steps of 2 s show it.
  const Repeat repeat = two_ranks(100, [](int, int step) { return step < 20 ? 5.0 + step : 2.0; });
  CHECK(repeat.stop() == 22);
  CHECK(repeat.jump() == Seconds(78 * 2));
}

TEST_CASE("ranks that drift apart, and steps that never repeat, are not skipped") {
  CHECK(two_ranks(100, [](int rank, int) { return 1 + rank; }).stop() == 100);
  CHECK(two_ranks(100, [](int, int step) { return 1 + step; }).stop() == 100);
}

TEST_CASE("equal steps whose messages arrive later and later are not skipped") {
  // Until they are the last that a step waits for, at step 50: from then on steps repeat.
  const Time arrival = [](int, int step) { return step < 50 ? 1 + 0.02 * step : 2.0; };
  const Time durations = [](int, int) { return 2.0; };
  CHECK(two_ranks(100, durations, arrival).stop() == 52);
}

TEST_CASE("steps are skipped once they have repeated while all ranks were in them, as long as a message may take") {
  // Rank 1 is 5 s behind, and steps take 2, the first as long as all others. Of the last c steps, the first of which
  // has one before it, rank 0 ends the last 5 s before rank 1, which began the first 5 s after it: 2 c - 5 s, at least
  // 2 for c = 4.
  const Time durations = [](int, int) { return 2.0; };
  CHECK(two_ranks(100, durations, {}, 5).stop() == 5);
}

}  // namespace simrun
