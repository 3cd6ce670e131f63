// The network model ethernet-tcp against its closed forms. Notation: a = latency, G = goodput in bytes a second, o =
// time of a message.

#include <array>
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "tests/sim/program.hpp"
#include "tests/sim/simulated_exchange.hpp"

namespace simrun {
namespace {

Network tcp() {
  Network network = star();
  network.model = Network::Model::ethernet_tcp;
  return network;
}

constexpr EthernetTcp usual;
constexpr double G = usual.goodput * B;
constexpr double o = usual.message.value;
constexpr double both_ways = 1 + usual.acknowledgements;

/// Seconds that a word of consent waits in a ring for a message of so many bytes: behind `queued_share` of what
/// is beyond the eager limit, at most behind the queue.
double waits(const EthernetTcp& tcp, double bytes) {
  return std::min(tcp.queued_share * (bytes - tcp.eager_limit.value), tcp.queue.value) / G;
}

/// The software of that name.
Network sent_by(std::string_view name) {
  Network network = tcp();
  for (const TcpSoftware& software : tcp_softwares()) {
    if (software.name == name) network.tcp = software.constants;
  }
  return network;
}

}  // namespace

TEST_CASE("ethernet-tcp: goodput is what headers, preamble and gap leave of a full frame") {
  // 1500 bytes of IP, of which IP takes 20 and TCP with timestamps 32; Ethernet adds 14 + 4, and 8 + 12 between frames.
  CHECK(usual.goodput == Approx((1500.0 - 20 - 32) / (1500 + 14 + 4 + 8 + 12)));
  CHECK(frame_goodput(Bytes(9001)) == Approx((9001.0 - 20 - 32) / (9001 + 14 + 4 + 8 + 12)));
  CHECK(frame_goodput(Bytes(9001)) == Approx(0.99004).epsilon(1e-5));
}

TEST_CASE("ethernet-tcp: an acknowledgement for two frames takes its bytes of the way back") {
  // 20 + 32 bytes of headers, more than the 46 that a frame holds at least: 52 + 14 + 4 + 8 + 12 = 90 bytes for two
  // full frames of MTU + 38. Where both ways are full, a share x of the link is left for data: x + x * 45 / (MTU + 38)
  // = 1.
  for (const double mtu : {1500.0, 9001.0}) {
    const double data = 1 / (1 + 45 / (mtu + 38));
    CHECK(1 / (1 + frame_acknowledgements(Bytes(mtu))) == Approx(data));
  }
  CHECK(frame_acknowledgements(Bytes(1500)) == Approx(0.02926).epsilon(1e-3));
  CHECK(frame_acknowledgements(Bytes(9001)) == Approx(0.00498).epsilon(1e-3));
}

TEST_CASE("ethernet-tcp: one message one way takes latency, goodput and the time of a message") {
  // A tree of two: rank 1 sends to rank 0, which sends the sum back. Nobody sends while receiving.
  for (const int elements : {1, 1000, 10'000'000})
    CHECK(simulated(tcp(), "tree", dense(elements), 2).finish == close_to(2 * (a + 4.0 * elements / G + o)));
}

TEST_CASE("ethernet-tcp: a ring of short messages sends both ways") {
  // Chunks of 40 kB stay below the eager limit.
  for (const int m : {3, 8})
    CHECK(simulated(tcp(), "ring", dense(10'000 * m), m).finish ==
          close_to(2 * (m - 1) * (a + both_ways * 40e3 / G + o)));
}

TEST_CASE("ethernet-tcp: longer messages of a ring wait for the receiver's word") {
  Network queues = tcp();
  queues.tcp.queued_share = 0.25;
  queues.tcp.queue = Bytes(150e3);
  for (const Network& network : {tcp(), queues}) {
    for (const double chunk : {100e3, 400e3, 4e6}) {
      const auto elements = static_cast<std::uint64_t>(chunk) / 4 * 8;
      CHECK(simulated(network, "ring", dense(elements), 8).finish ==
            close_to(14 * (a + both_ways * chunk / G + waits(network.tcp, chunk) + o)));
    }
  }
}

TEST_CASE("ethernet-tcp: two ranks send the word over the connection of their message, and do not wait") {
  const double chunk = 4e6;
  Network queues = tcp();
  queues.tcp.queued_share = 0.25;
  CHECK(simulated(queues, "ring", dense(2'000'000), 2).finish == close_to(2 * (a + both_ways * chunk / G + o)));
}

TEST_CASE("ethernet-tcp: a message from another rank than the one before takes longer where its receiver sends") {
  // Doubling among 4 ranks: one payload from rank + 1, then two from rank + 2; both below the eager limit.
  const Payload payload = pairs(100'000, 1000);
  const double n = static_cast<double>(payload.size());
  Network drifts = tcp();
  drifts.tcp.handover = 0.5;
  for (const Network& network : {tcp(), drifts})
    CHECK(simulated(network, "allgather-doubling", payload, 4).finish ==
          close_to(a + both_ways * n / G + o + a + (both_ways + network.tcp.handover) * 2 * n / G + o));
}

TEST_CASE("ethernet-tcp: a server's short replies leave one after another, long ones together") {
  // M short messages come one after another, and all but the last are taken in meanwhile; long ones arrive together and
  // are taken in one by one. Then the last reply takes as long as M messages, the first short one as long as one.
  const int m = 4;
  const double n = 20e3;
  const double short_ones_are_in = a + m * n / G + o;
  const Run in_turn = simulated(tcp(), "parameter-server", dense(5'000), m);
  CHECK(in_turn.first == close_to(short_ones_are_in + a + n / G + o));
  CHECK(in_turn.finish == close_to(short_ones_are_in + a + m * n / G + o));
  const double long_n = 4e6;
  const double long_ones_are_in = a + m * long_n / G + m * o;
  const Run together = simulated(tcp(), "parameter-server", dense(1'000'000), m);
  CHECK(together.first == close_to(long_ones_are_in + a + m * long_n / G + o));
  CHECK(together.finish == close_to(together.first));
}

TEST_CASE("ethernet-tcp: short messages that meet at a port wait in the switch, and their sender goes on") {
  const auto n = static_cast<double>(size_of({dense(12'500)}));
  const auto program = [](Transport& transport) {
    const Message message{dense(12'500)};
    const int rank = transport.rank();
    std::vector<Request> requests;
    if (rank < 2) requests.push_back(transport.start_send(2, message, 0));
    if (rank == 1) requests.push_back(transport.start_send(3, message, 0));
    if (rank == 2) requests = {transport.start_receive(0, 0), transport.start_receive(1, 0)};
    if (rank == 3) requests = {transport.start_receive(1, 0)};
    for (const Request request : requests) transport.wait(request);
  };
  const std::vector<double> done = ends(tcp(), 4, program);
  CHECK(done[2] == close_to(a + 2 * n / G + o));
  CHECK(done[3] == close_to(a + 2 * n / G + o));  // behind the one to rank 2 on their link alone
}

TEST_CASE("ethernet-tcp: short and long messages together take no more than the link's rate, and no less") {
  // 20 short messages of 50 kB from rank 1 and a long one of 5 MB from rank 0 fill the link of rank 2 until all are in,
  // whichever come first; the long one ends last.
  const double bytes = 20 * 50e3 + 5e6;
  for (const auto& [long_begin, short_begin] : {std::pair(0.0, 0.0), {1e-3, 0.0}, {0.0, 10e-3}}) {
    const auto program = [begin = std::array{long_begin, short_begin, 0.0}](Transport& transport) {
      const int rank = transport.rank();
      transport.wait_until(Seconds(begin[static_cast<std::size_t>(rank)]));
      std::vector<Request> requests;
      if (rank == 0) requests.push_back(transport.start_send(2, {dense(1'250'000)}, 0));
      if (rank == 2) requests.push_back(transport.start_receive(0, 0));
      for (int i = 0; i < 20; ++i) {
        if (rank == 1) requests.push_back(transport.start_send(2, {dense(12'500)}, 0));
        if (rank == 2) requests.push_back(transport.start_receive(1, 0));
      }
      for (const Request request : requests) transport.wait(request);
    };
    const std::vector<double> done = ends(tcp(), 3, program);
    CHECK(done[0] == close_to(a + bytes / G));
  }
}

TEST_CASE("ethernet-tcp: what NCCL spreads over connections takes longer, the less the faster the link is") {
  // Rings of 8. Chunks of 200 kB are not spread; of 4 MB a share of what is beyond 256 KiB takes longer, in proportion
  // to what is missing to 5.4 Gbit/s; from there on nothing does. At 10 Gbit/s, goodput is 9.4.
  Network nccl = sent_by("nccl");
  const EthernetTcp& constants = nccl.tcp;
  CHECK(constants.message.value == 0);
  CHECK(simulated(nccl, "ring", dense(400'000), 8).finish == close_to(14 * (a + both_ways * 200e3 / G)));
  const double spread = constants.striped_share * (1 - G / (5.4e9 / 8)) * (4e6 - 256 * 1024);
  CHECK(spread > 0.08 * 4e6);
  CHECK(simulated(nccl, "ring", dense(8'000'000), 8).finish == close_to(14 * (a + (both_ways * 4e6 + spread) / G)));
  nccl.bandwidth = BytesPerSecond(10 * B);
  CHECK(simulated(nccl, "ring", dense(8'000'000), 8).finish == close_to(14 * (a + both_ways * 4e6 / (10 * G))));
}

TEST_CASE("ethernet-tcp: who does not send waits for no connection") {
  const double n = 4e6;
  CHECK(simulated(sent_by("nccl"), "tree", dense(1'000'000), 2).finish == close_to(2 * (a + n / G)));
}

TEST_CASE("ethernet-tcp: on a platform the last host needs no route to the first") {
  const TemporaryFolder folder;
  Network line = tcp();
  line.topology = PlatformFile{folder.write("line.xml", R"(<?xml version="1.0"?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1"><zone id="line" routing="Full">
<host id="h0" speed="1Gf"/><host id="h1" speed="1Gf"/><host id="h2" speed="1Gf"/>
<link id="l0" bandwidth="1Gbps" latency="50us"/><link id="l1" bandwidth="1Gbps" latency="50us"/>
<route src="h0" dst="h1"><link_ctn id="l0"/></route><route src="h1" dst="h2"><link_ctn id="l1"/></route>
</zone></platform>)"),
                               {}};
  CHECK(simulated(line, "tree", dense(10'000), 2).finish == close_to(2 * (a + 40e3 / G + o)));
}

TEST_CASE("ethernet-tcp: nothing waits below the eager limit, and nothing longer than the queue takes") {
  EthernetTcp queues = usual;
  queues.queued_share = 0.25;
  queues.queue = Bytes(150e3);
  CHECK(queues.rendezvous(queues.eager_limit, BytesPerSecond(G)).value == 0);
  CHECK(queues.rendezvous(Bytes(1e9), BytesPerSecond(G)).value == Approx(queues.queue.value / G));
  CHECK(usual.rendezvous(Bytes(1e9), BytesPerSecond(G)).value == 0);
}

TEST_CASE("a shaper lets its burst through at once, and again after as long a pause as the link takes for it") {
  const Bytes burst(6000);
  const BytesPerSecond rate(1e6);
  Shaper shaper;
  CHECK(shaper.left(Seconds(1), burst, rate).value == 6000);
  shaper.take(Seconds(1), Bytes(2000), burst, rate);
  CHECK(shaper.left(Seconds(1), burst, rate).value == Approx(4000));
  shaper.take(Seconds(1), Bytes(10'000), burst, rate);  // 12 ms of the link's time, of which 6 ms are the burst
  CHECK(shaper.left(Seconds(1), burst, rate).value == 0);
  CHECK(shaper.left(Seconds(1.006), burst, rate).value == Approx(0).margin(1e-6));
  CHECK(shaper.left(Seconds(1.009), burst, rate).value == Approx(3000));
  CHECK(shaper.left(Seconds(2), burst, rate).value == 6000);
}

TEST_CASE("ethernet-tcp: on shaped links a message costs what is beyond the burst") {
  Network shaped = tcp();
  shaped.tcp.burst = Bytes(6000);
  // The bucket is empty at first; the sum comes back after more than the 51 us that fill it.
  CHECK(simulated(shaped, "tree", dense(2500), 2).finish == close_to(a + 10'000 / G + o + a + (10'000 - 6000) / G + o));
}

TEST_CASE("ethernet-tcp: no link carries more than its rate, however much it lets through at once") {
  // 63 steps of 4 kB: a bucket of 1 MB is never full, and what it lets through was the link's to carry before.
  Network shaped = tcp();
  shaped.tcp.burst = Bytes(1e6);
  const Payload payload = pairs(50'000, 500);
  CHECK(simulated(shaped, "allgather-ring", payload, 64).finish >= 63 * static_cast<double>(payload.size()) / G);
}

}  // namespace simrun
