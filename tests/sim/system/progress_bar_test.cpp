#include "sim/system/progress_bar.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "tests/sim/program.hpp"

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

TEST_CASE("progress: without a terminal a line now and then where that is asked for, else nothing") {
  const TemporaryFolder folder;
  const std::string file = folder.write("stderr", "");
  const int kept = ::dup(STDERR_FILENO);
  const int written = ::open(file.c_str(), O_WRONLY | O_TRUNC);
  ::dup2(written, STDERR_FILENO);
  {
    ProgressBar silent("silent");
    ProgressBar at_once("at once", 0.0);
    ProgressBar much_later("much later", 1e9);
    std::this_thread::sleep_for(std::chrono::milliseconds(1001));  // before that there are none
    for (const std::size_t done : {1, 2}) {
      for (ProgressBar* bar : {&silent, &at_once, &much_later}) bar->show({.done = done, .total = 3});
    }
  }
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  ::close(written);
  const std::string text = read_file(file);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK_THAT(text, Catch::StartsWith("at once [==========                    ] 1/3, ") &&
                       Catch::Contains("\nat once [====================          ] 2/3, "));
}

}  // namespace simrun
