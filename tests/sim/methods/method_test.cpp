#include "sim/methods/method.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace simrun {
namespace {

MethodChoice chosen(std::string_view name) {
  MethodChoice choice;
  choice.method = find_method(name);
  choice.codec = find_codec(choice.method->codec());
  choice.collective = find_collective(choice.method->collective());
  return choice;
}

}  // namespace

TEST_CASE("method: every one has a codec, and a default collective that can combine what it sends") {
  for (const MethodEntry& method : methods()) {
    INFO(method.name);
    for (const RoundEntry& round : method.rounds) REQUIRE(find_codec(round.codec) != nullptr);
    const std::vector<std::string> fitting = fitting_collectives(method, {});
    CHECK(std::find(fitting.begin(), fitting.end(), method.collective()) != fitting.end());
    CHECK(find_method(method.name) == &method);
    const std::vector<Round> rounds = make_rounds(chosen(method.name), make_cpu_primitives(1));
    CHECK(rounds.size() == method.rounds_with({}).size());
    for (const Round& round : rounds) {
      const Combining combining = round.codec->combining();
      const bool is_combined =
          combining != Combining::gather && combining != Combining::lead && combining != Combining::neighbours;
      CHECK((round.aggregator != nullptr) == is_combined);
    }
  }
  CHECK(find_method("no such method") == nullptr);
}

TEST_CASE("method: rounds before the last give one result, and the sizes of those after the first follow from shapes") {
  for (const MethodEntry& method : methods()) {
    INFO(method.name);
    const std::vector<Round> rounds = make_rounds(chosen(method.name), make_cpu_primitives(1));
    for (std::size_t r = 0; r + 1 < rounds.size(); ++r) {
      CHECK(rounds[r].codec->combining() != Combining::gather);
      CHECK_FALSE(rounds[r + 1].codec->sizes_need_contents());
      CHECK(rounds[r + 1].codec->shape(100, 10, {}));
      CHECK_FALSE(rounds[r].entry->stands_alone);
    }
  }
}

TEST_CASE("method: a collective that users choose goes through all rounds that it can, others keep theirs") {
  MethodChoice choice = chosen("powersgd");
  choice.collective = find_collective("tree");
  CHECK(label(choice) == "powersgd, tree");
  choice.options.rank = 2;
  CHECK(label(choice) == "powersgd, tree, rank 2");
  CHECK_FALSE(make_rounds(choice, make_cpu_primitives(1)).front().is_led());
  MethodChoice led = chosen("scalecom");
  led.collective = find_collective("parameter-server");
  CHECK(make_rounds(led, make_cpu_primitives(1)).front().is_led());
  CHECK(led.needs_server_host());
  CHECK(fitting_collectives(*led.method, {}) ==
        std::vector<std::string>{"ring", "halving-doubling", "tree", "parameter-server"});
  for (std::uint64_t step = 0; step < 9; ++step) CHECK(leader_of(step, 4) == static_cast<int>(step % 4));
}

TEST_CASE("method: K is max(1, round(density N)), or k, or all") {
  MethodChoice top_k = chosen("top-k");
  top_k.kept = Kept::share(0.001);
  CHECK(top_k.entries(2'500) == 3);  // 2.5, halves away from zero
  CHECK(top_k.entries(2'499) == 2);
  CHECK(top_k.entries(10) == 1);
  top_k.kept = Kept::number(7);
  CHECK(top_k.entries(10) == 7);
  CHECK(chosen("sgd").entries(10) == 10);
  CHECK(chosen("signsgd-mv").entries(10) == 10);
}

TEST_CASE("method: a label has what is not the default") {
  MethodChoice choice = chosen("top-k");
  CHECK(label(choice) == "top-k");
  CHECK(label(choice, Naming::with_collective) == "top-k, allgather-ring");
  choice.collective = find_collective("allgather-doubling");
  choice.options.index = IndexCoding::bitmap;
  CHECK(label(choice) == "top-k, allgather-doubling, bitmap");
  MethodChoice votes = chosen("signsgd-mv");
  votes.collective_options.server = ServerPlace::rank0;
  CHECK(label(votes) == "signsgd-mv, server on rank 0");
  CHECK_FALSE(votes.leaves_residual());
  CHECK(votes.collective->has_server);
  CHECK_FALSE(votes.needs_server_host());
  votes.collective_options.server = ServerPlace::own_host;
  CHECK(votes.needs_server_host());
}

}  // namespace simrun
