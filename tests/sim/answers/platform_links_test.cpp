// What bandwidth and latency of a platform file's links are worth: as much as those of the same network by its name.

#include <catch2/catch.hpp>
#include <set>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

std::string platform_of(const std::string& body) {
  return "<?xml version=\"1.0\"?><!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">"
         "<platform version=\"4.1\">" +
         body + "</platform>";
}

/// Hosts on one switch, `links` each way.
std::string switch_of(const std::string& name, int hosts, const std::string& links) {
  return "<cluster id=\"" + name + "\" prefix=\"" + name + "-\" suffix=\"\" radical=\"0-" + std::to_string(hosts - 1) +
         "\" speed=\"1Gf\" sharing_policy=\"SPLITDUPLEX\" router_id=\"" + name + "-switch\" " + links + "/>";
}

constexpr const char* host_links = R"(bw="125MBps" lat="25us")";

/// Two switches of two hosts, each joined to a core.
std::string tree_of(const std::string& of_hosts, const std::string& of_uplinks) {
  std::string body = "<zone id=\"world\" routing=\"Full\">" + switch_of("l", 2, of_hosts) + switch_of("r", 2, of_hosts);
  for (const char* name : {"l", "r"})
    body += "<link id=\"" + std::string(name) + "-up\" sharing_policy=\"SPLITDUPLEX\" " + of_uplinks + "/>";
  return platform_of(body + "<zoneRoute src=\"l\" dst=\"r\" gw_src=\"l-switch\" gw_dst=\"r-switch\">" +
                     "<link_ctn id=\"l-up\" direction=\"UP\"/><link_ctn id=\"r-up\" direction=\"DOWN\"/>" +
                     "</zoneRoute></zone>");
}

/// sgd, or a tenth of a million entries, on a device on which every operation takes 5 ms.
json sgd_or_top_k(const TemporaryFolder& folder) {
  json scenario = tiny_scenario();
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, 5 * ms)));
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {1'000'000}}}};
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "top-k"}, {"density", 0.1}}};
  return scenario;
}

json answered(const std::string& command, json scenario, const json& network, const TemporaryFolder& folder) {
  scenario["network"] = network;
  folder.write("s.json", scenario.dump());
  const Ended ended = run_program(command + " --format json", folder.path());
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  CHECK_THAT(ended.err, !Catch::Contains("platform file has its own"));
  return json::parse(ended.out);
}

}  // namespace

TEST_CASE("explain: links of a platform file are worth what they are by name", "[large]") {
  const TemporaryFolder folder;
  folder.write("star.xml", platform_of(switch_of("s", 4, host_links)));
  folder.write("tree.xml", tree_of(host_links, R"(bandwidth="25MBps" latency="10us")"));
  json scenario = sgd_or_top_k(folder);
  const char* model = GENERATE("ideal", "ethernet-tcp");
  const json by_name = {{"model", model}, {"bandwidth", "1 Gbps"}, {"latency", "50 us"}};
  const json named = answered("explain s.json sgd", scenario, by_name, folder);
  const json of_file = answered("explain s.json sgd", scenario, {{"model", model}, {"platform", "star.xml"}}, folder);
  CHECK(of_file["iteration_s"].get<double>() == Approx(named["iteration_s"].get<double>()).epsilon(1e-9));
  for (const char* what : {"bandwidth", "latency", "compute"})
    CHECK(of_file["shorter_by_1_percent_of"][what].get<double>() ==
          Approx(named["shorter_by_1_percent_of"][what].get<double>()).epsilon(1e-9));
  CHECK(of_file["conclusions"].back().get<std::string>().starts_with(
      "Of changes of 1 % the most worth is more bandwidth of the platform's links: "));
  // Of a tree all links are multiplied.
  scenario["network"] = by_name;
  scenario["network"].update(
      {{"topology", "tree"}, {"hosts_per_switch", 2}, {"uplink_bandwidth", "200 Mbps"}, {"uplink_latency", "10 us"}});
  scenario["methods"].erase(1);
  const Seconds now = times_of(scenario).iteration;
  scenario["network"].update({{"bandwidth", "1.01 Gbps"}, {"uplink_bandwidth", "202 Mbps"}});
  const Seconds faster = times_of(scenario).iteration;
  const json tree = answered("explain s.json", scenario, {{"model", model}, {"platform", "tree.xml"}}, folder);
  CHECK(tree["shorter_by_1_percent_of"]["bandwidth"].get<double>() == Approx(1 - faster / now).epsilon(1e-6));
}

TEST_CASE("plan: a platform file turns where the same network does by its name", "[large]") {
  const TemporaryFolder folder;
  folder.write("star.xml", platform_of(switch_of("s", 16, host_links)));
  json scenario = sgd_or_top_k(folder);
  scenario["plan"] = {{"methods", {"sgd", "top-k"}},
                      {"collective", {"ring", "allgather-ring"}},
                      {"grouping", {"model"}},
                      {"target", {{"efficiency", 0.8}}}};
  const json named = answered("plan s.json", scenario, {{"bandwidth", "1 Gbps"}, {"latency", "50 us"}}, folder);
  const json of_file = answered("plan s.json", scenario, {{"platform", "star.xml"}}, folder);
  std::set<std::string> turned;
  for (std::size_t i = 0; i < named["turns"].size(); ++i) {
    const json& expected = named["turns"][i];
    const json& found = of_file["turns"][i];
    const std::string axis = expected["axis"];
    const bool of_links = axis == "bandwidth" || axis == "latency";
    CHECK(found["axis"] == (of_links ? axis + " of the platform's links" : axis));
    if (of_links) CHECK(found["now"] == "the file's");
    CHECK(found["by"] == expected["by"]);
    REQUIRE(found["value"].is_null() == expected["value"].is_null());
    if (expected["value"].is_null()) continue;
    turned.insert(axis);
    const double unit = axis == "bandwidth" ? 1e9 : axis == "latency" ? 50e-6 : 1;
    CHECK(found["value"].get<double>() == Approx(expected["value"].get<double>() / unit).epsilon(1e-6));
  }
  CHECK(turned == std::set<std::string>{"bandwidth", "workers", "encoding of top-k"});
  const double least = named["least_bandwidth"]["value"];
  CHECK(of_file["least_bandwidth"]["value"].get<double>() == Approx(least / 1e9).epsilon(1e-6));
}

TEST_CASE("platform: links times a factor are those of a file that has them so") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {300'000}}}};
  scenario["methods"] = {{{"name", "sgd"}, {"collective", "halving-doubling"}},
                         {{"name", "sgd"}, {"collective", "parameter-server"}, {"server", "rank0"}},
                         {{"name", "signsgd-mv"}, {"collective", "sharded-parameter-server"}},
                         {{"name", "top-k"}, {"density", 0.01}}};
  const auto points_of = [&](const json& network) {
    scenario["network"] = network;
    folder.write("s.json", scenario.dump());
    const Ended ended = run_program("s.json --fresh -o out", folder.path());
    INFO(ended.err);
    REQUIRE(ended.status == 0);
    return read_file(folder.path() + "/out/points.csv");
  };
  const std::string slow = folder.write("slow.xml", tree_of(host_links, R"(bandwidth="25MBps" latency="10us")"));
  const std::string fast =
      folder.write("fast.xml", tree_of(R"(bw="250MBps" lat="100us")", R"(bandwidth="50MBps" latency="40us")"));
  for (const char* model : {"ideal", "ethernet-tcp", "lv08"}) {
    const std::string as_it_is = points_of({{"model", model}, {"platform", slow}});
    const std::string multiplied =
        points_of({{"model", model}, {"platform", slow}, {"bandwidth_factor", 2}, {"latency_factor", 4}});
    CHECK(multiplied == points_of({{"model", model}, {"platform", fast}}));
    CHECK(multiplied != as_it_is);
    CHECK(as_it_is == points_of({{"model", model}, {"platform", slow}, {"latency_factor", 1}}));
  }
}

}  // namespace simrun
