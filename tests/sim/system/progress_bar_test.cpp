#include "sim/system/progress_bar.hpp"

#include <catch2/catch.hpp>

namespace simrun {

TEST_CASE("progress: what is done, what failed, the rate, and the time left at that rate") {
  // 15 in 10 s are 1.5 a second; 30 are left.
  CHECK(progress_line("points", {.done = 15, .total = 45, .failed = 2}, 10) ==
        "points [==========                    ] 15/45, 2 failed, 1.5/s, 20 s left");
  // What was there before has no part in the rate: 10 in 10 s.
  CHECK(progress_line("points", {.done = 40, .total = 60, .before = 30}, 10) ==
        "points [====================          ] 40/60, 1.0/s, 20 s left");
  CHECK(progress_line("points", {.done = 0, .total = 2}, 10) == "points [                              ] 0/2");
  CHECK(progress_line("points", {.done = 2, .total = 2}, 10) ==
        "points [==============================] 2/2, 0.2/s, 0 s left");
}

TEST_CASE("progress: the time left is in units that suit it") {
  const auto left = [](std::size_t seconds) { return progress_line("p", {.done = 1, .total = 1 + seconds}, 1); };
  CHECK_THAT(left(120), Catch::EndsWith(", 120 s left"));
  CHECK_THAT(left(121), Catch::EndsWith(", 3 min left"));
  CHECK_THAT(left(7201), Catch::EndsWith(", 3 h left"));
}

}  // namespace simrun
