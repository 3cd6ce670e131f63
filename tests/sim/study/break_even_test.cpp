// The longest encoding with which a method is as fast as sgd.

#include "sim/study/break_even.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

/// Four workers on a device on which every operation takes `seconds`.
json scenario_of(const json& method, double seconds, const TemporaryFolder& folder) {
  json scenario = tiny_scenario();
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, seconds)));
  scenario["methods"] = {method};
  return scenario;
}

Times sgd_of(json scenario) {
  scenario["methods"] = {{{"name", "sgd"}}};
  return times_of(scenario);
}

double iteration_with(const json& scenario, double factor) {
  return times_of(scenario, [&](Setup& setup) { setup.plan.encode_factor = factor; }).iteration.value;
}

Times seconds_of(double iteration) {
  Times times;
  times.iteration = Seconds(iteration);
  return times;
}

}  // namespace

TEST_CASE("break-even: an iteration that encodes for so long takes as long as sgd's", "[large]") {
  // Methods that win and methods that lose: sgd exchanges for 0.35 ms with 4 workers, top-k for 0.15 ms, and encodes
  // and decodes for 5 us or 97 us each.
  const TemporaryFolder folder;
  const json elias_fano = {{"name", "top-k"}, {"k", 10}, {"index", "elias-fano"}};
  for (const double seconds : {0.005 * ms, 0.097 * ms}) {
    for (const json& method :
         {top_k, elias_fano, json{{"name", "top-k"}, {"k", 10}, {"collective", "allgather-doubling"}},
          json{{"name", "signsgd-mv"}}, json{{"name", "signsgd-mv"}, {"collective", "sharded-parameter-server"}},
          json{{"name", "gtop-k"}, {"k", 10}}, json{{"name", "sgd"}, {"precision", "fp16"}}}) {
      for (const char* model : {"ideal", "ethernet-tcp"}) {
        for (const json& stragglers : {json(), json{{{"worker", 1}, {"factor", 1.5}}}}) {
          INFO(method << " " << seconds << " " << model << " " << stragglers);
          json scenario = scenario_of(method, seconds, folder);
          scenario["network"]["model"] = model;
          if (!stragglers.is_null()) scenario["compute"]["stragglers"] = stragglers;
          const Times times = times_of(scenario);
          const Seconds sgd = sgd_of(scenario).iteration;
          const auto longest = break_even(times, sgd);
          REQUIRE(longest);
          if (longest->value == 0) {
            CHECK(iteration_with(scenario, 0) >= sgd.value * (1 - 1e-6));
          } else {
            CHECK(iteration_with(scenario, *longest / times.encode) == Approx(sgd.value).epsilon(1e-6));
          }
        }
      }
    }
  }
}

TEST_CASE("break-even: the time that a method is faster by, and what it encodes for now") {
  Times times = seconds_of(10);
  times.encode = Seconds(2);
  times.pause = Seconds(4);
  CHECK(break_even(times, Seconds(15)) == Seconds(7));
  CHECK(break_even(times, Seconds(9)) == Seconds(1));
  CHECK(break_even(times, Seconds(8)) == Seconds(0));
  CHECK(break_even(times, Seconds(5)) == Seconds(0));
  // A shorter encoding brings exchanges together: by 1 here, of the half that there is between them.
  times.pause = Seconds(0.5);
  CHECK_FALSE(break_even(times, Seconds(9)));
  CHECK(break_even(times, Seconds(15)) == Seconds(7));
  times.pause = Seconds(-0.1);
  CHECK_FALSE(break_even(times, Seconds(15)));
  times.pause.reset();
  CHECK_FALSE(break_even(times, Seconds(15)));
}

TEST_CASE("break-even: between exchanges lies what the period has beyond the first begin and the last end") {
  const auto rank = [](double begin, double end) {
    IterationRecord record;
    record.exchanges = {{Activity::communication, Seconds(begin), Seconds(end), Seconds(end - begin)}};
    return record;
  };
  Setup setup;
  setup.plan.stages.resize(1);
  const std::vector<IterationRecord> ranks = {rank(2, 9), rank(1, 4)};
  CHECK(pause_between_exchanges(setup, Seconds(10), ranks) == Seconds(2));
  CHECK(pause_between_exchanges(setup, Seconds(7), ranks) == Seconds(-1));
  CHECK(pause_between_exchanges(setup, Seconds(7), {IterationRecord()}) == Seconds(7));
  setup.network.model = Network::Model::ethernet_tcp;
  CHECK(pause_between_exchanges(setup, Seconds(10), ranks) == Seconds(2));
  setup.network.tcp.burst = Bytes(1000);
  CHECK_FALSE(pause_between_exchanges(setup, Seconds(10), ranks));
  setup.network.tcp.burst = Bytes(0);
  setup.plan.stages.resize(2);
  CHECK_FALSE(pause_between_exchanges(setup, Seconds(10), ranks));
}

TEST_CASE("break-even: the search finds where the iteration crosses sgd's") {
  Times times = seconds_of(0);
  times.encode = Seconds(1);
  times.compute = Seconds(4);
  int runs = 0;
  const auto search = [&](double sgd, const std::function<double(double)>& iteration) {
    runs = 0;
    const Times found = search_break_even(times, Seconds(sgd), [&](double factor) {
      ++runs;
      Times some = seconds_of(iteration(factor));
      some.encode = factor * times.encode;
      return some;
    });
    return found.encode.value;
  };
  // Hidden at first, then on the way: 10 until 2, then 3 more a second. 16 at 4. A chord from (0, 10) to (12, 40) hits
  // 16 at 2.4, still too short; all must not take many runs.
  const auto bent = [](double x) { return std::max(10.0, 4 + 3 * x); };
  CHECK(search(16, bent) == Approx(4).epsilon(1e-6));
  CHECK(runs <= 8);
  // Not even for nothing; and for nothing alone.
  CHECK(search(9, bent) == 0);
  CHECK(search(10, [](double x) { return 10 + x; }) == Approx(0).margin(1e-6));
  // A jump from 12 to 20 at 3.
  CHECK(search(16, [](double x) { return x <= 3 ? 9 + x : 17 + x; }) == Approx(3).epsilon(1e-6));
  CHECK(runs <= 70);
}

TEST_CASE("break-even: a column where sgd is there to be compared with, 0 where it cannot be beaten") {
  const TemporaryFolder folder;
  json scenario = scenario_of(top_k, 0.005 * ms, folder);
  scenario["sweep"] = {{"workers", {1, 4}}};
  folder.write("alone.json", scenario.dump());
  const Ended alone = run_program("alone.json --format csv", folder.path());
  REQUIRE(alone.status == 0);
  for (const auto& row : parse_csv(alone.out)) CHECK(row.at("encode_break_even_s").empty());
  scenario["methods"] = {
      {{"name", "sgd"}}, top_k, {{"name", "sgd"}, {"collective", "tree"}}, {{"name", "sgd"}, {"precision", "fp16"}}};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json --format csv", folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  const auto rows = parse_csv(run.out);
  REQUIRE(rows.size() == 8);
  // fp32 values are not encoded. One worker sends nothing: what it decodes it loses.
  for (const std::size_t sgd : {0U, 2U, 4U, 6U}) CHECK(rows[sgd].at("encode_break_even_s").empty());
  CHECK(rows[1].at("encode_break_even_s") == "0");
  CHECK(rows[3].at("encode_break_even_s") == "0");
  for (const std::size_t i : {5U, 7U}) {
    CHECK(number(rows[i], "encode_break_even_s") ==
          Approx(number(rows[4], "iteration_s") - (number(rows[i], "iteration_s") - number(rows[i], "encode_s"))));
  }
  const Ended table = run_program("s.json", folder.path());
  CHECK_THAT(table.out, Catch::Contains(" break-even\n") && Catch::Contains(" never\n"));
}

TEST_CASE("break-even: of several groups it is searched for when asked for, and kept") {
  const TemporaryFolder folder;
  json scenario = scenario_of(top_k, 0.02 * ms, folder);
  scenario["network"]["latency"] = "1 ms";
  scenario["schedule"] = {{"grouping", "tensor"}};
  const json one = scenario;
  scenario["methods"] = {{{"name", "sgd"}}, top_k};
  folder.write("s.json", scenario.dump());
  const auto row = [&](const std::string& options) {
    const Ended run = run_program("s.json --format csv " + options, folder.path());
    INFO(run.err);
    REQUIRE(run.status == 0);
    return parse_csv(run.out).at(1);
  };
  CHECK(row("").at("encode_break_even_s").empty());
  CHECK_THAT(unwrapped(run_program("s.json", folder.path()).out),
             Catch::Contains("even; --break-even: how long it may take\n"));
  const auto found = row("--break-even");
  const double factor = number(found, "encode_break_even_s") / number(found, "encode_s");
  CHECK(factor > 1);
  CHECK(iteration_with(one, factor) == Approx(sgd_of(one).iteration.value).epsilon(1e-6));
  // Two points, and the second at its break-even, which a run that does not ask for it leaves alone.
  const auto kept = [&] { return records_in(folder.path() + "/results/s/points").size(); };
  CHECK(kept() == 3);
  CHECK(row("").at("encode_break_even_s").empty());
  CHECK(kept() == 3);
  CHECK(row("--break-even") == found);
  CHECK(row("--break-even --fresh") == found);
  CHECK(kept() == 3);
}

}  // namespace simrun
