// What travels apart and what travels uncompressed, against closed forms: four workers on hosts of their own.

#include <catch2/catch.hpp>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/studies.hpp"

namespace simrun::groups_of_four {
namespace {

using nlohmann::json;

constexpr double N = 80'000;  // elements
constexpr double B = 125e6;   // bandwidth of a host's link, B/s

/// Nothing takes any time but the network.
json of_four(const json& method, const TemporaryFolder& folder) {
  json scenario = tiny_scenario();
  scenario["device"] = folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, 1e-12)));
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {N / 2}}}, {{"name", "b"}, {"shape", {N / 2}}}};
  scenario["compute"] = {{"forward", "0 s"}, {"backward", "0 s"}};
  scenario["methods"] = {method};
  return scenario;
}

}  // namespace

TEST_CASE("metadata: indices and scales travel with the values or after them") {
  // Four workers on hosts of their own, a ring of three steps. Of K = 80 pairs values take 320 bytes, a header 32,
  // indices 320; of scaled signs a scale takes 4, of levels 4 in 512 elements. A header goes with the values.
  const TemporaryFolder folder;
  struct Sent {
    json method;
    double values, metadata;
  };
  const std::vector<Sent> all = {{{{"name", "top-k"}, {"k", 80}}, 352, 320},
                                 {{{"name", "top-k"}, {"k", 80}, {"values", "int4"}}, 32 + 4 + 40, 320},
                                 {{{"name", "ef-signsgd"}}, 32 + 10'000, 4},
                                 {{{"name", "onebit"}}, 32 + 10'000, 8},
                                 {{{"name", "qsgd"}, {"levels", 7}}, 32 + 40'000, 4 * 157},
                                 {{{"name", "signsgd"}}, 32 + 10'000, 0}};
  for (const Sent& sent : all) {
    INFO(sent.method);
    json scenario = of_four(sent.method, folder);
    const double starts = 3 * 50e-6;
    const Times together = times_of(scenario);
    CHECK(together.iteration.value == Approx(starts + 3 * (sent.values + sent.metadata) / B).epsilon(1e-4));
    scenario["schedule"] = {{"metadata", "apart"}};
    const Times apart = times_of(scenario);
    const double more = sent.metadata > 0 ? starts : 0;
    CHECK(apart.iteration.value == Approx(together.iteration.value + more).epsilon(1e-4));
    CHECK(apart.result_bytes == together.result_bytes);
    CHECK(apart.sent_bytes == together.sent_bytes);
  }
}

TEST_CASE("dense groups: they travel as sgd's, beside groups that are compressed") {
  // Two groups of N/2 on four hosts, nothing to compute: the second in a ring of fp32, the first as the method has it.
  const TemporaryFolder folder;
  const double ring = 6 * (50e-6 + 4 * N / 2 / 4 / B);
  const auto of = [&](const json& method, const json& dense) {
    json scenario = of_four(method, folder);
    scenario["schedule"] = {{"grouping", {{"groups", {{"a"}, {"b"}}}}}};
    if (!dense.empty()) scenario["schedule"]["grouping"]["dense"] = dense;
    return times_of(scenario).iteration.value;
  };
  const json top_k = {{"name", "top-k"}, {"k", 8000}};
  const double pairs = 3 * (50e-6 + (32 + 8 * 4000) / B);
  CHECK(of(top_k, json::array()) == Approx(2 * pairs).epsilon(1e-4));
  CHECK(of(top_k, {1}) == Approx(pairs + ring).epsilon(1e-4));
  CHECK(of(top_k, {0, 1}) == Approx(2 * ring).epsilon(1e-4));
  // A server on a host of its own takes no part in what is dense: four payloads in, four out.
  const double bits = 2 * (50e-6 + 4 * (32 + N / 2 / 8) / B);
  CHECK(of({{"name", "signsgd-mv"}}, {0}) == Approx(ring + bits).epsilon(1e-4));
  CHECK(of({{"name", "signsgd-mv"}}, {0, 1}) == Approx(2 * ring).epsilon(1e-4));
  // Scalecom has two rounds, what is dense one.
  const double led = 2 * (50e-6 + (32 + 4 * 4000) / B) + 6 * (50e-6 + 4 * 1000 / B);
  CHECK(of({{"name", "scalecom"}, {"k", 8000}}, {0}) == Approx(ring + led).epsilon(1e-4));
}

TEST_CASE("what is combined in steps that are skipped counts as if they were run") {
  json scenario = tiny_scenario();
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {100'000}}}};
  scenario["workers"] = 24;
  scenario["methods"] = {{{"name", "quantized-allreduce"}}};
  for (const bool has_host : {false, true}) {
    if (has_host) scenario["host"] = {{"bandwidth", "8 GB/s"}};
    const Times skipped = times_of(scenario);
    const Times literal = times_of(scenario, [](Setup& setup) { setup.repeats = Repeats::literal; });
    for (Seconds Times::*part :
         {&Times::iteration, &Times::compute, &Times::encode, &Times::communication, &Times::decode, &Times::staging})
      CHECK((skipped.*part).value == Approx((literal.*part).value).epsilon(1e-9));
  }
}

TEST_CASE("quantized all-reduce: a ring of bytes and scales, or one of scales and one of bytes") {
  // Of 80,000 elements a part has 20,000, rounded up to 79 blocks of 256; whole numbers are parted at words of 32.
  // There are 313 scales, of which a part has 79.
  const TemporaryFolder folder;
  const json method = {{"name", "quantized-allreduce"}};
  CHECK(times_of(of_four(method, folder)).iteration.value ==
        Approx(6 * (50e-6 + (32 + 4 * 79 + 79 * 256) / B)).epsilon(1e-4));
  json shared = method;
  shared["requantize"] = false;
  CHECK(times_of(of_four(shared, folder)).iteration.value ==
        Approx(6 * (50e-6 + 4 * 79 / B) + 6 * (50e-6 + (32 + 20'000) / B)).epsilon(1e-4));
  shared["bits"] = 4;
  CHECK(times_of(of_four(shared, folder)).iteration.value ==
        Approx(6 * (50e-6 + 4 * 79 / B) + 6 * (50e-6 + (32 + 10'000) / B)).epsilon(1e-4));
}

}  // namespace simrun::groups_of_four
