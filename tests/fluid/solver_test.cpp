// The oracle itself against cases that are solved by hand.

#include <catch2/catch.hpp>

#include "tests/fluid/programs.hpp"
#include "tests/fluid/solver.hpp"

namespace fluid {
namespace {

constexpr double always = 0;     // every message waits for its receiver
constexpr double at_once = 1e9;  // none does

Approx close_to(double value) {
  return Approx(value).epsilon(1e-12);
}

/// Hosts without routes yet.
Cluster hosts(int count, std::vector<Link> links) {
  return {std::move(links), std::vector<std::vector<Route>>(count, std::vector<Route>(count))};
}

/// A message of `bytes` from `from` to each of `to`, all at once; the receivers are ready.
std::vector<Program> to_all(int ranks, int from, const std::vector<int>& to, double bytes) {
  std::vector<Program> all(ranks);
  all[from] = {Step{}};
  for (const int r : to) {
    all[from][0].sends.push_back({r, bytes});
    all[r] = {Step{{}, {from}}};
  }
  return all;
}

std::vector<double> zeros(int count) {
  return std::vector<double>(count, 0.0);
}

}  // namespace

TEST_CASE("flows that meet share evenly, whatever their latencies") {
  // One link of 12.5 MB/s out of host 0, 10 us to host 1, 1 ms to host 2, 12.5 MB to each. The first flows alone for
  // 0.99 ms, 12,375 bytes, and then at half the rate; the link is never idle after 10 us and takes 2 s for all bytes.
  Cluster cluster = hosts(3, {{12.5e6, 0}, {125e6, 10e-6}, {125e6, 1e-3}});
  cluster.routes[0][1] = {{0, true}, {1, false}};
  cluster.routes[0][2] = {{0, true}, {2, false}};
  const auto ends = solve(cluster, to_all(3, 0, {1, 2}, 12.5e6), zeros(3), always);
  CHECK(ends[1] == close_to(1e-3 + (12.5e6 - 12'375) / 6.25e6));
  CHECK(ends[2] == close_to(10e-6 + 2));
  CHECK(ends[0] == ends[2]);
}

TEST_CASE("what a bottleneck leaves over goes to the others: progressive filling") {
  // Links A of 10 and B of 20 bytes/s; flows over A, over A and B, over B. A is full at 5 each, so B has 15 left for
  // the third. After 120 / 15 = 8 s that is done; the two of A go on at 5 and take 120 / 5 = 24 s.
  Cluster cluster = hosts(3, {{10, 0}, {20, 0}});
  cluster.routes[0][1] = {{0, true}};
  cluster.routes[0][2] = {{0, true}, {1, true}};
  cluster.routes[1][2] = {{1, true}};
  std::vector<Program> programs(3);
  programs[0] = {Step{{{1, 120}, {2, 120}}, {}}};
  programs[1] = {Step{{{2, 120}}, {}}, Step{{}, {0}}};
  programs[2] = {Step{{}, {1}}, Step{{}, {0}}};
  CHECK(solve(cluster, programs, zeros(3), at_once) == std::vector<double>{24, 24, 24});
  // Rank 2 is done with the first when it has that of rank 1: a fourth rank hears of it.
  programs[2].pop_back();
  CHECK(solve(cluster, programs, zeros(3), at_once)[2] == close_to(8));
}

TEST_CASE("flows that go opposite ways share half duplex links alone, and a link of nobody's is never full") {
  for (const auto& [sharing, seconds] : {std::pair{Sharing::each_way, 4.0}, {Sharing::both_ways, 8.0}}) {
    Cluster cluster = hosts(2, {{10, 0, sharing}});
    cluster.routes[0][1] = {{0, true}};
    cluster.routes[1][0] = {{0, false}};
    const std::vector<Program> swap = {{Step{{{1, 40}}, {1}}}, {Step{{{0, 40}}, {0}}}};
    CHECK(solve(cluster, swap, zeros(2), always) == std::vector<double>(2, seconds));
  }
  Cluster cluster = hosts(4, {{10, 0, Sharing::nobody}});
  for (int r = 1; r < 4; ++r) cluster.routes[0][r] = {{0, true}};
  CHECK(solve(cluster, to_all(4, 0, {1, 2, 3}, 40), zeros(4), always) == std::vector<double>(4, 4.0));
}

TEST_CASE("a message up to the eager limit starts when it is sent, a longer one when it is waited for, too") {
  // 40 bytes at 10 a second, 1 s on the way; the receiver comes after 3 s. Started at 0 it is there at 5, else at 8.
  Cluster cluster = hosts(2, {{10, 1}});
  cluster.routes[0][1] = {{0, true}};
  const std::vector<Program> one = to_all(2, 0, {1}, 40);
  CHECK(solve(cluster, one, {0, 3}, 40) == std::vector<double>{5, 5});
  CHECK(solve(cluster, one, {0, 3}, 39.9) == std::vector<double>{8, 8});
  // A receiver that comes after all has arrived goes on at once.
  CHECK(solve(cluster, one, {0, 7}, 40) == std::vector<double>{5, 7});
}

TEST_CASE("a ring over a line of half duplex links goes in step where messages wait for their receivers") {
  // Hosts 0, 1, 2 in a line, 100 Mbps, 10 us a link. Each of 4 steps moves n = 4 ceil(4,000,000 / 3) bytes 0 > 1, 1 > 2
  // and 2 > 1 > 0: two flows on each link, which is busy from 10 us on, 2 n / B long. The flow 2 > 0 is the last: it
  // starts 10 us after the others, and at rank 1, which has no part in it, a step ends 10 us before. Nobody can go on
  // without rank 0 and 2.
  Cluster cluster = hosts(3, {{12.5e6, 10e-6, Sharing::both_ways}, {12.5e6, 10e-6, Sharing::both_ways}});
  cluster.routes[0][1] = {{0, true}};
  cluster.routes[1][2] = {{1, true}};
  cluster.routes[2][0] = {{1, false}, {0, false}};
  const double n = 4 * 1'333'334;
  const double last = 4 * (10e-6 + 2 * n / 12.5e6);
  const auto ends = solve(cluster, ring(3, 4'000'000), zeros(3), always);
  CHECK(ends[0] == close_to(last));
  CHECK(ends[1] == close_to(last - 10e-6));
  CHECK(ends[2] == close_to(last));
}

TEST_CASE("ranks that wait for each other are an error") {
  Cluster cluster = hosts(2, {{10, 0}});
  cluster.routes[0][1] = {{0, true}};
  cluster.routes[1][0] = {{0, true}};
  // Both send first, and receive when that is done.
  const std::vector<Program> both = {{Step{{{1, 40}}, {}}, Step{{}, {1}}}, {Step{{{0, 40}}, {}}, Step{{}, {0}}}};
  CHECK_THROWS_WITH(solve(cluster, both, {0, 0}, always), "a rank waits for ever");
  CHECK(solve(cluster, both, {0, 0}, at_once) == std::vector<double>{8, 8});
}

}  // namespace fluid
