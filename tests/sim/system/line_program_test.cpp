#include "sim/system/line_program.hpp"

#include <catch2/catch.hpp>

#include "sim/system/child_process.hpp"

namespace simrun {

TEST_CASE("line program: lines come back one by one, long ones too") {
  LineProgram cat({"sh", "-c", "while read -r line; do echo \"$line\"; done"});
  CHECK(cat.ask("one") == "one");
  CHECK(cat.ask("").empty());
  const std::string text(300'000, 'x');
  CHECK(cat.ask(text) == text);
  CHECK(cat.ask("two\nthree") == "two");
  CHECK(cat.hear() == "three");
}

TEST_CASE("line program: how it ended is said with the last line of what it printed") {
  LineProgram failing({"sh", "-c", "read line; echo first >&2; echo \"no $line\" >&2; exit 3"});
  CHECK_THROWS_WITH(failing.ask("memory"), "ended with status 3 (no memory)");
  CHECK_THROWS_WITH(failing.ask("again"), "has ended");
  CHECK_THROWS_WITH(failing.hear(), "has ended");
  LineProgram killed({"sh", "-c", "kill -9 $$"});
  CHECK_THROWS_WITH(killed.hear(), "ended by signal: Killed");
}

TEST_CASE("line program: one that is not there is no program") {
  CHECK_THROWS_AS(LineProgram({"/nowhere/python3"}), ChildFailure);
  CHECK_THROWS_WITH(LineProgram({"/nowhere/python3"}), "cannot be started: No such file or directory");
}

TEST_CASE("line program: one that ended is written to without a signal, and one that waits is ended") {
  LineProgram silent({"true"});
  CHECK_THROWS_AS(silent.hear(), ChildFailure);
  const LineProgram waiting({"sleep", "1000"});
}

}  // namespace simrun
