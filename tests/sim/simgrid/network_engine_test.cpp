// The network model `ideal` where links are unequal and meet: what physics gives, derived beside each case. Notation: n
// bytes of a payload, latencies as named.

#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "sim/simgrid/platform_file.hpp"
#include "sim/system/child_process.hpp"
#include "sim/text/error.hpp"
#include "tests/sim/program.hpp"
#include "tests/sim/simulated_exchange.hpp"

namespace simrun {
namespace {

constexpr double fast = 1.25e9;  ///< 10 Gbps
constexpr double slow = 12.5e6;  ///< 100 Mbps

std::string platform(const std::string& body) {
  return "<?xml version=\"1.0\"?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
         "<platform version=\"4.1\">\n" +
         body + "\n</platform>\n";
}

Network of_file(const std::string& file) {
  Network network;
  network.topology = PlatformFile{file, {}};
  return network;
}

/// Hosts h0, h1, ... in a line of half-duplex links.
std::string line(int hosts, const std::string& latency) {
  std::string body = "<zone id=\"z\" routing=\"Floyd\">";
  const auto number = [](int i) { return std::to_string(i); };
  for (int i = 0; i < hosts; ++i) body += "<host id=\"h" + number(i) + "\" speed=\"1Gf\"/>";
  for (int i = 0; i + 1 < hosts; ++i)
    body += "<link id=\"l" + number(i) + "\" bandwidth=\"100Mbps\" latency=\"" + latency + "\"/>";
  for (int i = 0; i + 1 < hosts; ++i)
    body += "<route src=\"h" + number(i) + "\" dst=\"h" + number(i + 1) + "\"><link_ctn id=\"l" + number(i) +
            "\"/></route>";
  return platform(body + "</zone>");
}

std::string cluster(const std::string& radical) {
  return platform("<cluster id=\"c\" prefix=\"n\" suffix=\"\" radical=\"" + radical +
                  "\" speed=\"1Gf\" bw=\"125MBps\" lat=\"25us\"/>");
}

/// What check_platform says, in a child process, of the hosts in use.
std::string said_of(const std::string& file, const std::vector<std::string>& hosts, int count) {
  try {
    return run_in_child([&] { return std::to_string(check_platform({file, hosts, count}).hosts); });
  } catch (const InputError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("ideal: a flow is as slow as its slowest link, also where others share its first one") {
  // Two hosts on the first switch, one behind an uplink of 100 Mbps: a server on rank 0 receives and sends n over it.
  Network tree;
  Switches switches;
  switches.hosts_per_switch = 2;
  switches.uplink_bandwidth = BytesPerSecond(slow);
  tree.topology = Tree{switches};
  tree.bandwidth = BytesPerSecond(fast);
  tree.latency = Seconds(20e-6);
  const Payload payload = dense(3'125'000);
  CHECK(simulated(tree, "parameter-server", payload, 3, Repeats::skipped, 0, ServerPlace::rank0).finish ==
        close_to(2 * (12.5e6 / slow + 20e-6)));
}

TEST_CASE("ideal: flows that meet share evenly, whatever their latencies") {
  // A chain of 8 switches, a host each, shuffled: latency adds at most 14 (1 + 7 x 10) us to 6.72 s, which the bytes
  // take.
  Network chain;
  chain.bandwidth = BytesPerSecond(slow);
  chain.latency = Seconds(1e-6);
  Switches switches;
  switches.uplink_bandwidth = BytesPerSecond(slow);
  switches.placement = Switches::Placement::shuffled;
  chain.topology = Chain{switches};
  const Payload payload = dense(4'000'000);
  const double without = simulated(chain, "ring", payload, 8).finish;
  switches.uplink_latency = Seconds(10e-6);
  chain.topology = Chain{switches};
  const double with = simulated(chain, "ring", payload, 8).finish;
  CHECK(with >= without);
  CHECK(with <= without + 14 * (1 + 7 * 10) * 1e-6);
}

TEST_CASE("ideal: hosts differ in rate and latency") {
  // A server on rank 0 receives from two workers, and sends to both.
  const TemporaryFolder folder;
  const auto served = [&](const std::string& name, const std::string& server, const std::string& near,
                          const std::string& far) {
    const auto card = [](const std::string& id, const std::string& what) {
      return "<host id=\"" + id + "\" speed=\"1Gf\"/><link id=\"nic-" + id + "\" sharing_policy=\"SPLITDUPLEX\" " +
             what + "/>";
    };
    const auto route = [](const std::string& from, const std::string& to) {
      return "<route src=\"" + from + "\" dst=\"" + to + "\"><link_ctn id=\"nic-" + from +
             "\" direction=\"UP\"/><link_ctn id=\"nic-" + to + "\" direction=\"DOWN\"/></route>";
    };
    const std::string zone = card("server", server) + card("near", near) + card("far", far) + route("server", "near") +
                             route("server", "far") + route("near", "far");
    const Network network =
        of_file(folder.write(name, platform("<zone id=\"z\" routing=\"Full\">" + zone + "</zone>")));
    return simulated(network, "parameter-server", dense(3'125'000), 3, Repeats::skipped, 0, ServerPlace::rank0).finish;
  };
  // The slow card is the far worker's.
  CHECK(served("slow.xml", "bandwidth=\"10Gbps\" latency=\"0us\"", "bandwidth=\"10Gbps\" latency=\"10us\"",
               "bandwidth=\"100Mbps\" latency=\"10us\"") == close_to(2 * (12.5e6 / slow + 10e-6)));
  // The server's card is busy each way from when the near worker's flow begins until the last one ends.
  CHECK(served("far.xml", "bandwidth=\"100Mbps\" latency=\"0us\"", "bandwidth=\"1Gbps\" latency=\"10us\"",
               "bandwidth=\"1Gbps\" latency=\"1ms\"") == close_to(2 * (2 * 12.5e6 / slow + 10e-6)));
}

TEST_CASE("ideal: a long message starts when its receiver is ready: rings on a line go in step") {
  // In each of 2 (M - 1) steps the link in the middle carries two chunks, one each way. Latency: between a = 10 us, of
  // neighbours, and that from end to end.
  const TemporaryFolder folder;
  const Payload payload = dense(4'000'000);
  for (const int m : {3, 4}) {
    const double chunk = 4.0 * static_cast<double>((4'000'000 + m - 1) / m);
    const double bytes = 2 * (m - 1) * 2 * chunk / slow;
    const double seen = simulated(of_file(folder.write("line.xml", line(m, "10us"))), "ring", payload, m).finish;
    CHECK(seen >= bytes + 2 * (m - 1) * 10e-6);
    CHECK(seen <= bytes + 2 * (m - 1) * (m - 1) * 10e-6 + 1e-9);
  }
}

TEST_CASE("an exchange of all with all takes as long as its messages one by one") {
  // Shards below, about and above 64 KiB, up to which messages are short: with 4,192,288 elements only the last one is.
  // Two ranks begin later than the others, and exchanges follow at once, so that replies meet slices, and streams other
  // streams and long messages. Where one begins as long after the other as a message takes (12,532 bytes), theirs come
  // to links at the same instant; where both are late, others wait for them alone.
  Network tree = star();
  Tree switches;
  switches.hosts_per_switch = 3;
  switches.uplink_bandwidth = BytesPerSecond(B);
  tree.topology = switches;
  Network buffered = star();
  buffered.tcp.send_buffer = Bytes(1e6);
  const Seconds slot(12'532 / (buffered.tcp.goodput * B));
  const Seconds late(10e-3);
  const std::vector<std::array<Seconds, 2>> begins = {{}, {slot, 2 * slot}, {late, late + slot}, {late, 2 * late}};
  const auto collective = find_collective("sharded-parameter-server")->make({});
  const Hollow hollow;
  for (Network network : {star(), tree, buffered}) {
    for (const Network::Model model : {Network::Model::ideal, Network::Model::ethernet_tcp}) {
      network.model = model;
      for (const std::uint64_t elements : {1000, 800'000, 4'192'288, 4'200'000}) {
        for (const std::array<Seconds, 2>& begin : begins) {
          const auto program = [&](Transport& transport) {
            if (transport.rank() / 2 == 2) transport.wait_until(begin[static_cast<std::size_t>(transport.rank() % 2)]);
            for (const Payload& payload : {signs(elements), signs(elements / 3), signs(elements)})
              collective->exchange(transport, payload, &hollow);
          };
          CAPTURE(elements, begin[0].value, begin[1].value, name_of(model));
          CHECK(ends(network, 8, program, Repeats::skipped) == ends(network, 8, program));
        }
      }
    }
  }
}

TEST_CASE("platform: the order of links in a route moves nothing") {
  const TemporaryFolder folder;
  const auto star_of = [](bool backbone_first) {
    std::string body =
        "<zone id=\"z\" routing=\"Full\"><link id=\"bb\" bandwidth=\"100Gbps\" latency=\"10us\" "
        "sharing_policy=\"FATPIPE\"/>";
    for (const char* h : {"0", "1", "2", "3"})
      body += std::string("<host id=\"h") + h + "\" speed=\"1Gf\"/><link id=\"n" + h +
              "\" bandwidth=\"100Mbps\" latency=\"20us\" sharing_policy=\"SPLITDUPLEX\"/>";
    const std::string backbone = "<link_ctn id=\"bb\"/>";
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        if (i == j) continue;
        const std::string a_ = std::to_string(i);
        const std::string b_ = std::to_string(j);
        const std::string up = "<link_ctn id=\"n" + a_ + "\" direction=\"UP\"/>";
        const std::string down = "<link_ctn id=\"n" + b_ + "\" direction=\"DOWN\"/>";
        body += "<route src=\"h" + a_ + "\" dst=\"h" + b_ + "\" symmetrical=\"NO\">" +
                (backbone_first ? backbone + up : up + backbone) + down + "</route>";
      }
    }
    return platform(body + "</zone>");
  };
  Network one = of_file(folder.write("nic.xml", star_of(false)));
  Network other = of_file(folder.write("backbone.xml", star_of(true)));
  const Payload payload = dense(269'720);
  const double n = static_cast<double>(payload.size());
  CHECK(simulated(one, "halving-doubling", payload, 4).finish == close_to(4 * 50e-6 + 1.5 * n / slow));
  CHECK(simulated(other, "halving-doubling", payload, 4).finish == close_to(4 * 50e-6 + 1.5 * n / slow));
  one.model = other.model = Network::Model::ethernet_tcp;
  CHECK(simulated(one, "ring", payload, 4).finish == close_to(simulated(other, "ring", payload, 4).finish));
}

TEST_CASE("platform: only the hosts that are used matter, and network.hosts chooses them") {
  const TemporaryFolder folder;
  const std::string file = folder.write("login.xml", platform(R"(<zone id="z" routing="Full">
    <host id="gpu1" speed="1Gf"/><host id="gpu2" speed="1Gf"/><host id="login" speed="1Gf"/>
    <link id="l" bandwidth="125MBps" latency="50us" sharing_policy="SPLITDUPLEX"/>
    <link id="m" bandwidth="12.5MBps" latency="50us" sharing_policy="SPLITDUPLEX"/>
    <route src="gpu1" dst="gpu2"><link_ctn id="l" direction="UP"/></route>
    <route src="login" dst="gpu1"><link_ctn id="m" direction="UP"/></route></zone>)"));
  CHECK(said_of(file, {}, 2) == "3");
  CHECK_THAT(said_of(file, {}, 3), Catch::Contains("no route from gpu2 to login"));
  CHECK_THAT(said_of(file, {"gpu1", "gpu9"}, 2), Catch::Contains("there is no host gpu9"));
  Network network = of_file(file);
  const Payload payload = dense(1'000'000);
  CHECK(simulated(network, "tree", payload, 2).finish == close_to(2 * (50e-6 + 4e6 / 125e6)));
  std::get<PlatformFile>(network.topology).hosts = {"login", "gpu1"};
  CHECK(simulated(network, "tree", payload, 2).finish == close_to(2 * (50e-6 + 4e6 / slow)));
}

TEST_CASE("platform: where Dijkstra finds routes, hosts that are not joined are named before SimGrid looks for them") {
  const TemporaryFolder folder;
  const auto said = [&](const std::string& routing, const std::string& symmetrical) {
    const std::string body = R"(<zone id="z" routing=")" + routing + R"(">
      <host id="a" speed="1Gf"/><host id="b" speed="1Gf"/><host id="c" speed="1Gf"/><host id="d" speed="1Gf"/>
      <router id="r"/><link id="l" bandwidth="125MBps" latency="50us"/>
      <route src="a" dst="r"><link_ctn id="l"/></route>
      <route src="r" dst="b" symmetrical=")" +
                             symmetrical + R"("><link_ctn id="l"/></route>
      <route src="c" dst="d"><link_ctn id="l"/></route></zone>)";
    const std::string file = folder.write("z.xml", platform(body));
    return said_of(file, {"a", "b"}, 2) + "; " + said_of(file, {}, 3);
  };
  for (const char* routing : {"Dijkstra", "DijkstraCache"}) {
    CHECK_THAT(said(routing, "YES"), Catch::StartsWith("4; ") && Catch::Contains("no route from a to c"));
    CHECK_THAT(said(routing, "NO"), Catch::Contains("no route from b to a") && !Catch::Contains("from a to"));
  }
  const char* old = R"(<AS id="z" routing="Dijkstra"><host id="a" speed="1Gf"/><host id="b" speed="1Gf"/></AS>)";
  CHECK_THAT(said_of(folder.write("as.xml", platform(old)), {}, 2), Catch::Contains("no route from a to b"));
}

TEST_CASE("platform: inner zones are not joined by Dijkstra, or hosts not with the gateway of theirs") {
  const TemporaryFolder folder;
  const auto zones = [&](bool all) {
    std::string body = R"(<zone id="w" routing="Dijkstra">)";
    for (const char* n : {"0", "1", "2"})
      body += std::string(R"(<zone id="p)") + n + R"(" routing="Full"><host id="h)" + n + R"(" speed="1Gf"/></zone>)";
    body += R"(<link id="l" bandwidth="125MBps" latency="50us"/>
      <zoneRoute src="p0" dst="p1" gw_src="h0" gw_dst="h1"><link_ctn id="l"/></zoneRoute>)";
    if (all) body += R"(<zoneRoute src="p1" dst="p2" gw_src="h1" gw_dst="h2"><link_ctn id="l"/></zoneRoute>)";
    return said_of(folder.write("w.xml", platform(body + "</zone>")), {}, 3);
  };
  CHECK(zones(true) == "3");
  CHECK_THAT(zones(false), Catch::Contains("no route from h0 to h2"));
  const auto inner = [&](bool all) {
    std::string body = R"(<zone id="o" routing="Full">)";
    for (const std::string n : {"0", "1"})
      body +=
          R"(<zone id="in)" + n + R"(" routing="Dijkstra"><host id="a)" + n + R"(" speed="1Gf"/><router id="g)" + n +
          R"("/><router id="q)" + n + R"("/><link id="l)" + n + R"(" bandwidth="1MBps" latency="1us"/><route src="g)" +
          n + R"(" dst="q)" + n + R"("><link_ctn id="l)" + n + R"("/></route>)" +
          (all || n == "0" ? R"(<route src="a)" + n + R"(" dst="g)" + n + R"("><link_ctn id="l)" + n + R"("/></route>)"
                           : "") +
          "</zone>";
    body += R"(<link id="x" bandwidth="1MBps" latency="1us"/>
      <zoneRoute src="in0" dst="in1" gw_src="g0" gw_dst="g1"><link_ctn id="x"/></zoneRoute></zone>)";
    return said_of(folder.write("inner.xml", platform(body)), {}, 2);
  };
  CHECK(inner(true) == "2");
  CHECK_THAT(inner(false), Catch::Contains("no route from a0 to a1"));
}

TEST_CASE("platform: 65,536 hosts can be used, and absurd numbers are refused") {
  const TemporaryFolder folder;
  const std::string file = folder.write("many.xml", cluster("0-65535"));
  CHECK(said_of(file, {}, 2) == "65536");
  CHECK(simulated(of_file(file), "tree", dense(1'000'000), 2).finish == close_to(2 * (50e-6 + 4e6 / 125e6)));
  CHECK_THAT(said_of(folder.write("absurd.xml", cluster("0-900000000")), {}, 2),
             Catch::Contains("more than 100000 hosts"));
}

}  // namespace simrun
