// Collectives in simulated time against their closed forms. Notation: a = latency, B = bytes a second, n = bytes of a
// payload.

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/collectives/graph.hpp"
#include "sim/system/child_process.hpp"
#include "tests/sim/program.hpp"
#include "tests/sim/simulated_exchange.hpp"

namespace simrun {
namespace {

Switches switches_with(int hosts, BytesPerSecond uplink_bandwidth, Seconds uplink_latency) {
  Switches switches;
  switches.hosts_per_switch = hosts;
  switches.uplink_bandwidth = uplink_bandwidth;
  switches.uplink_latency = uplink_latency;
  return switches;
}

}  // namespace

TEST_CASE("ring: 2 (M - 1) steps of ceil(N / M) elements") {
  const std::uint64_t elements = 250'001;
  for (const int m : {1, 2, 3, 5, 8, 32}) {
    INFO(m << " workers");
    const double chunk = 4 * std::ceil(static_cast<double>(elements) / m);
    CHECK(simulated(star(), "ring", dense(elements), m).finish == close_to(2 * (m - 1) * (a + chunk / B)));
  }
}

TEST_CASE("100 MB among M = 32, 256, 1024: closed forms, ASTRA-sim, SMPI", "[large]") {
  // All for a star of 1 Gbps and 50 us. ASTRA-sim's figures came without their platform: 2 (M - 1) (a + n / (M B))
  // equal to 1.5533 at M = 32 and to 1.7009 at M = 1024 gives a = 50.0 us and n / B = 0.8001 s.
  const double n = 4.0 * 25'000'000;
  const auto off = [](double ours, double theirs) { return std::abs(ours / theirs - 1); };
  struct Figures {
    int m;
    double ring_astra, ring_smpi, halving_astra;
  };
  for (const Figures& f :
       {Figures{32, 1.5533, 1.5531, 1.5506}, {256, 1.6194, 1.6204, 1.5946}, {1024, 1.7009, 1.7039, 1.5995}}) {
    INFO(f.m << " workers");
    const double ring = simulated(star(), "ring", dense(25'000'000), f.m).finish;
    CHECK(ring == close_to(2 * (f.m - 1) * (a + 4 * std::ceil(n / 4 / f.m) / B)));
    CHECK(off(ring, f.ring_astra) < 2e-4);
    // MPI_Allreduce as a ring reduces the 64 values that M = 256 and 1024 leave over by themselves.
    CHECK(off(ring, f.ring_smpi) < (f.m == 32 ? 1e-4 : 2e-3));
    const double halving = simulated(star(), "halving-doubling", dense(25'000'000), f.m).finish;
    CHECK(halving == close_to(2 * std::log2(f.m) * a + 2 * (f.m - 1) * 4 * std::ceil(n / 4 / f.m) / B));
    CHECK(off(halving, f.halving_astra) < 1e-4);
  }
}

TEST_CASE("halving-doubling: 2 log2 M steps that move 2 (M - 1) / M n") {
  const std::uint64_t elements = 1 << 20;
  const double n = 4.0 * elements;
  for (const int m : {2, 4, 16, 32})
    CHECK(simulated(star(), "halving-doubling", dense(elements), m).finish ==
          close_to(2 * std::log2(m) * a + 2 * (m - 1.0) / m * n / B));
}

TEST_CASE("halving-doubling among M > P workers: the surplus payload in and out besides") {
  // Beyond the eager limit nobody sends to a rank that still waits for its surplus payload, so that it comes in alone.
  const std::uint64_t elements = 1 << 20;
  const double n = 4.0 * elements;
  for (const int m : {3, 5, 6, 7, 9, 13, 31}) {
    INFO(m << " workers");
    const double p = std::bit_floor(static_cast<unsigned>(m));
    CHECK(simulated(star(), "halving-doubling", dense(elements), m).finish ==
          close_to(2 * (a + n / B) + 2 * std::log2(p) * a + 2 * (p - 1) / p * n / B));
  }
}

TEST_CASE("halving-doubling: halves within the eager limit come early and delay the surplus payload") {
  // M = 6, n = 64 KiB: rank 4 hands n to rank 0 while rank 2, which has no such partner, already sends its first n / 2
  // there: both share rank 0's link for 1.5 n / B. Rank 0's own halves take 1/2 + 1/4, the way back 1/4 + 1/2, the
  // result for rank 4 another n: 4 n / B instead of 3.5.
  CHECK(simulated(star(), "halving-doubling", dense(16'384), 6).finish == close_to(6 * a + 4 * 65'536 / B));
  // In general that delay takes no more than the halves that are within the limit, 64 KiB.
  for (const int m : {3, 5, 7, 9, 13, 31}) {
    for (const int elements : {256, 16'384, 32'768, 65'536}) {
      INFO(m << " workers, " << elements << " elements");
      const int p = static_cast<int>(std::bit_floor(static_cast<unsigned>(m)));
      const double n = 4.0 * elements;
      double early = 0;
      for (int parts = 2; parts <= p; parts *= 2) early += n / parts <= 65'536 ? n / parts : 0;
      const double alone = 2 * (a + n / B) + 2 * std::log2(p) * a + 2 * (p - 1.0) / p * n / B;
      const double finish = simulated(star(), "halving-doubling", dense(elements), m).finish;
      CHECK(finish >= alone * (1 - 1e-9));
      CHECK(finish <= (alone + early / B) * (1 + 1e-9));
    }
  }
}

TEST_CASE("sparse halving: 2 ceil(log2 M) steps, in which all parts but one are sent twice, for any M") {
  for (const int m : {1, 2, 3, 5, 6, 8, 12, 33}) {
    for (const int each : {4, 400, 40'000}) {  // entries of a part
      INFO(m << " workers, " << each << " entries a part");
      const Payload payload = pairs(static_cast<std::uint64_t>(m) * 100'000, static_cast<std::uint64_t>(m * each));
      const double steps = std::bit_width(static_cast<unsigned>(m - 1));
      const Run run = simulated(star(), "sparse-halving", payload, m);
      CHECK(run.finish == close_to(2 * (steps * a + (m - 1) * (32 + 8.0 * each) / B)));
      CHECK(run.sent == 2 * (m - 1) * (32 + 8 * each));
    }
  }
}

TEST_CASE("balanced split: what all agree on, regions to eight workers at once, and their largest to all") {
  for (const int m : {2, 4, 8, 16, 32}) {
    for (const int each : {4, 400, 40'000}) {  // entries of a region
      INFO(m << " workers, " << each << " entries a region");
      const Payload payload = pairs(static_cast<std::uint64_t>(m) * 100'000, static_cast<std::uint64_t>(m * each));
      const double steps = 6 * std::log2(m) + std::ceil((m - 1) / 8.0);
      const double agreed = 2 * (m - 1.0) / m * (4 * m + 512) + 8 * (m - 1);
      const Run run = simulated(star(), "balanced-split", payload, m);
      CHECK(run.finish == close_to(steps * a + (agreed + 2 * (m - 1) * (32 + 8.0 * each)) / B));
      CHECK(run.sent == agreed + 2 * (m - 1) * (32 + 8 * each));
    }
  }
}

namespace {

/// When rank `rank` of a tree of m ranks has the payloads of all below it, where each takes `wire` seconds of a link
/// and leaves as soon as it is combined: they are there `a` later at the earliest, and the link takes one after the
/// other. The last is in when all that come from any one of them on have passed.
double all_collected(int rank, int m, double wire) {
  std::vector<double> begin;  // on this rank's link
  for (int distance = 1; rank % (2 * distance) == 0 && rank + distance < m; distance *= 2)
    begin.push_back(all_collected(rank + distance, m, wire) + a);
  std::sort(begin.begin(), begin.end());
  double end = 0;
  for (std::size_t i = 0; i < begin.size(); ++i)
    end = std::max(end, begin[i] + static_cast<double>(begin.size() - i) * wire);
  return end;
}

}  // namespace

TEST_CASE("tree: 2 ceil(log2 M) steps of a whole payload, where M is a power of two or payloads wait for receivers") {
  const auto formula = [](int m, double n) { return 2 * std::bit_width(static_cast<unsigned>(m - 1)) * (a + n / B); };
  for (const std::uint64_t entries : {10, 1000, 8188, 8189, 100'000}) {  // 8188 of them are 64 KiB
    const Payload payload = pairs(1'000'000, entries);
    const auto n = static_cast<double>(payload.size());
    for (const int m : {1, 2, 4, 8, 32}) {
      INFO(m << " workers, " << entries << " entries");
      CHECK(simulated(star(), "tree", payload, m).finish == close_to(formula(m, n)));
    }
    for (const int m : {3, 5, 6, 7, 9, 13, 31, 33}) {
      INFO(m << " workers, " << entries << " entries");
      const double finish = simulated(star(), "tree", payload, m).finish;
      if (n > 65'536) {
        CHECK(finish == close_to(formula(m, n)));
        continue;
      }
      // Up early, down as ever: every rank of the way down waits for one payload.
      CHECK(finish == close_to(all_collected(0, m, n / B) + formula(m, n) / 2));
      // Some rank is ceil(log2 M) - 1 edges from rank 0, so that no more than one step is saved.
      CHECK(finish < formula(m, n) * (1 - 1e-3));
      CHECK(finish >= formula(m, n) - (a + n / B) * (1 + 1e-9));
    }
  }
}

TEST_CASE("broadcast: ceil(log2 M) steps of a whole payload") {
  // The rank whose number has the most bits set waits for ceil(log2 M) of them where M is a power of two. Else rank 0
  // still sends as often, one after another, and the last of these is the rank next to it.
  for (const int m : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 31, 32, 33}) {
    INFO(m << " workers");
    const Payload payload = pairs(1'000'000, 100'000);
    const auto n = static_cast<double>(payload.size());
    CHECK(simulated(star(), "broadcast", payload, m).finish ==
          close_to(std::bit_width(static_cast<unsigned>(m - 1)) * (a + n / B)));
  }
}

TEST_CASE("gossip: a payload to both neighbours of a ring, which share the link, for any M") {
  const Payload payload = dense(250'000);
  const auto ends = [&](int m) { return simulated(star(), "gossip", payload, m).finish; };
  CHECK(ends(1) == 0);
  CHECK(ends(2) == close_to(a + 1e6 / B));
  for (const int m : {3, 4, 9, 32}) CHECK(ends(m) == close_to(a + 2e6 / B));
}

TEST_CASE("gossip: other graphs take as long as the link of the worker with the most neighbours") {
  const Payload payload = dense(250'000);
  const auto last = [&](const Graph& graph, int m) {
    const auto collective = find_collective("gossip")->make({.graph = graph});
    return std::ranges::max(
        ends(star(), m, [&](Transport& transport) { collective->exchange(transport, payload, nullptr); }));
  };
  for (const int m : {2, 3, 9, 32}) {
    INFO(m << " workers");
    std::vector<Edge> spokes;
    std::vector<Edge> path;
    for (int rank = 1; rank < m; ++rank) {
      spokes.emplace_back(0, rank);
      path.emplace_back(rank - 1, rank);
    }
    CHECK(last({Graph::Kind::complete}, m) == close_to(a + (m - 1) * 1e6 / B));
    CHECK(last(listed_graph(spokes), m) == close_to(a + (m - 1) * 1e6 / B));
    CHECK(last(listed_graph(path), m) == close_to(a + std::min(m - 1, 2) * 1e6 / B));
  }
}

TEST_CASE("sharded parameter server: M - 1 full shards in, M - 1 replies out") {
  // A full shard is ceil(ceil(N / 32) / M) words of 32 elements: 128 bytes each if dense, 4 as signs, which have a
  // header of 32 bytes. Those who have a short one, or none, are done earlier.
  for (const std::uint64_t elements : {100'000, 1'000'000}) {
    for (const int m : {2, 3, 7, 16, 31}) {
      INFO(m << " workers, " << elements << " elements");
      const double words = std::ceil(std::ceil(static_cast<double>(elements) / 32) / m);
      const auto formula = [&](double shard) { return close_to(2 * a + 2 * (m - 1) * shard / B); };
      CHECK(simulated(star(), "sharded-parameter-server", dense(elements), m).finish == formula(128 * words));
      CHECK(simulated(star(), "sharded-parameter-server", signs(elements), m).finish == formula(32 + 4 * words));
    }
  }
}

TEST_CASE("parameter server: M payloads into one link, M out of it") {
  const Payload payload = dense(100'000);
  const double n = 400'000;
  for (const int m : {2, 3, 16}) {
    CHECK(simulated(star(), "parameter-server", payload, m).finish == close_to(2 * a + 2 * m * n / B));
    CHECK(simulated(star(), "parameter-server", payload, m, Repeats::skipped, 0, ServerPlace::rank0).finish ==
          close_to(2 * a + 2 * (m - 1) * n / B));
  }
  CHECK(simulated(star(), "parameter-server", payload, 1).finish == 0);
}

TEST_CASE("all-gather as a ring and by doubling") {
  const Payload payload = pairs(50'000, 500);
  const double n = static_cast<double>(payload.size());
  for (const int m : {2, 3, 6, 8, 31, 32}) {
    INFO(m << " workers");
    CHECK(simulated(star(), "allgather-ring", payload, m).finish == close_to((m - 1) * (a + n / B)));
    // Bruck: ceil(log2 M) steps, M - 1 payloads in all.
    const double steps = std::bit_width(static_cast<unsigned>(m - 1));
    CHECK(simulated(star(), "allgather-doubling", payload, m).finish == close_to(steps * a + (m - 1) * n / B));
  }
}

TEST_CASE("a tree of switches: uplinks are shared and their latency added") {
  // Two switches of 4 hosts, payloads that all start when they are sent. In a doubling all-gather's last step all 8
  // ranks send 4 payloads to the other switch: 4 flows on an uplink of B share it, each gets B / 4. The steps before
  // (distance 1 and 2) cross it with 1 and 2 flows: time (1, 2, 4) x (1, 2, 4) n / B. Crossing adds 2 u; in the first
  // two steps only ranks at the edge cross, and the others begin the last step before them, so that the uplink is busy
  // from then on: 2 u counts once.
  Network network = star();
  Switches switches = switches_with(4, BytesPerSecond(B), Seconds(10e-6));
  network.topology = Tree{switches};
  const Payload payload = pairs(50'000, 2'000);
  const double n = static_cast<double>(payload.size());
  CHECK(simulated(network, "allgather-doubling", payload, 8).finish == close_to(3 * a + 20e-6 + (1 + 4 + 16) * n / B));
  // Where they wait for their receivers, every pair of ranks that meets in step 2 or 3 has one that crossed before.
  const Payload large = pairs(50'000, 10'000);
  CHECK(simulated(network, "allgather-doubling", large, 8).finish ==
        close_to(3 * (a + 20e-6) + (1 + 4 + 16) * static_cast<double>(large.size()) / B));
  // Inside one switch nothing crosses: as on a star.
  CHECK(simulated(network, "allgather-doubling", payload, 4).finish == close_to(2 * a + 3 * n / B));
  // Uplinks fast enough are no bottleneck.
  switches.uplink_bandwidth = BytesPerSecond(4 * B);
  network.topology = Tree{switches};
  CHECK(simulated(network, "ring", dense(8000), 8).finish == close_to(14 * (a + 20e-6 + 4000 / B)));
}

TEST_CASE("a chain of switches: what is between far switches shares every uplink on the way") {
  // Four switches of 2 hosts, u = latency of an uplink. Ranks by switch: of the ring's 8 edges 3 go right over one
  // uplink each, and the last, from rank 7 to rank 0, goes left over all three: nothing is shared, every step waits for
  // it.
  Network network = star();
  Switches switches = switches_with(2, BytesPerSecond(B), Seconds(10e-6));
  network.topology = Chain{switches};
  // A step is n = 2 MB, so that latency hardly tells when flows begin to share.
  const double n = 2e6;
  const Payload payload = dense(4'000'000);
  CHECK(simulated(network, "ring", payload, 8).finish == Approx(14 * n / B).epsilon(1e-2));
  // In turn: ranks 0 to 3 are on switches 0 to 3, so are 4 to 7. Edges 0-1, 1-2, 2-3, 4-5, 5-6, 6-7 go right over one
  // uplink each, two on each; 3-4 and 7-0 go left over all three, two on each.
  switches.placement = Switches::Placement::round_robin;
  network.topology = Chain{switches};
  CHECK(simulated(network, "ring", payload, 8).finish == Approx(14 * 2 * n / B).epsilon(1e-2));
  // A tree of 4 ranks, one a switch: round 0 crosses one uplink (0-1, 2-3), round 1 two (0-2); and back.
  switches.placement = Switches::Placement::by_switch;
  switches.hosts_per_switch = 1;
  network.topology = Chain{switches};
  CHECK(simulated(network, "tree", dense(1), 4).finish == close_to(2 * (2 * a + 3 * 10e-6 + 2 * 4 / B)));
}

TEST_CASE("placement changes who crosses an uplink, not what is sent") {
  // Two switches of 4 hosts with ranks in turn: every edge of the ring crosses, 4 each way share an uplink of B.
  Network network = star();
  Switches switches = switches_with(4, BytesPerSecond(B), Seconds(0));
  network.topology = Tree{switches};
  const Payload payload = dense(80'000);
  const Run grouped = simulated(network, "ring", payload, 8);
  CHECK(grouped.finish == close_to(14 * (a + 40'000 / B)));
  switches.placement = Switches::Placement::round_robin;
  network.topology = Tree{switches};
  const Run dealt = simulated(network, "ring", payload, 8);
  CHECK(dealt.finish == close_to(14 * (a + 4 * 40'000 / B)));
  CHECK(dealt.sent == grouped.sent);
}

TEST_CASE("hosts of several GPUs: what is inside is as fast as its links, what leaves shares the card") {
  // c = a chunk of the ring, i = latency inside, I = bandwidth of a GPU's links.
  constexpr double i = 10e-6;
  constexpr double I = 10 * B;
  constexpr double c = 40'000;
  Network network = star();
  network.gpus_per_host = 4;
  network.intra_host = {IntraHost::Kind::nvlink, BytesPerSecond(I), Seconds(i), {}};
  CHECK(simulated(network, "ring", dense(40'000), 4).finish == close_to(6 * (i + c / I)));
  // The four chunks of a step share a link of 2 I: each gets I / 2.
  network.intra_host = {IntraHost::Kind::pcie, BytesPerSecond(I), Seconds(i), BytesPerSecond(2 * I)};
  CHECK(simulated(network, "ring", dense(40'000), 4).finish == close_to(6 * (i + c / (I / 2))));
  // Eight ranks on two hosts: 3-4 and 7-0 cross, over both cards, the others are inside; all wait for those.
  CHECK(simulated(network, "ring", dense(80'000), 8).finish == close_to(14 * (i + a + c / B)));
  // In the steps of a doubling all-gather 1, 2 and 4 ranks of a host send 1, 2 and 4 n to the other and share its card;
  // those that send inside are done before.
  const Payload payload = pairs(50'000, 10'000);
  const double n = static_cast<double>(payload.size());
  CHECK(simulated(network, "allgather-doubling", payload, 8).finish == close_to(3 * (i + a) + (1 + 4 + 16) * n / B));
  // A host of one is on the network alone.
  network.gpus_per_host = 1;
  CHECK(simulated(network, "ring", dense(40'000), 4).finish == close_to(6 * (a + c / B)));
}

TEST_CASE("hosts of several GPUs on several switches: what leaves a switch shares its uplink as well") {
  // Four hosts of two GPUs, two on a switch. u = latency of an uplink, U its bandwidth.
  constexpr double i = 10e-6;
  constexpr double u = 5e-6;
  constexpr double U = B / 4;
  Network network = star();
  network.gpus_per_host = 2;
  network.intra_host = {IntraHost::Kind::nvlink, BytesPerSecond(10 * B), Seconds(i), {}};
  Switches switches = switches_with(2, BytesPerSecond(U), Seconds(u));
  // Of the ring's edges 3-4 and 7-0 cross, one over each uplink each way; over a core that is two uplinks.
  const double c = 40'000;
  network.topology = Tree{switches};
  CHECK(simulated(network, "ring", dense(80'000), 8).finish == close_to(14 * (i + a + 2 * u + c / U)));
  network.topology = Chain{switches};
  CHECK(simulated(network, "ring", dense(80'000), 8).finish == close_to(14 * (i + a + u + c / U)));
  // Hosts in turn: 1-2, 3-4, 5-6 and 7-0 all cross, two each way.
  switches.placement = Switches::Placement::round_robin;
  network.topology = Tree{switches};
  CHECK(simulated(network, "ring", dense(80'000), 8).finish == close_to(14 * (i + a + 2 * u + 2 * c / U)));
  // Seven ranks: the last host has one.
  switches.placement = Switches::Placement::by_switch;
  network.topology = Tree{switches};
  CHECK(simulated(network, "ring", dense(70'000), 7).finish == close_to(12 * (i + a + 2 * u + c / U)));
}

TEST_CASE("platform files: ranks are hosts in file order") {
  // Two switches of 17 hosts: ranks 0 to 16 are on the left one, so a ring of 16 stays there, at 1 Gbps and 2 x 25 us.
  Network network;
  network.topology = PlatformFile{SIMRUN_SOURCE_DIR "/platforms/two_switches.xml", {}};
  CHECK(simulated(network, "ring", dense(16'000), 16).finish == close_to(30 * (a + 4000 / B)));
  // Of 18 ranks one is on the right: some edge of the ring always crosses, and every step waits for it: 20 us more.
  CHECK(simulated(network, "ring", dense(18'000), 18).finish == close_to(34 * (a + 20e-6 + 4000 / B)));
  // In the fat tree neighbours 0 and 1 are two cables apart.
  network.topology = PlatformFile{SIMRUN_SOURCE_DIR "/platforms/fat_tree_16.xml", {}};
  CHECK(simulated(network, "ring", dense(2000), 2).finish == close_to(2 * (25e-6 + 4000 / B)));
}

TEST_CASE("zero latency costs none") {
  Network network = star();
  network.latency = Seconds(0);
  CHECK(simulated(network, "ring", dense(8000), 8).finish == close_to(14 * 4000 / B));
}

TEST_CASE("lv08 is SimGrid's own correction: 13.01 a and 97 % of B for one flow") {
  Network network = star();
  network.model = Network::Model::lv08;
  // Two ranks, one message each way at once, 2 steps. A short one is all latency.
  CHECK(simulated(network, "ring", dense(2), 2).finish == Approx(2 * 13.01 * a).epsilon(0.01));
  // A long one: acknowledgements of the flow the other way take 5 % of the link: rate 0.97 B / 1.05.
  CHECK(simulated(network, "ring", dense(20'000'000), 2).finish ==
        Approx(2 * (13.01 * a + 40e6 / (0.97 * B / 1.05))).epsilon(1e-3));
}

TEST_CASE("skipped repeats end when literal ones do", "[large]") {
  Network tree = star();
  Switches switches = switches_with(4, BytesPerSecond(B / 3), Seconds(1e-5));
  tree.topology = Tree{switches};
  Network shuffled = star();
  switches.placement = Switches::Placement::shuffled;
  shuffled.topology = Chain{switches};
  Network tcp = star();
  tcp.model = Network::Model::ethernet_tcp;
  Network bursts = tcp;  // that last for several steps
  bursts.tcp.burst = Bytes(100e3);
  for (const Network& network : {star(), tree, shuffled, tcp, bursts}) {
    for (const int m : {2, 3, 8, 21, 64}) {
      // Ranks that begin together, a little apart (steps overlap), and far apart (a whole exchange).
      for (const double stagger : {0.0, 3e-6, 2e-3}) {
        for (const char* name : {"ring", "allgather-ring"}) {
          INFO(name << ", " << m << " workers, stagger " << stagger << ", topology " << network.topology.index()
                    << ", model " << name_of(network.model) << ", burst " << network.tcp.burst.value);
          const Payload payload = std::string(name) == "ring" ? dense(100'000) : pairs(50'000, 500);
          const Run literal = simulated(network, name, payload, m, Repeats::literal, stagger);
          const Run skipped = simulated(network, name, payload, m, Repeats::skipped, stagger);
          CHECK(skipped.finish == Approx(literal.finish).epsilon(1e-9));
          CHECK(skipped.sent == literal.sent);
        }
      }
    }
  }
}

TEST_CASE("skipped repeats end when literal ones do where steps repeat by twos or eights", "[large]") {
  // Rings shuffled over chains of switches whose steps settle so: workers, hosts a switch, seed.
  Network network = star();
  Switches switches = switches_with(1, BytesPerSecond(B), Seconds(0));
  switches.placement = Switches::Placement::shuffled;
  for (const auto& [m, hosts, seed] : {std::array{24, 2, 10}, {24, 8, 10}, {32, 8, 12}, {48, 4, 9}, {48, 8, 4}}) {
    switches.hosts_per_switch = hosts;
    switches.placement_seed = seed;
    network.topology = Chain{switches};
    INFO(m << " workers, " << hosts << " a switch, seed " << seed);
    const Run literal = simulated(network, "ring", dense(269'722), m, Repeats::literal);
    const Run skipped = simulated(network, "ring", dense(269'722), m, Repeats::skipped);
    CHECK(skipped.finish == Approx(literal.finish).epsilon(1e-9));
    CHECK(skipped.sent == literal.sent);
  }
}

TEST_CASE("skipped repeats end when literal ones do where ring edges share an uplink") {
  // Hosts in turn on two switches: all edges of a ring of 8 cross the one link between them, 4 each way, and share it.
  std::string xml = R"(<?xml version="1.0"?><!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1"><zone id="world" routing="Floyd">)";
  std::string links = R"(<link id="between" bandwidth="1Gbps" latency="10us"/>)";
  std::string routes = R"(<route src="switch0" dst="switch1"><link_ctn id="between"/></route>)";
  for (int i = 0; i < 8; ++i) {
    const std::string n = std::to_string(i);
    xml += "<host id=\"h" + n + "\" speed=\"1Gf\"/>";
    links += "<link id=\"l" + n + "\" bandwidth=\"1Gbps\" latency=\"25us\"/>";
    routes +=
        "<route src=\"h" + n + "\" dst=\"switch" + std::to_string(i % 2) + "\"><link_ctn id=\"l" + n + "\"/></route>";
  }
  xml += "<router id=\"switch0\"/><router id=\"switch1\"/>" + links + routes + "</zone></platform>";
  const TemporaryFolder folder;
  Network network;
  network.topology = PlatformFile{folder.write("interleaved.xml", xml), {}};
  for (const double stagger : {0.0, 3e-6, 2e-3}) {
    INFO("stagger " << stagger);
    const Run literal = simulated(network, "ring", dense(100'000), 8, Repeats::literal, stagger);
    const Run skipped = simulated(network, "ring", dense(100'000), 8, Repeats::skipped, stagger);
    CHECK(skipped.finish == Approx(literal.finish).epsilon(1e-9));
    CHECK(skipped.sent == literal.sent);
  }
  // The link is what limits: a step moves 8 chunks of 50 kB over it, 3.2 ms; 14 steps.
  CHECK(simulated(network, "ring", dense(100'000), 8, Repeats::literal).finish ==
        Approx(14 * (60e-6 + 8 * 50'000 / B)).epsilon(1e-6));
}

TEST_CASE("the shortcut is taken: a literal all-gather hands over all parts, a skipped one a few") {
  const Payload payload = pairs(50'000, 500);
  CHECK(simulated(star(), "allgather-ring", payload, 64, Repeats::literal).messages == 64);
  CHECK(simulated(star(), "allgather-ring", payload, 64, Repeats::skipped).messages < 8);
}

TEST_CASE("ranks that wait for ever are an error, not a hang") {
  const auto run = [] {
    return run_in_child([] {
      Cluster cluster(star(), 2);
      cluster.run([](Transport& transport) { transport.receive(1 - transport.rank()); });
      return std::string("done");
    });
  };
  CHECK_THROWS_WITH(run(), Catch::Contains("wait for each other"));
}

TEST_CASE("a cluster in a process that has simulated it gives the same times to the last bit") {
  const auto finish = [](const Network& network, int workers) {
    std::vector<double> times;
    Cluster cluster(network, workers);
    cluster.run([&](Transport& transport) {
      transport.wait_until(Seconds(0.1 * transport.rank()));
      for (int step = 0; step < 3; ++step) {
        const Request sent = transport.start_send((transport.rank() + 1) % workers, {dense(100'000)}, step);
        transport.receive((transport.rank() + workers - 1) % workers, step);
        transport.wait(sent);
      }
      times.push_back(transport.now().value);
      if (transport.rank() == 1) cluster.stop();  // others may still have something to do
    });
    return times;
  };
  for (const Network::Model model : {Network::Model::ideal, Network::Model::ethernet_tcp}) {
    Network network = star();
    network.model = model;
    CHECK(run_in_child([&] {
            const std::vector<double> first = finish(network, 4);
            const std::vector<double> second = finish(network, 4);
            return std::string(!first.empty() && first == second ? "the same" : "not the same");
          }) == "the same");
  }
  CHECK_THROWS_WITH(run_in_child([&] {
                      finish(star(), 4);
                      finish(star(), 5);
                      return std::string();
                    }),
                    "a process simulates one cluster");
}

TEST_CASE("an error of a rank reaches the caller") {
  const auto run = [] {
    return run_in_child([] {
      Cluster cluster(star(), 4);
      cluster.run([](Transport& transport) {
        if (transport.rank() == 2) throw std::runtime_error("rank 2 gives up");
        transport.receive(2);
      });
      return std::string("done");
    });
  };
  CHECK_THROWS_WITH(run(), "rank 2 gives up");
}

}  // namespace simrun
