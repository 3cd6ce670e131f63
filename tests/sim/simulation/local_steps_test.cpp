// Workers that step on their own and exchange now and then. H steps from one exchange of a parameter to its next, P
// fragments, a result applied `delay` steps later, a step takes c, an exchange of a fragment by itself X.

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/simulated_exchange.hpp"
#include "tests/sim/studies.hpp"

namespace simrun::local_steps {
namespace {

using nlohmann::json;

constexpr double c = 10 * ms;
constexpr int tensors = 12;
constexpr double each = 130'000;  ///< elements of a tensor

struct Rarely {
  int steps;
  int fragments;
  int delay;
};

/// Two workers and twelve equal tensors; `seconds`: of every encoding, decoding and combining.
json scenario_with(const json& method, const TemporaryFolder& folder, double seconds = 1e-12) {
  json scenario = tiny_scenario();
  scenario["workers"] = 2;
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, seconds)));
  scenario["model"]["tensors"] = json::array();
  for (int i = 0; i < tensors; ++i)
    scenario["model"]["tensors"].push_back({{"name", "t" + std::to_string(i)}, {"shape", {each / 100, 100}}});
  scenario["methods"] = {method};
  return scenario;
}

json with(json method, const Rarely& rarely) {
  method.update({{"local_steps", rarely.steps}, {"fragments", rarely.fragments}, {"delay", rarely.delay}});
  return method;
}

Times simulated_with(const json& method, double seconds = 1e-12, const std::function<void(json&)>& change = {}) {
  const TemporaryFolder folder;
  json scenario = scenario_with(method, folder, seconds);
  if (change) change(scenario);
  return times_of(scenario);
}

std::uint64_t rounded(double bytes) {
  return static_cast<std::uint64_t>(std::llround(bytes));
}

/// A ring of two: half of a fragment there, and half of the sum.
double ring_of_two(double elements) {
  return 2 * (a + 4 * elements / 2 / B);
}

}  // namespace

TEST_CASE("local steps: a step takes c, and P times in H what of an exchange the delay does not hide") {
  for (const Rarely& r : {Rarely{8, 1, 0},
                          {500, 1, 0},
                          {8, 2, 0},
                          {12, 12, 0},
                          {25, 2, 0},
                          {8, 1, 1},
                          {8, 1, 3},
                          {8, 1, 8},
                          {25, 2, 1},
                          {100, 3, 2},
                          {12, 4, 3},
                          {12, 4, 12},
                          {12, 12, 1}}) {
    INFO(r.steps << " steps, " << r.fragments << " fragments, delay " << r.delay);
    const Times times = simulated_with(with({{"name", "sgd"}}, r));
    const double exchange = ring_of_two(tensors * each / r.fragments);
    const double apart = static_cast<double>(r.steps) / r.fragments;
    // Where exchanges are on all the time, the one before is what the next waits for.
    const double hidden = std::min<double>(r.delay, apart) * c;
    CHECK(times.iteration.value == close_to(c + std::max(0.0, exchange - hidden) / apart));
    CHECK(times.compute.value == close_to(c));
    REQUIRE(times.exchange);
    CHECK(times.exchange->value == close_to(exchange));
    CHECK(times.sent_bytes == rounded(4 * tensors * each / r.steps));
    CHECK_FALSE(times.pause);
  }
}

TEST_CASE("local steps: without a delay, what exchanges of gradients take beyond computing, a share of 1/H") {
  // The oracle is a worker that exchanges gradients in every step; an exchange of changes takes as long.
  const json outer = {{"optimizer", "sgd"}};
  for (const json& method : std::vector<json>{{{"name", "sgd"}},
                                              {{"name", "top-k"}, {"density", 0.01}},
                                              {{"name", "gtop-k"}, {"density", 0.01}},
                                              {{"name", "powersgd"}},
                                              {{"name", "ef-signsgd"}},
                                              {{"name", "scalecom"}, {"density", 0.01}},
                                              {{"name", "chunked-top-k"}},
                                              {{"name", "sgd"}, {"collective", "parameter-server"}},
                                              {{"name", "sgd"}, {"hierarchy", "leader"}},
                                              {{"name", "top-k"}, {"density", 0.01}, {"hierarchy", "shard"}}}) {
    INFO(method);
    const auto iteration_of = [&](int steps) {
      json local = method;
      if (steps > 0) local.update({{"local_steps", steps}, {"outer", outer}});
      return simulated_with(local, ms, [](json& scenario) {
        scenario = on_hosts(scenario, 2);
        scenario["workers"] = 4;
      });
    };
    const Times gradients = iteration_of(0);
    const Times every = iteration_of(1);
    const Times rarely = iteration_of(20);
    CHECK(every.iteration.value == close_to(gradients.iteration.value));
    CHECK((rarely.iteration.value - c) * 20 == close_to(gradients.iteration.value - c));
    CHECK(rarely.exchange->value == close_to(gradients.iteration.value - c));
    CHECK(rarely.encode.value * 20 == close_to(gradients.encode.value));
    CHECK(rarely.decode.value * 20 == close_to(gradients.decode.value));
    CHECK(rarely.sent_bytes == rounded(static_cast<double>(gradients.sent_bytes) / 20));
    CHECK(rarely.result_bytes == rounded(static_cast<double>(gradients.result_bytes) / 20));
  }
}

TEST_CASE("local steps: groups of a fragment go one after another") {
  const json each_tensor = {{"name", "sgd"}, {"grouping", "tensor"}};
  const Times times = simulated_with(with(each_tensor, {24, 4, 0}));
  CHECK(times.exchange->value == close_to(3 * ring_of_two(each)));
  CHECK(times.iteration.value == close_to(c + tensors * ring_of_two(each) / 24));
}

TEST_CASE("local steps: coding keeps the device from computing, hidden or not") {
  // Each exchange is encoded for 1 ms, and two gathered payloads are decoded for 1 ms each. The network is done long
  // before they are needed.
  const Times times = simulated_with(with({{"name", "ef-signsgd"}}, {10, 2, 4}), ms);
  CHECK(times.encode.value == close_to(2 * ms / 10));
  CHECK(times.decode.value == close_to(4 * ms / 10));
  CHECK(times.iteration.value == close_to(c + 6 * ms / 10));
}

TEST_CASE("local steps: combining interrupts the steps that hide it") {
  // One of two merges for 1 ms, in the middle of a step of 10 ms. It falls behind by that, so that what the other sends
  // is there when it begins.
  const json tree = {{"name", "gtop-k"}, {"density", 0.001}};
  const double message = a + (32 + 8 * 0.001 * tensors * each) / B;
  const Times alone = simulated_with(with(tree, {20, 1, 0}), ms);
  const Times hidden = simulated_with(with(tree, {20, 1, 10}), ms);
  CHECK(alone.exchange->value == close_to(3 * ms + 2 * message));
  CHECK(hidden.exchange->value == close_to(3 * ms + message));
  CHECK(hidden.iteration.value == close_to(c + 3 * ms / 20));
}

TEST_CASE("local steps: a worker that is late holds up the others at exchanges alone") {
  const auto straggling = [](json& scenario) {
    scenario["compute"]["stragglers"] = {{{"worker", 1}, {"factor", 1.5}}};
  };
  const double exchange = ring_of_two(tensors * each);
  const Times times = simulated_with(with({{"name", "sgd"}}, {8, 1, 0}), 1e-12, straggling);
  CHECK(times.iteration.value == close_to(1.5 * c + exchange / 8));
}

TEST_CASE("local steps: jitter averages out between exchanges") {
  // The slower of two whose H steps are sums of H independent factors.
  const auto jittery = [](json& scenario) { scenario["compute"]["jitter"] = 0.2; };
  const auto waiting = [&](int steps) {
    const Times times = simulated_with(with({{"name", "sgd"}}, {steps, 1, 0}), 1e-12, jittery);
    REQUIRE(times.interval);
    return times.iteration.value - ring_of_two(tensors * each) / steps - c;
  };
  const double often = waiting(2);
  const double rarely = waiting(128);
  CHECK(often > 0);
  CHECK(rarely < often / 3);
}

TEST_CASE("local steps: over TCP an exchange by itself takes as long however rarely it comes") {
  const auto tcp = [](json& scenario) { scenario["network"]["model"] = "ethernet-tcp"; };
  const Times often = simulated_with(with({{"name", "sgd"}}, {4, 1, 0}), 1e-12, tcp);
  const Times rarely = simulated_with(with({{"name", "sgd"}}, {40, 1, 0}), 1e-12, tcp);
  CHECK(rarely.exchange->value == Approx(often.exchange->value).epsilon(0.01));
  CHECK(rarely.iteration.value == close_to(c + rarely.exchange->value / 40));
}

TEST_CASE("local steps: a network that is off moves a step by what is not hidden") {
  const auto off = [](Setup& setup) { setup.network_error = NetworkError{{0.5, 2}}; };
  const TemporaryFolder folder;
  double exchange = 0;  // 50.1 ms, nearly all of it latency: bytes take no less than they take
  const auto interval_of = [&](const Rarely& rarely) {
    json scenario = scenario_with(with({{"name", "sgd"}}, rarely), folder);
    scenario["network"].update({{"latency", "25 ms"}, {"bandwidth", "1 Tbps"}});
    const Times times = times_of(scenario, off);
    REQUIRE(times.interval);
    exchange = times.exchange->value;
    return std::pair{(times.iteration - times.interval->low).value, (times.interval->high - times.iteration).value};
  };
  const auto [shorter, longer] = interval_of({10, 1, 0});
  CHECK(shorter == close_to(0.5 * exchange / 10));
  CHECK(longer == close_to(exchange / 10));
  const auto [hidden_shorter, hidden_longer] = interval_of({10, 1, 3});
  CHECK(hidden_shorter == close_to((exchange - 3 * c) / 10));
  CHECK(hidden_longer == close_to(exchange / 10));
}

TEST_CASE("local steps: of k exchanges one is full, and each is hidden by a step as far as it can be") {
  // 34 bits an element and scales to and from whoever adds, or the 64 of a ring of fp32.
  const double elements = tensors * each;
  const double blocks = std::ceil(elements / 256);
  const double shard = 256 * blocks / 2;
  const double levels = 32 + 4 * blocks / 2 + shard / 4;
  const double full = ring_of_two(elements);
  for (const double step : {5 * ms, 35 * ms, 80 * ms}) {
    for (const int k : {1, 2, 5}) {
      for (const int delay : {0, 1}) {
        INFO(k << ", step " << step << ", delay " << delay);
        const json method = {{"name", "cd-sgd"}, {"full_every", k}, {"delay", delay}};
        const Times times = simulated_with(method, 1e-12, [&](json& scenario) {
          scenario["compute"] = {{"forward", std::to_string(step) + " s"}, {"backward", "0 s"}};
        });
        const double exchange = 2 * a + (levels + 4 * shard) / B;
        const auto taken = [&](double by) { return delay == 0 ? step + by : std::max(step, by); };
        CHECK(times.iteration.value == close_to(((k - 1) * taken(exchange) + taken(full)) / k));
        CHECK(times.exchange->value == close_to(((k - 1) * exchange + full) / k));
        CHECK(times.compute.value == close_to(step));
        const double sent = ((k - 1) * (levels + 4 * shard) + 4 * elements) / k;
        CHECK(static_cast<double>(times.sent_bytes) == Approx(sent).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("local steps: what sticks out of a step is counted exchange by exchange") {
  const auto off = [](Setup& setup) { setup.network_error = NetworkError{{1, 2}}; };
  const TemporaryFolder folder;
  const auto times_with = [&](int k) {
    json scenario = scenario_with({{"name", "cd-sgd"}, {"full_every", k}}, folder);
    scenario["network"]["bandwidth"] = "3.3 Gbps";
    return times_of(scenario, off);
  };
  const double full = times_with(1).exchange->value;  // 15 ms
  const Times times = times_with(2);
  const double other = 2 * times.exchange->value - full;  // 8 ms, of which a step hides all
  const auto out = [&](double factor) {
    return (std::max(0.0, factor * full - c) + std::max(0.0, factor * other - c)) / 2;
  };
  REQUIRE(times.interval);
  CHECK(other < c);
  CHECK((times.interval->high - times.iteration).value == close_to(out(2) - out(1)));
}

TEST_CASE("local steps: parts of a step add up") {
  for (const int delay : {0, 2}) {
    const Times times = simulated_with(with({{"name", "ef-signsgd"}}, {6, 2, delay}), ms);
    const Seconds parts = times.compute + times.encode + times.communication + times.decode + times.staging;
    CHECK(parts.value == close_to(times.iteration.value));
  }
}

}  // namespace simrun::local_steps
