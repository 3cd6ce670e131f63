// What a point's result is, from what its ranks saw.

#include "sim/study/measurement.hpp"

#include <catch2/catch.hpp>

namespace simrun {
namespace {

IterationRecord finished(double at, double compute) {
  IterationRecord record;
  record.finish = Seconds(at);
  record.compute = Seconds(compute);
  record.result_bytes = 7;
  record.traffic = {100, 200};
  return record;
}

/// Two workers. Of the last finishes 2, 3, 5, 6 (the second worker's, but for 5) the first ends the warm-up: the
/// iterations took 1, 2 and 1.
std::vector<RankMeasurement> two_workers() {
  std::vector<RankMeasurement> ranks(2);
  for (const double at : {1.5, 2.5, 5.0, 5.5}) ranks[0].iterations.push_back(finished(at, 0.25));
  for (const double at : {2.0, 3.0, 4.0, 6.0}) ranks[1].iterations.push_back(finished(at, 0.5));
  ranks[0].payload_bytes = 10;
  ranks[1].payload_bytes = 20;
  return ranks;
}

}  // namespace

TEST_CASE("measurement: an iteration is the median time between last finishes") {
  const PointResult result = point_result(two_workers(), 2, 1);
  const Times& times = *result.times;
  CHECK(times.iteration.value == 1);
  // Linear between order statistics of 1, 1, 2: at 0.05 x 2 = 0.1 and 0.95 x 2 = 1.9 of the way.
  CHECK(times.interval->low.value == Approx(1));
  CHECK(times.interval->high.value == Approx(1.9));
  // The first of those that took 1 was finished last by the second worker.
  CHECK(times.compute.value == 0.5);
  CHECK(times.communication.value == 0.5);
  CHECK(times.result_bytes == 7);
  CHECK(result.payload_bytes == 15);
}

TEST_CASE("measurement: a server's traffic counts, its payloads do not") {
  std::vector<RankMeasurement> ranks = two_workers();
  RankMeasurement& server = ranks.emplace_back();
  server.iterations.emplace_back().traffic = {300, 150};
  const PointResult result = point_result(ranks, 2, 1);
  CHECK(result.times->sent_bytes == 300);
  CHECK(result.times->received_bytes == 200);
  CHECK(result.payload_bytes == 15);
}

TEST_CASE("measurement: local steps that are not waited for are added, and times are means over all") {
  std::vector<RankMeasurement> ranks = two_workers();
  for (IterationRecord& record : ranks[1].iterations) record.exchanging = Seconds(0.5);
  // Of 10 steps 2 were waited for in 1 s, 0.5 s of them computing: the other 8 take 2 s.
  const PointResult result = point_result(ranks, 2, 1, {{.steps = 10, .fragments = 2}, 2, Seconds(2)});
  const Times& times = *result.times;
  CHECK(times.iteration.value == Approx(0.3));
  CHECK(times.compute.value == Approx(0.25));
  CHECK(times.communication.value == Approx(0.05));
  CHECK(times.interval->low.value == Approx(0.3));
  CHECK(times.interval->high.value == Approx(0.39));
  REQUIRE(times.exchange);
  CHECK(times.exchange->value == Approx(0.25));  // of a fragment
  CHECK(times.sent_bytes == 10);
}

TEST_CASE(
    "measurement: steps are waited for that may overlap with an exchange, and two more; all where workers differ") {
  IterationPlan plan;
  const auto waited = [&](std::int64_t steps, std::int64_t fragments, std::int64_t delay) {
    plan.local = {.steps = steps, .fragments = fragments, .delay = delay};
    return measured_steps(plan).waited;
  };
  CHECK(waited(1, 1, 0) == 1);
  CHECK(waited(500, 1, 0) == 2);
  CHECK(plan.local.is_local());
  CHECK(waited(100, 8, 1) == 24);
  CHECK(waited(100, 8, 12) == 100);  // exchanges meet
  plan.forward = Seconds(1);
  plan.update = Seconds(0.5);
  plan.stages.emplace_back().backward = {Seconds(2), Seconds(0.5)};
  plan.local = {.steps = 500};
  CHECK(measured_steps(plan).not_waited.value == Approx(498 * 4));
  plan.pace.stragglers = {{0, 2}};
  CHECK(waited(500, 1, 0) == 500);
  CHECK(measured_steps(plan).not_waited.value == 0);
  plan.pace = {.jitter = 0.1, .stragglers = {}};
  CHECK(waited(500, 1, 0) == 500);
}

TEST_CASE("measurement: what a rank saw comes back from text to the last bit") {
  RankMeasurement seen = two_workers()[0];
  seen.iterations[0].finish = Seconds(0.1 + 0.2);
  seen.iterations[0].encode = Seconds(1e-9);
  seen.iterations[0].decode = Seconds(3);
  seen.iterations[0].exchanging = Seconds(0.7);
  seen.used["encode.pairs"] = {{1, 2}, {0.1, 0.3}};
  const RankMeasurement back = deserialised(serialised(seen));
  REQUIRE(back.iterations.size() == 4);
  CHECK(back.iterations[0].finish.value == 0.1 + 0.2);
  CHECK(back.iterations[0].compute.value == 0.25);
  CHECK(back.iterations[0].encode.value == 1e-9);
  CHECK(back.iterations[0].decode.value == 3);
  CHECK(back.iterations[0].exchanging.value == 0.7);
  CHECK(back.iterations[0].result_bytes == 7);
  CHECK(back.iterations[0].traffic.sent == 100);
  CHECK(back.iterations[0].traffic.received == 200);
  CHECK(back.payload_bytes == 10);
  REQUIRE(back.used.at("encode.pairs").size() == 2);
  CHECK(back.used.at("encode.pairs")[1].most == 0.3);
}

}  // namespace simrun
