#include "kernels/parallel.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace simrun;

TEST_CASE("parallel_for calls every number once") {
  for (const unsigned threads : {0U, 1U, 2U, 7U}) {
    for (const std::size_t count : {0U, 1U, 5U, 1000U}) {
      std::vector<std::atomic<int>> calls(count);
      parallel_for(count, threads, [&](std::size_t i) { ++calls[i]; });
      for (const auto& each : calls) REQUIRE(each == 1);
    }
  }
}

TEST_CASE("parallel_for makes no thread where there is nothing to share out") {
  const auto here = std::this_thread::get_id();
  bool elsewhere = false;
  parallel_for(9, 1, [&](std::size_t) { elsewhere |= std::this_thread::get_id() != here; });
  parallel_for(1, 9, [&](std::size_t) { elsewhere |= std::this_thread::get_id() != here; });
  CHECK_FALSE(elsewhere);
}

TEST_CASE("parallel_for throws the first exception, by number and not by time") {
  for (const unsigned threads : {1U, 2U, 7U}) {
    const auto fail_late = [](std::size_t i) {
      if (i < 11) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(i == 11 ? 3 : 0));
      throw std::runtime_error(std::to_string(i));
    };
    CHECK_THROWS_WITH(parallel_for(100, threads, fail_late), "11");
  }
}

TEST_CASE("parallel_ranges covers everything once, at aligned bounds") {
  for (const unsigned threads : {0U, 1U, 3U, 8U}) {
    for (const std::size_t size : {0U, 1U, 63U, 64U, 1000U}) {
      std::vector<std::atomic<int>> calls(size);
      std::atomic<bool> aligned = true;
      parallel_ranges(size, threads, 32, [&](std::size_t part, std::size_t begin, std::size_t end) {
        if (begin % 32 != 0 && begin != size) aligned = false;
        if (part >= std::max(threads, 1U)) aligned = false;
        for (std::size_t i = begin; i < end; ++i) ++calls[i];
      });
      CHECK(aligned);
      for (const auto& each : calls) REQUIRE(each == 1);
    }
  }
}
