// What an iteration's time consists of.

#include "sim/simulation/critical_path.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;
using Kind = PathPiece::Kind;

/// The path of a scenario with one method, and its times.
std::pair<std::vector<PathPiece>, Times> path_of(const json& scenario) {
  // simulate() runs in a child process, whose log is lost: what is logged comes out with the times.
  static constexpr const char* arguments = "explain s.json --format json";
  const TemporaryFolder folder;
  folder.write("s.json", scenario.dump());
  const Ended ended = run_program(arguments, folder.path());
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  const json all = json::parse(ended.out);
  std::vector<PathPiece> path;
  for (const json& piece : all.at("critical_path")) {
    PathPiece each;
    for (const Kind kind :
         {Kind::compute, Kind::encode, Kind::staging, Kind::decode, Kind::transfer, Kind::send, Kind::other}) {
      if (piece.at("kind") == name_of(kind)) each.kind = kind;
    }
    each.rank = piece.at("rank");
    each.sender = piece.at("sender").is_null() ? each.rank : piece.at("sender").get<int>();
    each.begin = Seconds(piece.at("begin_s"));
    each.end = Seconds(piece.at("end_s"));
    path.push_back(each);
  }
  Times times;
  times.iteration = Seconds(all.at("iteration_s"));
  return {path, times};
}

double in_kind(const std::vector<PathPiece>& path, Kind kind) {
  double time = 0;
  for (const PathPiece& piece : path) time += piece.kind == kind ? (piece.end - piece.begin).value : 0;
  return time;
}

}  // namespace

TEST_CASE("critical path: its pieces follow each other and last as long as the iteration", "[large]") {
  for (const json& method :
       {json{{"name", "sgd"}}, json{{"name", "sgd"}, {"collective", "halving-doubling"}},
        json{{"name", "sgd"}, {"collective", "tree"}}, json{{"name", "sgd"}, {"collective", "parameter-server"}}, top_k,
        json{{"name", "top-k"}, {"k", 10}, {"collective", "allgather-doubling"}}, gtop_k, json{{"name", "signsgd-mv"}},
        json{{"name", "signsgd-mv"}, {"collective", "sharded-parameter-server"}}}) {
    for (const char* model : {"ideal", "ethernet-tcp"}) {
      json scenario = tiny_scenario();
      scenario["methods"] = {method};
      scenario["network"]["model"] = model;
      INFO(method << " " << model);
      const auto [path, times] = path_of(scenario);
      REQUIRE_FALSE(path.empty());
      CHECK(path.front().begin.value == 0);
      for (std::size_t i = 1; i < path.size(); ++i) CHECK(std::abs((path[i].begin - path[i - 1].end).value) <= 2e-9);
      CHECK(path.back().end.value == Approx(times.iteration.value).epsilon(1e-6));
      // Forward and backward are 10 ms of it: nobody hides them.
      CHECK(in_kind(path, Kind::compute) == Approx(10 * ms).epsilon(1e-3));
    }
  }
}

TEST_CASE("critical path: a ring is computing, then 2 (M - 1) steps of a message each", "[large]") {
  // Four workers: six steps of 50 us and 1000 bytes at 125 MB/s, 8 us.
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  const auto [path, times] = path_of(scenario);
  CHECK(in_kind(path, Kind::transfer) == Approx(6 * (50e-6 + 8e-6)).epsilon(1e-6));
  CHECK(in_kind(path, Kind::other) == 0);
  std::set<int> ranks;
  for (const PathPiece& piece : path) {
    if (piece.kind != Kind::transfer) continue;
    CHECK((piece.sender + 1) % 4 == piece.rank);
    ranks.insert(piece.rank);
  }
  CHECK(ranks.size() == 4);
}

TEST_CASE("critical path: a straggler is on it", "[large]") {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["compute"]["stragglers"] = {{{"worker", 2}, {"factor", 2}}};
  const auto [path, times] = path_of(scenario);
  double of_straggler = 0;
  for (const PathPiece& piece : path) {
    if (piece.kind == Kind::compute && piece.rank == 2) of_straggler += (piece.end - piece.begin).value;
  }
  CHECK(of_straggler == Approx(20 * ms).epsilon(1e-6));
}

TEST_CASE("critical path: waits until a message has left are told from other gaps") {
  // One rank: 1 s of computing, sends that it waits for from 1.5 to 2 and from 2 to 4, 1 s of decoding from 4.5 on.
  Times times;
  times.iteration = Seconds(5.5);
  times.spans = {{{Activity::compute, Seconds(0), Seconds(1), Seconds(1)},
                  {Activity::decode, Seconds(4.5), Seconds(5.5), Seconds(1)}}};
  MessageLog log;
  log.add(SendWait{.rank = 0, .begin = Seconds(1.5), .end = Seconds(2)});
  log.add(SendWait{.rank = 0, .begin = Seconds(2), .end = Seconds(4)});
  log.add(SendWait{.rank = 1, .begin = Seconds(4), .end = Seconds(4.5)});
  std::string path;
  for (const PathPiece& piece : critical_path(times, log, Bytes(0)))
    path += std::string(name_of(piece.kind)) + " " + std::to_string((piece.end - piece.begin).value) + "; ";
  CHECK(path == "compute 1.000000; other 0.500000; send 0.500000; send 2.000000; other 0.500000; decode 1.000000; ");
}

TEST_CASE("critical path: votes go to the server and back", "[large]") {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "signsgd-mv"}}};
  const auto [path, times] = path_of(scenario);
  std::vector<std::pair<int, int>> ways;
  for (const PathPiece& piece : path) {
    if (piece.kind == Kind::transfer) ways.emplace_back(piece.sender, piece.rank);
  }
  REQUIRE(ways.size() == 2);
  CHECK(ways[0].second == 4);
  CHECK(ways[1].first == 4);
}

}  // namespace simrun
