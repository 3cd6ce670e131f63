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
  for (std::size_t task = 0; task < 5; ++task) pool.start(task, [task] { return std::to_string(task * task); });
  for (int i = 0; i < 5; ++i) {
    const ChildPool::Result result = pool.wait();
    CHECK(result.output == std::to_string(result.task * result.task));
  }
  CHECK(pool.running() == 0);
}

}  // namespace simrun
