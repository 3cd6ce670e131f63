// Every collective with every codec that fits it, over the transport in memory: all ranks get the same result, it is
// the one that a sequential program gets, and the bytes on the wire are those of the formulas.

#include <bit>
#include <catch2/catch.hpp>

#include "kernels/layout.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/network/memory_transport.hpp"
#include "tests/sim/collective_cases.hpp"
#include "tests/sim/merged_parts.hpp"

namespace simrun {
namespace {

constexpr int worker_counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 16};

struct Exchanged {
  std::vector<Outcome> outcomes;            ///< by rank
  std::vector<Transport::Traffic> traffic;  ///< by rank, then the server's
};

Exchanged exchange_in_memory(const CollectiveCase& each, const std::vector<Payload>& payloads) {
  const auto collective = each.entry.make({.server = each.place});
  const auto aggregator = each.codec.aggregator();
  Exchanged all{std::vector<Outcome>(payloads.size()), std::vector<Transport::Traffic>(payloads.size() + 1)};
  const auto rank = [&](Transport& transport) {
    const auto r = static_cast<std::size_t>(transport.rank());
    all.outcomes[r] = collective->exchange(transport, payloads[r], aggregator.get());
    all.traffic[r] = transport.traffic();
  };
  const auto serve = [&](Transport& transport) {
    collective->serve(transport, *aggregator);
    all.traffic.back() = transport.traffic();
  };
  run_in_memory(each.workers, rank, each.has_server() ? std::function<void(Transport&)>(serve) : nullptr);
  return all;
}

}  // namespace

TEST_CASE("every collective gives every rank the sequential result") {
  for_each_case(worker_counts, [](const CollectiveCase& each, const std::string& words) {
    INFO(words);
    const auto payloads = payloads_of(each.codec, each.workers);
    const Exchanged all = exchange_in_memory(each, payloads);
    const auto expected = sequential_result(each.codec, payloads);
    for (const Outcome& outcome : all.outcomes) {
      CHECK(outcome.alike == 0);
      REQUIRE(outcome.parts.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) CHECK(outcome.parts[i] == expected[i]);
    }
  });
}

TEST_CASE("what is sent is received, and one worker sends nothing") {
  for_each_case(worker_counts, [](const CollectiveCase& each, const std::string& words) {
    INFO(words);
    const Exchanged all = exchange_in_memory(each, payloads_of(each.codec, each.workers));
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    for (const auto& traffic : all.traffic) {
      sent += traffic.sent;
      received += traffic.received;
    }
    CHECK(sent == received);
    CHECK((sent == 0) == (each.workers == 1));
  });
}

TEST_CASE("bytes on the wire follow the formulas") {
  const std::shared_ptr<const Primitives> primitives = make_cpu_primitives(1);
  const auto traffic_of = [&](const char* collective, const char* codec_name, int workers, std::size_t rank) {
    const auto codec = find_codec(codec_name)->make({}, primitives);
    const CollectiveCase each{*find_collective(collective), *codec, ServerPlace::own_host, workers};
    return exchange_in_memory(each, payloads_of(*codec, workers)).traffic[rank];
  };
  for (const int m : {2, 3, 7, 8}) {
    INFO(m << " workers");
    const auto workers = static_cast<std::uint64_t>(m);
    const std::uint64_t chunk = 4 * ((elements + workers - 1) / workers);
    const std::uint64_t pairs = 32 + 8 * kept;  // header, K indices, K values
    const std::uint64_t signs = 32 + 4 * 32;    // header, ceil(1000 / 32) = 32 words
    // Ring: 2 (M - 1) chunks of ceil(N / M) elements.
    CHECK(traffic_of("ring", "dense", m, 0).sent == 2 * (workers - 1) * chunk);
    // All-gather: everyone receives M - 1 payloads, however they come.
    CHECK(traffic_of("allgather-ring", "top-k", m, 0).received == (workers - 1) * pairs);
    CHECK(traffic_of("allgather-doubling", "top-k", m, 0).received == (workers - 1) * pairs);
    CHECK(traffic_of("allgather-ring", "scaled-signs", m, 0).received == (workers - 1) * (signs + 4));
    CHECK(traffic_of("allgather-doubling", "scaled-signs", m, 0).sent == (workers - 1) * (signs + 4));
    // gTop-k: rank 0 receives one payload from each of its ceil(log2 M) children and sends each one result.
    const auto children = static_cast<std::uint64_t>(std::bit_width(workers - 1));
    CHECK(traffic_of("tree", "gtop-k", m, 0).received == children * pairs);
    CHECK(traffic_of("tree", "gtop-k", m, 0).sent == children * pairs);
    // Parameter server: M payloads in, M replies out.
    CHECK(traffic_of("parameter-server", "signs", m, workers).received == workers * signs);
    CHECK(traffic_of("parameter-server", "signs", m, workers).sent == workers * signs);
    CHECK(traffic_of("parameter-server", "signs", m, 0).sent == signs);
  }
  // A ring of levels: of two workers each sends both chunks once, in blocks of 256 of 8 bits: 512 elements with two
  // scales; the other one's last 24 are zeros.
  CHECK(traffic_of("ring", "requantized-levels", 2, 0).sent == 2 * (32 + 2 * 4 + 512));
  // Halving-doubling on a power of two moves (M - 1) / M of the vector twice; 1000 elements are padded to 8 x 125.
  CHECK(traffic_of("halving-doubling", "dense", 8, 3).sent == 2 * 7 * 125 * 4);
}

TEST_CASE("parts that are merged: every worker sends the parts of all others, and then its own as often") {
  const auto codec = find_codec("parted-pairs")->make({}, make_cpu_primitives(1));
  for (const int m : {2, 3, 5, 8, 13}) {
    INFO(m << " workers");
    const CollectiveCase each{*find_collective("sparse-halving"), *codec, ServerPlace::own_host, m};
    std::uint64_t sent = 0;
    for (const auto& traffic : exchange_in_memory(each, payloads_of(*codec, m)).traffic) sent += traffic.sent;
    // Of K pairs in M parts, each with a header.
    const auto workers = static_cast<std::uint64_t>(m);
    CHECK(sent == 2 * (workers - 1) * (8 * kept + 32 * workers));
  }
}

TEST_CASE("parts that are merged: what is cut off and the result are all that was sent") {
  const auto codec = find_codec("parted-pairs")->make({}, make_cpu_primitives(1));
  for (const int m : worker_counts) {
    INFO(m << " workers");
    const CollectiveCase each{*find_collective("sparse-halving"), *codec, ServerPlace::own_host, m};
    const std::vector<Payload> payloads = payloads_of(*codec, m);
    std::vector<float> sent(elements);
    for (const Payload& payload : payloads) codec->decode(payload, 1, sent, {});
    const Exchanged all = exchange_in_memory(each, payloads);
    std::vector<float> found(elements);
    codec->decode(all.outcomes.front().parts.front(), 1, found, {});
    for (const Outcome& outcome : all.outcomes) {
      if (outcome.cut_off) codec->decode(*outcome.cut_off, 1, found, {});
    }
    CHECK(found == sent);
  }
}

namespace {

/// What rank 0 sends of K = 64 entries of 8 workers, whose values are `value` of (worker, entry).
std::uint64_t sent_by_first(const std::function<float(unsigned, unsigned)>& value) {
  constexpr unsigned m = 8;
  std::vector<Payload> payloads;
  for (unsigned worker = 0; worker < m; ++worker) {
    Pairs all;
    for (unsigned j = 0; j < 64; ++j) {
      all.indices.push_back(100 * j + worker);
      all.values.push_back(value(worker, j));
    }
    payloads.push_back(make_pairs(IndexCoding::raw32, 6400, {all.indices, all.values}));
  }
  const auto codec = find_codec("ok-top-k")->make({}, make_cpu_primitives(1));
  const CollectiveCase each{*find_collective("balanced-split"), *codec, ServerPlace::own_host, m};
  const Exchanged all = exchange_in_memory(each, payloads);
  CHECK(all.outcomes.front().parts == std::vector{largest_sums(payloads, 64)});
  return all.traffic.front().sent;
}

}  // namespace

TEST_CASE("a balanced split: 4 K words are sent where sums are spread evenly, 6 K where one worker has the largest") {
  // Both sums over all workers by parts, of 8 and of 128 fp32 values, and two numbers of each.
  const std::uint64_t agreed = 2 * 7 * (4 + 64) + 7 * 8;
  // Regions begin at entry 3.5 of those that have 0 to 7 there: the first worker has 9 in its own, and 8 in six others.
  const std::uint64_t own = 7 * 32 + 8 * (64 - 9);
  const std::uint64_t equal = 7 * (32 + 8 * 8);
  CHECK(sent_by_first([](unsigned worker, unsigned j) { return (j + 4) % 8 == worker ? 100.0F : 1.0F; }) ==
        agreed + own + equal);
  // All of the result is in the region of the first, who gives 7/8 of it away before all of it is gathered.
  CHECK(sent_by_first([](unsigned, unsigned j) { return j < 8 ? 100.0F : 1.0F; }) == agreed + own + 2 * equal);
}

TEST_CASE("payloads without contents move the same bytes as those with") {
  for_each_case(worker_counts, [](const CollectiveCase& each, const std::string& words) {
    INFO(words);
    const Combining combining = each.codec.combining();
    if (combining == Combining::merge || combining == Combining::vote || combining == Combining::lead) return;
    if (combining == Combining::sum_entries) return;
    std::vector<Payload> payloads = payloads_of(each.codec, each.workers);
    const Exchanged full = exchange_in_memory(each, payloads);
    for (Payload& payload : payloads) payload = payload.without_contents();
    const Exchanged empty = exchange_in_memory(each, payloads);
    for (std::size_t r = 0; r < full.traffic.size(); ++r) {
      CHECK(full.traffic[r].sent == empty.traffic[r].sent);
      CHECK(full.traffic[r].received == empty.traffic[r].received);
    }
    for (const Outcome& outcome : empty.outcomes) CHECK(outcome.bytes() == full.outcomes.front().bytes());
  });
}

TEST_CASE("gathered payloads without contents: each keeps its size and its place") {
  for_each_case(worker_counts, [](const CollectiveCase& each, const std::string& words) {
    INFO(words);
    if (each.codec.combining() != Combining::gather) return;
    std::vector<Payload> payloads = payloads_of(each.codec, each.workers);
    for (Payload& payload : payloads) payload = payload.without_contents();
    Payload::Header longer = payloads.front().header();
    longer.bytes += 4;
    payloads[payloads.size() / 2] = Payload::size_only(longer);
    for (const Outcome& outcome : exchange_in_memory(each, payloads).outcomes) CHECK(outcome.parts == payloads);
  });
}

TEST_CASE("the sharded server carries what the server carries, in shards of whole words") {
  // N = 1000 is 32 words; 5 shards of ceil(32 / 5) = 7 words: 224, 224, 224, 224, 104 elements. With 40 workers 8 get
  // no shard.
  const std::shared_ptr<const Primitives> primitives = make_cpu_primitives(1);
  const auto codec = find_codec("signs")->make({}, primitives);
  const auto among = [&](int workers) {
    return CollectiveCase{*find_collective("sharded-parameter-server"), *codec, ServerPlace::own_host, workers};
  };
  const Exchanged five = exchange_in_memory(among(5), payloads_of(*codec, 5));
  const std::uint64_t slice = 32 + 7 * 4;
  const std::uint64_t last = 32 + 4 * 4;  // 104 elements take 4 words
  // Rank 0 sends three full slices and the short one, then its own vote to four others.
  CHECK(five.traffic[0].sent == 3 * slice + last + 4 * slice);
  const auto many = payloads_of(*codec, 40);
  const Exchanged forty = exchange_in_memory(among(40), many);
  for (const Outcome& outcome : forty.outcomes) CHECK(outcome.parts == sequential_result(*codec, many));
}

TEST_CASE("the sharded server: levels come in shards of whole blocks, and sums of them go out densely") {
  // Blocks of 256: shards of 256, 256, 256 and 232 elements.
  const auto codec =
      find_codec("summed-levels")->make({.precision = Precision::bf16, .bits = 4}, make_cpu_primitives(1));
  const CollectiveCase four{*find_collective("sharded-parameter-server"), *codec, ServerPlace::own_host, 4};
  const Exchanged all = exchange_in_memory(four, payloads_of(*codec, 4));
  CHECK(all.traffic[0].sent == 2 * (32 + 4 + 128) + (32 + 4 + 116) + 3 * 512);
  CHECK(all.traffic[3].sent == 3 * (32 + 4 + 128) + 3 * 464);
  CHECK(all.outcomes[2].bytes() == 2000);
}

TEST_CASE("a rank that fails ends the run with its error") {
  const auto run = [] {
    run_in_memory(3, [](Transport& transport) {
      if (transport.rank() == 1) throw std::invalid_argument("rank 1 gives up");
      transport.receive(1);
    });
  };
  CHECK_THROWS_WITH(run(), "rank 1 gives up");
}

}  // namespace simrun
