#include "sim/methods/kept.hpp"

#include <catch2/catch.hpp>

namespace simrun {

TEST_CASE("kept: a share is rounded to a number of at least one, a number is a share of what there is") {
  CHECK(Kept::share(0.001).entries(2'500) == 3);  // 2.5, halves away from zero
  CHECK(Kept::share(1e-9).entries(10) == 1);
  CHECK(Kept::share(1).entries(10) == 10);
  CHECK(Kept::share(0.001).density(7) == 0.001);
  CHECK(Kept::number(5).entries(1'000) == 5);
  CHECK(Kept::number(5).density(1'000) == 0.005);
  CHECK(Kept::share(0.001).text() == "K/N 0.001");
  CHECK(Kept::number(5).text() == "K = 5");
}

}  // namespace simrun
