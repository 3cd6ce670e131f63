#include "sim/system/child_process.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>

namespace simrun {

TEST_CASE("a child's result comes back whole") {
  const std::string big(1'000'000, 'x');
  CHECK(run_in_child([&] { return big; }) == big);
  CHECK(run_in_child([] { return std::string(); }).empty());
}

TEST_CASE("a child's mistakes and crashes are told apart") {
  CHECK_THROWS_AS(run_in_child([]() -> std::string { throw InputError("f", "a.b", "is bad", "accepted: good"); }),
                  InputError);
  CHECK_THROWS_WITH(run_in_child([]() -> std::string { throw InputError("f", "a.b", "is bad", "accepted: good"); }),
                    "f: a.b: is bad; accepted: good");
  CHECK_THROWS_WITH(run_in_child([]() -> std::string { throw std::runtime_error("out of luck"); }), "out of luck");
  CHECK_THROWS_WITH(run_in_child([]() -> std::string { std::_Exit(3); }), "ended with status 3");
  const auto crash = []() -> std::string {
    std::fputs("first line\nlast words\n", stderr);
    std::fflush(stderr);
    ::raise(SIGKILL);
    return "";
  };
  CHECK_THROWS_WITH(run_in_child(crash), "ended by signal: Killed (last words)");
  const auto crash_as_simgrid = []() -> std::string {
    std::fputs("last words\nBacktrace (displayed in actor maestro):\n", stderr);
    for (int frame = 0; frame < 100; ++frame)
      std::fprintf(stderr, "  ->  %d# %s\n", frame, std::string(200, 'f').c_str());
    std::fflush(stderr);
    ::raise(SIGKILL);
    return "";
  };
  CHECK_THROWS_WITH(run_in_child(crash_as_simgrid), "ended by signal: Killed (last words)");
}

// Sanitizers refuse by themselves.
TEST_CASE("a child without memory ends at once and says so", "[large]") {
  CHECK_THROWS_WITH(run_in_child([] {
                      try {
                        ::operator delete(::operator new (std::size_t{1} << 60));
                      } catch (...) {
                      }
                      return std::string("it went on");
                    }),
                    "there is not enough memory");
}

TEST_CASE("children side by side answer for their own tasks") {
  ChildPool pool;
  for (std::size_t task = 0; task < 5; ++task)
    pool.start(task, [](std::size_t number) { return std::to_string(number * number); });
  for (int i = 0; i < 5; ++i) {
    const ChildPool::Result result = pool.wait();
    CHECK(result.output == std::to_string(result.task * result.task));
    pool.end(result.child.value());
  }
  CHECK(pool.running() == 0);
}

TEST_CASE("a child takes one task after another, until it fails in one") {
  ChildPool pool;
  std::size_t done = 0;
  const auto work = [&](std::size_t task) {
    if (task == 12) throw std::runtime_error("out of luck");
    if (task == 13) ::raise(SIGKILL);
    return std::to_string(task) + " after " + std::to_string(done++);
  };
  for (const std::size_t last : {12, 13}) {
    pool.start(10, work);
    ChildPool::Result result = pool.wait();
    CHECK(result.output == "10 after 0");
    pool.go_on(result.child.value(), 11);
    result = pool.wait();
    CHECK(result.task == 11);
    CHECK(result.output == "11 after 1");
    pool.go_on(result.child.value(), last);
    result = pool.wait();
    CHECK(result.task == last);
    CHECK(result.failure == (last == 12 ? "out of luck" : "ended by signal: Killed"));
    CHECK_FALSE(result.child);
    CHECK(pool.running() == 0);
  }
}

}  // namespace simrun
