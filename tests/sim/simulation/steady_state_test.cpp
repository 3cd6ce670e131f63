#include "sim/simulation/steady_state.hpp"

#include <catch2/catch.hpp>

namespace simrun {
namespace {

IterationRecord at(double finish) {
  IterationRecord record;
  record.finish = Seconds(finish);
  return record;
}

}  // namespace

TEST_CASE("ranks that end the first iteration together are steady") {
  SteadyState steady(3);
  CHECK_FALSE(steady.record(0, at(2)));
  CHECK_FALSE(steady.record(1, at(2)));
  CHECK(steady.record(2, at(2)));
  CHECK(steady.period() == Seconds(2));
  CHECK(steady.iterations() == 1);
  CHECK(steady.last_rank() == 0);
}

TEST_CASE("others are watched until every rank takes the same time") {
  SteadyState steady(2);
  steady.record(0, at(1));
  CHECK_FALSE(steady.record(1, at(3)));
  // Rank 0 waits for rank 1 from now on: not yet the same step for both (4 and 3).
  steady.record(0, at(5));
  CHECK_FALSE(steady.record(1, at(6)));
  steady.record(0, at(8));
  CHECK(steady.record(1, at(9)));
  CHECK(steady.period() == Seconds(3));
  CHECK(steady.iterations() == 3);
  CHECK(steady.last_rank() == 1);
}

TEST_CASE("a rank may be iterations ahead of another") {
  SteadyState steady(2);
  for (const double finish : {1.0, 2.0, 3.0}) CHECK_FALSE(steady.record(0, at(finish)));
  CHECK_FALSE(steady.record(1, at(1.5)));
  CHECK(steady.record(1, at(2.5)));
  CHECK(steady.period() == Seconds(1));
}

TEST_CASE("what never settles has the mean period of the second half") {
  // Rank 0 takes 1 and 3 in turn, rank 1 always 2: they never take the same time.
  SteadyState steady(2, {.limit = 8, .warm_up = 4});
  bool done = false;
  double zero = 0;
  int iteration = 0;
  while (!done) {
    zero += iteration % 2 == 0 ? 1 : 3;
    steady.record(0, at(zero));
    done = steady.record(1, at(2.0 * ++iteration + 5));
  }
  CHECK(iteration == 8);
  CHECK(steady.period().value == Approx(2));
}

TEST_CASE("where an iteration takes long to simulate, fewer are looked at") {
  // The first is not counted, the second takes 2 and the third 4.
  SteadyState steady(1, watch_cycle(4));
  CHECK_FALSE(steady.record(0, at(1)));
  steady.shorten(3);
  CHECK_FALSE(steady.record(0, at(3)));
  CHECK(steady.record(0, at(7)));
  CHECK(steady.period() == Seconds(3));
  CHECK(steady.durations() == std::vector<double>{2, 4});
}

TEST_CASE("draws are not made fewer") {
  SteadyState steady(1, watch_jitter(200));
  CHECK_FALSE(steady.record(0, at(1)));
  steady.shorten(3);
  CHECK_FALSE(steady.record(0, at(2)));
  CHECK_FALSE(steady.record(0, at(3)));
}

}  // namespace simrun
