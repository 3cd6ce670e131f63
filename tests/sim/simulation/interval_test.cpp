// What is known of an iteration's time besides the time.

#include "sim/simulation/interval.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

Span span(Activity activity, double begin, double end) {
  return {activity, Seconds(begin), Seconds(end), Seconds(end - begin)};
}

/// A rank that exchanged at these times, and decoded and staged at those.
IterationRecord rank(std::vector<Span> exchanges, std::vector<Span> work = {}) {
  IterationRecord record;
  record.exchanges = std::move(exchanges);
  record.spans = std::move(work);
  return record;
}

Span exchange(double begin, double end) {
  return span(Activity::communication, begin, end);
}

/// Four workers on a device on which every operation takes 1 ms.
json scenario_of(const json& method, const TemporaryFolder& folder) {
  json scenario = tiny_scenario();
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, ms)));
  scenario["methods"] = {method};
  return scenario;
}

/// The same network, every transfer taking `factor` times as long.
void slow_down(Setup& setup, double factor) {
  setup.network.latency = factor * setup.network.latency;
  setup.network.bandwidth = setup.network.bandwidth / factor;
}

/// The iteration with the network's times known to a band of `factor`, and with the network as slow as its upper end.
std::pair<Times, Times> known_and_slower(const json& scenario, double factor) {
  return {times_of(scenario,
                   [&](Setup& setup) {
                     setup.network_error = NetworkError{{1 / factor, factor}};
                   }),
          times_of(scenario, [&](Setup& setup) { slow_down(setup, factor); })};
}

}  // namespace

TEST_CASE("interval: deviations add in quadrature, each side on its own") {
  CHECK_FALSE(interval_around(Seconds(10), {}));
  const Deviation none = deviation(Seconds(5), Band{});
  CHECK_FALSE(interval_around(Seconds(10), {.device = none, .network = {}, .own_network = 0, .jitter = {}}));
  // 3 of 30 down and 4 of 20 up; 4 down and 3 up: 5 each way.
  const Deviation first = deviation(Seconds(10), {.low = 0.7, .high = 1.4});
  const Deviation second = deviation(Seconds(20), {.low = 0.8, .high = 1.15});
  const auto both = interval_around(Seconds(100), {.device = first, .network = second, .own_network = 0, .jitter = {}});
  REQUIRE(both);
  CHECK(both->low.value == Approx(95));
  CHECK(both->high.value == Approx(105));
  const auto one = interval_around(Seconds(100), {.device = first, .network = none, .own_network = 0, .jitter = {}});
  CHECK(one->low.value == Approx(97));
  CHECK(one->high.value == Approx(104));
}

TEST_CASE("interval: what two iterations have in common moves their difference only by what it moves one more") {
  // Both networks off by 0.8 to 1.5: 8 s become 6.4 to 12 s, 2 s become 1.6 to 3 s. So a difference of 6 s becomes 4.8
  // to 9 s. Added in quadrature as if each were off by itself, it would be 4.35 to 10.1 s.
  const Band band{.low = 0.8, .high = 1.5};
  const Deviations long_one{.device = {}, .network = deviation(Seconds(8), band), .own_network = 0, .jitter = {}};
  const Deviations short_one{.device = {}, .network = deviation(Seconds(2), band), .own_network = 0, .jitter = {}};
  const Interval apart = difference(Seconds(11), long_one, Seconds(5), short_one);
  CHECK(apart.low.value == Approx(4.8));
  CHECK(apart.high.value == Approx(9));
  const Interval turned = difference(Seconds(5), short_one, Seconds(11), long_one);
  CHECK(turned.low.value == Approx(-9));
  CHECK(turned.high.value == Approx(-4.8));
  // The same twice: nothing is left.
  const Interval none = difference(Seconds(11), long_one, Seconds(11), long_one);
  CHECK(none.low.value == 0);
  CHECK(none.high.value == 0);
  // What each has for itself is added in quadrature: 1.6 down and 1 up.
  const Deviations alone{.device = {}, .network = deviation(Seconds(8), band), .own_network = 1, .jitter = {}};
  const Interval own = difference(Seconds(11), alone, Seconds(5), short_one);
  CHECK(own.low.value == Approx(6 - std::hypot(1.6, 1)));
  CHECK(own.high.value == Approx(6 + std::hypot(4, 0.4)));
  // Jitter is each one's own: 3 down against 4 up is 5 down.
  const Deviations jitters{.device = {}, .network = {}, .own_network = 0, .jitter = {Seconds(3), Seconds(0)}};
  const Deviations other{.device = {}, .network = {}, .own_network = 0, .jitter = {Seconds(0), Seconds(4)}};
  CHECK(difference(Seconds(20), jitters, Seconds(10), other).low.value == Approx(5));
  CHECK(difference(Seconds(20), jitters, Seconds(10), other).high.value == Approx(10));
}

TEST_CASE("interval: no network is so fast that a worker's own work takes no time", "[large]") {
  // Two groups, each exchanged for 6 ms and more; the first begins 1.2 ms before the backward pass ends.
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["network"]["latency"] = "1 ms";
  scenario["schedule"] = {{"grouping", "tensor"}};
  const Times times = times_of(scenario, [](Setup& setup) { setup.network_error = NetworkError{{0.01, 2}}; });
  REQUIRE(times.interval);
  CHECK(times.deviations.network.longer > times.communication);  // what is hidden would be longer, too
  CHECK(times.interval->low >= times.compute * (1 - 1e-9));
}

TEST_CASE("interval: no network is so fast that bytes take less than its bandwidth has them take", "[large]") {
  json scenario = tiny_scenario();
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {900'000}}}, {{"name", "b"}, {"shape", {100'000}}}};
  scenario["methods"] = {{{"name", "sgd"}}};
  const auto fast = [](Setup& setup) { setup.network_error = NetworkError{{0.01, 2}}; };
  const Times whole = times_of(scenario, fast);
  const Seconds wire = Seconds(static_cast<double>(whole.sent_bytes) / 125e6);
  REQUIRE(whole.interval);
  CHECK(whole.interval->low.value == Approx((whole.compute + wire).value).epsilon(1e-9));
  CHECK(whole.interval->low < whole.iteration);
  scenario["schedule"] = {{"grouping", "tensor"}};
  const Times overlapping = times_of(scenario, fast);
  CHECK(overlapping.interval->low.value >= wire.value);
}

TEST_CASE("interval: what is wholly hidden is known to take nothing", "[large]") {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}, {"local_steps", 100}, {"delay", 50}}};
  scenario["network"]["bandwidth"] = "100 Gbps";
  const Times times = times_of(scenario, [](Setup& setup) { setup.network_error = NetworkError{{0.5, 2}}; });
  REQUIRE(times.communication.value == 0);
  REQUIRE(times.interval);
  CHECK(times.interval->low == times.iteration);
  CHECK(times.interval->high == times.iteration);
}

TEST_CASE("interval: the network counts from where exchanges follow one another, without what is done in them") {
  const auto time = [](std::vector<IterationRecord> ranks) { return network_time(ranks).value; };
  CHECK(time({rank({})}) == 0);
  CHECK(time({rank({exchange(1, 4)})}) == 3);
  // A gap: the second exchange waited for its gradients.
  CHECK(time({rank({exchange(1, 4), exchange(5, 7)})}) == 2);
  CHECK(time({rank({exchange(0, 1), exchange(2, 4), exchange(4, 5), exchange(5, 7)})}) == 5);
  // Computing goes on beside the exchange; merges and copies hold it up.
  CHECK(time({rank({exchange(1, 4)}, {span(Activity::compute, 1, 2), span(Activity::decode, 2, 2.5),
                                      span(Activity::staging, 3.5, 5)})}) == 2);
  // Of several ranks the one that waits for no other.
  CHECK(time({rank({exchange(1, 4)}), rank({exchange(3, 4)})}) == 1);
}

TEST_CASE("interval: where all is exchanged at once, the upper end is the iteration on a network as slow as that") {
  const TemporaryFolder folder;
  for (const json& method : {json{{"name", "sgd"}}, json{{"name", "sgd"}, {"collective", "halving-doubling"}}, top_k,
                             gtop_k, json{{"name", "signsgd-mv"}, {"collective", "sharded-parameter-server"}}}) {
    for (const json& stragglers : {json(), json{{{"worker", 1}, {"factor", 2}}}}) {
      INFO(method << " " << stragglers);
      json scenario = scenario_of(method, folder);
      if (!stragglers.is_null()) scenario["compute"]["stragglers"] = stragglers;
      const auto [known, slower] = known_and_slower(scenario, 2);
      REQUIRE(known.interval);
      // Waiting for what others combine, at most twice 1 ms here, counts as waiting for the network.
      const bool waits = method["name"] == "signsgd-mv" || (method == gtop_k && !stragglers.is_null());
      CHECK(known.interval->high.value >= slower.iteration.value * (1 - 1e-6));
      CHECK(known.interval->high.value <= slower.iteration.value * (1 + 1e-6) + (waits ? 2 * ms : 0));
    }
  }
}

TEST_CASE("interval: where exchanges overlap the backward pass, its ends are right to first order") {
  const TemporaryFolder folder;
  for (const char* bandwidth : {"1 Gbps", "1 Mbps"}) {  // the network waits for the device, and the other way round
    INFO(bandwidth);
    json scenario = scenario_of({{"name", "sgd"}}, folder);
    scenario["network"]["bandwidth"] = bandwidth;
    scenario["schedule"] = {{"grouping", "tensor"}};
    const auto [near, slower] = known_and_slower(scenario, 1.001);
    REQUIRE(near.interval);
    CHECK((near.interval->high - near.iteration).value ==
          Approx((slower.iteration - near.iteration).value).epsilon(1e-3));
    // A network twice as slow hides less: the iteration is convex in its times.
    const auto [far, twice] = known_and_slower(scenario, 2);
    CHECK(far.interval->high.value <= twice.iteration.value * (1 + 1e-9));
  }
}

TEST_CASE("interval: a measured device's is that of encoding and decoding") {
  const TemporaryFolder folder;
  DeviceProfile profile = measured_profile({1e-6, 1e12}, ms);
  json scenario = scenario_of(gtop_k, folder);
  scenario["device"] = folder.write("measured.json", profile_text(profile));
  const Times times = times_of(scenario);
  REQUIRE(times.interval);
  // Off the grid: quantiles 0.8 and 1.2, interpolation off by 1 % in the median, drift from 0.99 to 1.02.
  const double shared = std::hypot(1.645 / 0.674 * std::log(1.01), std::log(1.02 / 0.99));
  const double low = std::exp(-std::hypot(std::log(0.8), shared));
  const double high = std::exp(std::hypot(std::log(1.2), shared));
  const Seconds coding = times.encode + times.decode;
  CHECK(coding.value > 2 * ms);
  CHECK((times.iteration - times.interval->low).value == Approx((1 - low) * coding.value).epsilon(1e-3));
  CHECK((times.interval->high - times.iteration).value == Approx((high - 1) * coding.value).epsilon(1e-3));
  // sgd neither encodes nor decodes.
  scenario["methods"] = {{{"name", "sgd"}}};
  CHECK_FALSE(times_of(scenario).interval);
}

TEST_CASE("interval: with two reasons it is wider than with each, and narrower than both together") {
  const TemporaryFolder folder;
  json scenario = scenario_of(gtop_k, folder);
  scenario["device"] = folder.write("measured.json", profile_text(measured_profile({1e-6, 1e12}, ms)));
  const auto width = [](const Times& times) { return (times.interval->high - times.iteration).value; };
  const double device = width(times_of(scenario));
  const double both = width(times_of(scenario, [](Setup& setup) { setup.network_error = NetworkError{{0.5, 2}}; }));
  scenario["device"] = folder.path() + "/even.json";
  const double network = width(times_of(scenario, [](Setup& setup) { setup.network_error = NetworkError{{0.5, 2}}; }));
  CHECK(both == Approx(std::hypot(device, network)).epsilon(1e-9));
}

TEST_CASE("interval: a device of which nothing is known is off by nothing, exactly") {
  // Sums of such times in another order differ in their last bits.
  DeviceProfile profile = even_profile({1e-6, 1e12}, 0.1 / 3);
  DeviceTimes times(profile);
  for (const double entries : {10.0, 100.0, 1000.0}) {
    Work work{.stage = Stage::combine, .kind = PayloadKind::pairs, .index = IndexCoding::elias_fano};
    work.elements = 1e6;
    work.entries = entries;
    work.parts = 7;
    work.result_entries = entries;
    times.of(work);
  }
  CHECK(times.band().low == 1);
  CHECK(times.band().high == 1);
}

TEST_CASE("interval: none from a scaled device on an ideal network; the heading says what others leave out") {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, ms)));
  scenario["methods"] = {{{"name", "sgd"}}, top_k, {{"name", "gtop-k"}, {"k", 10}, {"index", "delta"}}};
  scenario["sweep"] = {{"workers", {2, 3, 8}}};
  folder.write("s.json", scenario.dump());
  const Ended ideal = run_program("s.json", folder.path());
  REQUIRE(ideal.status == 0);
  CHECK_THAT(ideal.out, !Catch::Contains("interval"));
  scenario["network"]["model"] = "ethernet-tcp";
  folder.write("s.json", scenario.dump());
  CHECK_THAT(unwrapped(run_program("s.json", folder.path()).out),
             Catch::Contains("2 to 8 hosts; leaves out coding (scaled times)\n"));
  // Its selection is published, all else modelled.
  scenario["device"] = "p102-100";
  folder.write("s.json", scenario.dump());
  CHECK_THAT(unwrapped(run_program("s.json", folder.path()).out),
             Catch::Contains("modelled times of device p102-100; leaves out coding (published times)\n"));
}

TEST_CASE("interval: a modelled device's launches and share of bandwidth move an iteration between their bounds") {
  // top-k of 10 of 1000 elements: a launch, 12,000 + 1,420 bytes to encode; four payloads, 2,880 bytes to decode.
  const TemporaryFolder folder;
  json device = {{"format", 2},           {"name", "modelled"},          {"device", "none"},
                 {"software", "none"},    {"provenance", "modelled"},    {"source", "made up"},
                 {"bandwidth", "1 GB/s"}, {"operations", json::object()}};
  device["model"] = {{"launch", {"2 us", "3 us", "5 us"}}, {"bandwidth_share", {0.5, 0.75, 1.0}}};
  json scenario = scenario_of(top_k, folder);
  scenario["device"] = folder.write("modelled.json", device.dump());
  const Times times = times_of(scenario);
  const double bytes = (12'000 + 1'420 + 2'880) / 1e9;
  CHECK(times.encode.value + times.decode.value == Approx(5 * 3e-6 + bytes / 0.75).epsilon(1e-9));
  REQUIRE(times.interval);
  // The band is one for all that the device does, and is taken from iterations that begin and end in between.
  CHECK((times.iteration - times.interval->low).value == Approx(5 * 1e-6 + bytes / 0.75 - bytes).epsilon(0.05));
  CHECK((times.interval->high - times.iteration).value == Approx(5 * 2e-6 + 2 * bytes - bytes / 0.75).epsilon(0.05));
}

TEST_CASE("coding: the heading says what share of an iteration it is where it was not measured") {
  // 1 ms to encode and 1 ms to decode, of 10 ms and 3 steps of 50 us and 112 bytes besides: 2 / 12.15 = 16.46 %. The
  // device of signs alone: the same.
  const TemporaryFolder folder;
  json scenario = scenario_of(top_k, folder);
  scenario["methods"] = {{{"name", "sgd"}}, top_k};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json", folder.path());
  CHECK_THAT(unwrapped(run.out),
             Catch::Contains("\n  coding   16.46 % of an iteration, by times that are scaled, not measured on "
                             "even; break-even: the longest encoding that is as fast as sgd\n"));
  CHECK(json::parse(read_file(folder.path() + "/results/s/report.json"))["coding"].size() == 1);
  scenario["device"] = folder.write("measured.json", profile_text(measured_profile({1e-6, 1e12}, ms)));
  folder.write("s.json", scenario.dump());
  CHECK_THAT(run_program("s.json", folder.path()).out, !Catch::Contains("coding"));
}

TEST_CASE("interval: columns are empty where nothing is known") {
  const TemporaryFolder folder;
  json scenario = scenario_of(top_k, folder);
  scenario["workers"] = 4;
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json --format csv", folder.path());
  REQUIRE(run.status == 0);
  const auto row = parse_csv(run.out).at(0);
  CHECK(row.at("iteration_low_s").empty());
  CHECK(row.at("iteration_high_s").empty());
  CHECK(json::parse(read_file(folder.path() + "/results/s/report.json"))["interval"].empty());
}

TEST_CASE("interval: the table shows it where there is one, and all outputs say what it is made of") {
  const TemporaryFolder folder;
  json scenario = scenario_of({{"name", "sgd"}}, folder);
  folder.write("s.json", scenario.dump());
  const Ended without = run_program("s.json -o without", folder.path());
  CHECK(without.out.find("interval") == std::string::npos);
  scenario["methods"].push_back(top_k);
  scenario["device"] = folder.write("measured.json", profile_text(measured_profile({1e-6, 1e12}, ms)));
  folder.write("s.json", scenario.dump());
  const Ended with = run_program("s.json -o with", folder.path());
  REQUIRE(with.status == 0);
  CHECK(unwrapped(with.out).find(
            "\n  interval 90 % of medians over iterations, from times of device even; leaves out the network "
            "(ideal)\n") != std::string::npos);
  CHECK(with.out.find("interval (90 %)  samples/s") != std::string::npos);
  const json report = json::parse(read_file(folder.path() + "/with/report.json"));
  CHECK(report["interval"] == json{"times of device even"});
  const json& point = report["points"][1];
  CHECK(point["iteration_low_s"] < point["iteration_s"]);
  CHECK(point["iteration_high_s"] > point["iteration_s"]);
  scenario["compute"]["jitter"] = 0.1;
  folder.write("s.json", scenario.dump());
  CHECK(unwrapped(run_program("s.json -o jitter", folder.path()).out)
            .find("\n  interval 90 % of medians over iterations, from jitter of single iterations | times of "
                  "device even; ") != std::string::npos);
}

TEST_CASE("interval: payloads that vary from step to step spread iterations, others do not") {
  const TemporaryFolder folder;
  json scenario = scenario_of({{"name", "dgc"}, {"density", 0.01}}, folder);
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {1'000'000}}}};
  scenario["network"]["bandwidth"] = "100 Mbps";
  const Times varying = times_of(scenario);
  REQUIRE(varying.interval);
  CHECK_FALSE(varying.unsettled);
  CHECK(varying.interval->low < varying.iteration);
  CHECK(varying.interval->high > varying.iteration);
  // Three steps of at most 1.3 K pairs, and of at least 0.7 K.
  const auto exchange = [](double entries) { return 3 * 8 * entries / 12.5e6; };
  CHECK((varying.interval->high - varying.interval->low).value < exchange(13'000) - exchange(7000));
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.01}}};
  CHECK_FALSE(times_of(scenario).interval);
}

}  // namespace simrun
