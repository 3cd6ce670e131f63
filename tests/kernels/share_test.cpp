#include "tests/kernels/share.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

using namespace simrun;

TEST_CASE("shares of a test: every case is in one, and they differ by one case at most") {
  for (const std::size_t cases : {1U, 7U, 12U, 1000U}) {
    for (const std::size_t count : {1U, 2U, 7U, 11U}) {
      std::vector<std::size_t> taken(count);
      for (std::size_t index = 0; index < cases; ++index) {
        std::size_t takers = 0;
        for (std::size_t number = 1; number <= count; ++number) {
          if (!Share{number, count}.has(index, cases)) continue;
          ++takers;
          ++taken[number - 1];
        }
        CHECK(takers == 1);
      }
      const auto [fewest, most] = std::minmax_element(taken.begin(), taken.end());
      CHECK(*most - *fewest <= 1);
    }
  }
}

TEST_CASE("shares of a test are read, or refused") {
  CHECK(read_share("3/8").number == 3);
  CHECK(read_share("3/8").count == 8);
  for (const char* text : {"", "3", "0/8", "9/8", "3/", "/8", "3/8x", "-1/8", "3:8"}) {
    CHECK_THROWS_AS(read_share(text), std::invalid_argument);
  }
}
